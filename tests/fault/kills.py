#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""kill -9 under load: what was acknowledged is there, and on record.

Callers write, read, enable, disable, destroy, grant and revoke, while each
service in turn and all at once are killed at random moments. After each restart

- every version that was acknowledged is there with its value and state, by
  its number, and nothing else is: the histories of the secrets in use are
  explained by an order (load/checker.h), older ones are read again in turn, and
  all at the end (P4);
- every answer, of reads, denials and changes, has its record in the log (P1);
- no change is half made: what is visible has an outcome on record or an open
  intent, what is on record as made is visible, and stages and numbers fit (P1,
  P4);
- at the end the log verifies from the data folder (P3).

  kills.py [--kills N] [--form standalone|five]
"""

import argparse
import sys
import time

import report as reports
import under_load

# The form of one process has one kind of kill, that of five has six.
STANDALONE_SHARE = 0.3


def targets(attack):
    """Whom to kill: each alone and all at once, in another order each round."""
    names = tuple(attack.keyward.processes)
    rounds = [(name,) for name in names]
    if len(names) > 1:
        rounds.append(names)
    while True:
        attack.random.shuffle(rounds)
        yield from rounds


def kill_under_load(kills):
    def harm(attack, load):
        whom = targets(attack)
        known = 0
        for number in range(kills):
            time.sleep(attack.random.uniform(0.05, 0.8))
            names = next(whom)
            attack.kill(names)
            # Callers meet the hole, and repeat what they lost.
            time.sleep(attack.random.uniform(0, 0.2))
            attack.restart(names)
            tally = load.check()
            if len(tally["findings"]) > known:
                known = len(tally["findings"])
                print(f"  after kill {number + 1}, of {' '.join(names)}: "
                      f"{tally['findings'][-1]['what']}", flush=True)
    return harm


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--form", choices=under_load.FORMS)
    report = reports.Report("kills", parser)
    kills = report.options.kills
    shares = {"standalone": max(1, round(kills * STANDALONE_SHARE))}
    shares["five"] = max(1, kills - shares["standalone"])
    if report.options.form:
        shares = {report.options.form: kills}
    with under_load.programs() as binaries:
        for form, share in shares.items():
            attack = under_load.Attack(report, form, binaries)
            ok = attack.run(kill_under_load(share))
            report.verdict(
                ok, f"{form}.P1_P4_nothing_acknowledged_is_lost_by_kill_9")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
