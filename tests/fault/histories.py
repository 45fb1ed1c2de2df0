#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Histories under faults: what callers are told has an order that explains it.

Concurrent callers add, access, list, enable, disable, destroy, grant and revoke
while processes are killed and started again, or stand still for a second or
two, and callers go on. Of each secret the history of all its operations, with
start, end and outcome, must be linearizable, its binding included
(load/checker.h): acknowledged changes are seen by every later call (P4), and no
call that starts after a revoke or grant returned is decided without it (P2).
The log is compared as in kills.py.

  histories.py [--operations N] [--form standalone|five]
  histories.py --history FILE    looks again at what a run has kept, of this
                                 suite or of kills, and starts nothing
"""

import argparse
import os
import subprocess
import sys

import report as reports
import under_load

# Between two faults.
CALM_SECONDS = (1.0, 3.0)
PAUSE_SECONDS = (0.3, 2.0)
# How many of a hundred faults are kills.
KILLS = 60


def faults(attack, load):
    random = attack.random
    names = tuple(attack.keyward.processes)
    while not load.done.wait(random.uniform(*CALM_SECONDS)):
        if random.randrange(100) < KILLS:
            killed = (names if random.randrange(len(names) + 1) == 0
                      else (random.choice(names),))
            attack.kill(killed)
            attack.restart(killed)
        else:
            attack.pause(random.choice(names), random.uniform(*PAUSE_SECONDS))


def look_again(report, path):
    """What the checker says of a history that was kept."""
    done = subprocess.run(
        [os.path.join(os.environ["KEYWARD_BIN"],
                      "tests/fault/load/history_checker"), path],
        check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    # A file of none shows nothing.
    explained = done.returncode == 0 and done.stdout.strip()
    if done.returncode in (0, 1):
        report.tried("files of histories")
    if done.returncode == 1:
        report.found("P2 P4", done.stdout.strip(), file=path)
    report.verdict(bool(explained),
                   "kept.P2_P4_what_callers_are_told_is_linearizable",
                   "" if done.returncode == 1 else done.stdout.strip())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--form", choices=under_load.FORMS)
    parser.add_argument("--history", metavar="FILE")
    report = reports.Report("histories", parser)
    if report.options.history:
        look_again(report, report.options.history)
        return report.end()
    forms = [report.options.form] if report.options.form else under_load.FORMS
    with under_load.programs() as binaries:
        for form in forms:
            attack = under_load.Attack(report, form, binaries)
            ok = attack.run(faults, -(-report.options.operations // len(forms)))
            report.verdict(
                ok, f"{form}.P2_P4_what_callers_are_told_is_linearizable")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
