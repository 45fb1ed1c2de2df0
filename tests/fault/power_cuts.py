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
  power_cuts.py --image FOLDER one that failed and was kept

The processes run anew each time, and sync at other moments: a seed repeats
which boundaries are tried, of as many, not what the disk holds at them. So of
the first cuts that fail what the disk held is kept, with what callers had been
told and the journals of the run; --image starts a copy of that and judges it
again.
"""

import argparse
import contextlib
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
# Of those that fail, how many are kept, and how large each may be.
MOST_KEPT = 3
MOST_KEPT_BYTES = 256 << 20
IMAGE = "image"


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--form", choices=FORMS, action="append")
    parser.add_argument("--boundary", type=int, action="append")
    parser.add_argument("--mode", choices=power_disk.MODES)
    parser.add_argument("--image", metavar="FOLDER")
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


class Keeper:
    """Keeps what a failed cut left, of the first few."""

    def __init__(self):
        self.kept = 0

    def keep(self, moment, name, write_image, **more):
        """The folder, None if it is not kept."""
        if self.kept == MOST_KEPT:
            print(f"  not kept: {MOST_KEPT} are", flush=True)
            return None
        folder = tempfile.mkdtemp(prefix=f"keyward-power_cuts-{name}-")
        try:
            image = os.path.join(folder, IMAGE)
            os.mkdir(image)
            write_image(image)
            moment.save(folder, **more)
            size = size_of(folder)
            if size > MOST_KEPT_BYTES:
                raise OSError(f"it has {size:,} bytes")
        except OSError as error:
            # No reason to judge nothing more.
            print(f"  not kept: {error}", flush=True)
            shutil.rmtree(folder)
            return None
        self.kept += 1
        print(f"  kept: {folder}\n  again: "
              f"{reports.command('power_cuts', '--image', folder)}", flush=True)
        return folder


def size_of(folder):
    return sum(os.lstat(os.path.join(place, name)).st_size
               for place, _, names in os.walk(folder) for name in names)


def failed(report, name, error, **where):
    if isinstance(error, Violation):
        report.found(error.promise, error.what, **where)
        return
    traceback.print_exception(error, file=sys.stdout)
    report.verdict(False, name)


def cut(report, run, boundary, mode, programs, keeper):
    """One power cut: what it left, started and judged."""
    name = f"{run.form}.{mode}.{boundary}"

    def write_image(to):
        # Of this one alone, so that it can be made again by itself.
        return run.write_image(boundary, mode, report.random_of(name), to)

    where = {"form": run.form, "boundary": boundary, "mode": mode}
    with tempfile.TemporaryDirectory(prefix="keyward-cut-") as folder:
        try:
            moment = write_image(folder)
        except Exception as error:  # pylint: disable=broad-except
            failed(report, name, error)
            return False
        try:
            power_script.judge(run, moment, folder, programs)
        except Exception as error:  # pylint: disable=broad-except
            kept = keeper.keep(moment, name, write_image, boundary=boundary,
                               mode=mode, random_seed=report.random_seed)
            failed(report, name, error, **where,
                   **({"image": kept} if kept else {}))
            return False
    report.tried("power cuts")
    return True


def look_again(report, folder, programs):
    """Judges a copy of what was kept of a cut."""
    name = "kept.what_was_acknowledged_survives"
    with tempfile.TemporaryDirectory(prefix="keyward-cut-") as temporary:
        try:
            moment = power_script.Moment.load(folder)
            image = os.path.join(temporary, IMAGE)
            shutil.copytree(os.path.join(folder, IMAGE), image, symlinks=True)
            power_script.judge(moment.run, moment, image, programs)
        except Exception as error:  # pylint: disable=broad-except
            failed(report, name, error, image=folder)
            if isinstance(error, Violation):
                report.verdict(False, name)
            return
    report.tried("power cuts")
    report.verdict(True, name)


def run_form(report, form, programs, keeper):
    with contextlib.closing(power_script.record(form, programs)) as run:
        report.tried(f"sync boundaries of {form}", run.boundaries)
        done = [cut(report, run, number, mode, programs, keeper)
                for number, mode in chosen(report, form, run.boundaries)]
    report.verdict(all(done) and done,
                   f"{form}.what_was_acknowledged_survives")


def main():
    report = reports.Report("power_cuts", options())
    programs = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    try:
        if report.options.image:
            look_again(report, report.options.image, programs)
            return report.end()
        keeper = Keeper()
        forms = FORMS if report.options.all else FORMS[:1]
        for form in report.options.form or forms:
            run_form(report, form, programs, keeper)
    finally:
        shutil.rmtree(programs)
        shutil.rmtree(stubs)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
