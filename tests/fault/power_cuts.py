#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Power cuts at the sync boundaries of a run of real processes.

From an empty disk a deployment is started for the first time, and does some of
everything, while a preloaded library writes down all that the processes do to
their files: the engine's and Keyward's own, keys, certificates and the command
line's pin among them. Then, for each moment before a sync took effect, the
disk is put together as a power cut would have left it, and started again:

- it starts, without any repair, also if it was being installed;
- what was acknowledged by then is there, what was not is whole or absent;
- every read that was answered by then has its record;
- the log extends every checkpoint that a client had been shown;
- all intents get their outcome, `audit verify --settled` finds nothing, and
  there is a next change.

  power_cuts.py                what the test suite has time for: some boundaries
                               of one process, chosen by the random seed
  power_cuts.py --all          every boundary of one process, some of five
  power_cuts.py --form FORM    standalone or five alone
  power_cuts.py --boundary N   that one alone, and with --mode lost, torn or
                               mixed as that left it
"""

import argparse
import os
import shutil
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

# pylint: disable=wrong-import-position
import client  # noqa: E402
import power_disk  # noqa: E402
import power_script  # noqa: E402
import report as reports  # noqa: E402
import runner  # noqa: E402
from point_world import Violation  # noqa: E402

FORMS = ("standalone", "five")
# How many boundaries of a form are tried, and with --all; None: every one.
SHORT = {"standalone": 10, "five": 10}
ALL = {"standalone": None, "five": 40}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--form", choices=FORMS, action="append")
    parser.add_argument("--boundary", type=int, action="append")
    parser.add_argument("--mode", choices=power_disk.MODES)
    return parser


def chosen(report, form, count):
    """(boundary, mode) of those to try, by their number in the run."""
    given = report.options
    if given.boundary:
        modes = [given.mode] if given.mode else power_disk.MODES
        return [(number, mode) for number in given.boundary for mode in modes]
    limit = (ALL if given.all else SHORT)[form]
    if given.all and limit is None:
        # Nothing kept at every one, and at every one something kept as well.
        kept = [report.random.choice(("torn", "mixed")) for _ in range(count)]
        return ([(number, "lost") for number in range(count)]
                + list(enumerate(kept)))
    numbers = report.random.sample(range(count), min(limit, count))
    return [(number, report.random.choice(power_disk.MODES))
            for number in sorted(numbers)]


def cut(report, run, boundary, mode, programs):
    """One power cut: what it left, started and judged."""
    name = f"{run.form}.{mode}.{boundary}"
    # Of this one alone, so that it can be tried again by itself.
    random = report.random.__class__(f"{report.random_seed} {name}")
    folder = tempfile.mkdtemp(prefix="keyward-cut-")
    try:
        moment = run.write_image(boundary, mode, random, folder)
        power_script.judge(run, moment, folder, programs)
    except Violation as violation:
        report.found(violation.promise, violation.what, form=run.form,
                     boundary=boundary, mode=mode)
        return False
    except Exception:  # pylint: disable=broad-except
        print(traceback.format_exc())
        report.verdict(False, name)
        return False
    finally:
        shutil.rmtree(folder)
    report.tried("power cuts")
    return True


def main():
    report = reports.Report("power_cuts", options())
    programs = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    try:
        forms = FORMS if report.options.all else FORMS[:1]
        for form in report.options.form or forms:
            run = power_script.record(form, programs)
            report.tried(f"sync boundaries of {form}", run.boundaries)
            done = [cut(report, run, number, mode, programs) for number, mode
                    in chosen(report, form, run.boundaries)]
            report.verdict(all(done) and done,
                           f"{form}.what_was_acknowledged_survives")
    finally:
        shutil.rmtree(programs)
        shutil.rmtree(stubs)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
