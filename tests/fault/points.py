#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Crashes and stalls at every fault point, in one process and in five.

For each: something is done that passes the point; there the process kills
itself, or the thread that came by stands still. Then

- the call ends by its deadline, and says no more than is known;
- what has died is started again, and everything works by itself;
- a change that was told made is there, one that was told not made is not, and
  one that is not known is whole or absent; repeated with its request id it is
  made once;
- a read that was revoked while it stood still is not answered, and one that
  was revoked for good is never again.

At the end every answered read has its record, every intent has one outcome,
which is the truth, and `audit verify --settled` finds nothing.

  points.py                what the test suite has time for: in each form some
                           of the cheap points, chosen by the random seed
  points.py --all          everything; no point may be left out
  points.py --form FORM    standalone or five alone
  points.py --point NAME   that point alone (kv.commit.written/audit)
  points.py --action NAME  crash or stall alone
  points.py --bin FOLDER   programs with points that are built already
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

# pylint: disable=wrong-import-position
import client  # noqa: E402
import point_cases  # noqa: E402
import point_names  # noqa: E402
import report as reports  # noqa: E402
import runner  # noqa: E402

FORMS = ("standalone", "five")
# Of the cheap cases, how many a form is given in the short run.
SHORT = {"standalone": 12, "five": 8}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--form", choices=FORMS, action="append")
    parser.add_argument("--point", action="append")
    parser.add_argument(
        "--action", choices=point_cases.ACTIONS, action="append")
    parser.add_argument("--bin")
    return parser


def build():
    script = os.path.join(HERE, "build_points.sh")
    return subprocess.run([script], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def judge_names(report, folder):
    """The points are those that are listed, here and not where it counts."""
    checks = {"listed": point_names.source_offences(),
              "built": point_names.present_offences(folder)}
    if "KEYWARD_BIN" not in os.environ:
        report.skip("not_deployed", "KEYWARD_BIN does not say what is deployed")
    else:
        checks["not_deployed"] = point_names.absent_offences(
            os.environ["KEYWARD_BIN"])
    # That the last of these can fail.
    noticed = {text.split(":")[0] for text in
               point_names.absent_offences(folder)}
    report.verdict(noticed >= set(point_names.WITH_POINTS), "would_be_noticed",
                   "\n".join(noticed))
    for name, offences in checks.items():
        offences = list(offences)
        report.verdict(not offences, name, "\n".join(offences))


def chosen(report, form):
    """The cases of a form, in a random order."""
    given = report.options
    cases = [
        case for case in point_cases.cases()
        if (not given.point or case.point in given.point)
        and (not given.action or case.action in given.action)
        and (given.all or given.point or case.cheap)
    ]
    report.random.shuffle(cases)
    if not given.all and not given.point:
        cases = cases[:SHORT[form]]
    return cases


def main():
    report = reports.Report("points", options())
    folder = report.options.bin or build()
    judge_names(report, folder)
    os.environ["KEYWARD_BIN"] = folder
    programs = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    try:
        for form in report.options.form or FORMS:
            point_cases.run(report, form, programs, chosen(report, form))
    finally:
        shutil.rmtree(programs)
        shutil.rmtree(stubs)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
