# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What a suite of tests/fault says, and how it hands it to run.sh.

A suite is an executable NAME.py or NAME.sh in this folder that

- takes --json FILE and --random-seed N, and options of its own that all have
  defaults, those being what tests/run.sh has time for;
- needs KEYWARD_BIN, the folder of Bazel's outputs, in which run.sh has built
  what run.py's table names for the suite;
- draws every random choice from one number, and prints the command that makes
  the same choices again, with all that they depend on, at its start and once
  more if it fails: `# again: tests/fault/run.sh --suite NAME ...
  --random-seed N`. What no number repeats, such as the moment that a signal
  meets, its own text names;
- prints `ok NAME.WHAT`, `ok NAME.WHAT # skip WHY` or `not ok NAME.WHAT` for
  each thing that it judges, and `# ` before each line of its table;
- writes FILE last, whatever it found: an object with one member, of the suite's
  name, that run.sh puts into the object that it writes itself:

    {"kills": {"random_seed": 7,
               "again": "tests/fault/run.sh --suite kills --kills 50 ...",
               "tried": {"kills": 50, "versions acknowledged": 48211},
               "found": [{"promise": "P4", "what": "...", "form": "five"}],
               "skipped": [{"name": "...", "why": "..."}]}}

- exits 0 if nothing was found and everything was tried, else 1.

A suite in Python gets all of that from a Report:

    report = Report("kills", parser)      # reads the command line
    report.options, report.random         # its options and random.Random
    report.tried("kills", 1)              # adds to a count of the table
    report.found("P4", "version 7 of a is gone", form="five")
    report.verdict(True, "five.every_acknowledged_version_is_there")
    sys.exit(report.end())                # table, file, status
"""

import argparse
import json
import random
import secrets
import shlex
import sys

# The violations that are shown; the file has all. A broken promise breaks
# often.
MOST_SHOWN = 20
# What every suite takes, and no choice of its own depends on.
OF_EVERY_SUITE = ("json", "random_seed")


def command(suite, *arguments):
    """What to type, at the top of the tree, to have that suite run so."""
    return shlex.join(["tests/fault/run.sh", "--suite", suite, *arguments])


def arguments_of(options):
    """What parses to these options; defaults too, for they may change."""
    for name, value in vars(options).items():
        if name in OF_EVERY_SUITE or value is None or value is False:
            continue
        option = f"--{name.replace('_', '-')}"
        if value is True:
            yield option
            continue
        for one in value if isinstance(value, list) else [value]:
            yield from (option, str(one))


class Report:
    """Collects what one suite tried and found."""

    def __init__(self, name, parser=None, arguments=None):
        parser = parser or argparse.ArgumentParser()
        parser.add_argument("--json", metavar="FILE")
        parser.add_argument(
            "--random-seed", type=int, metavar="N",
            help="make the random choices of the run that had N")
        self.name = name
        self.options = parser.parse_args(arguments)
        self.random_seed = self.options.random_seed
        if self.random_seed is None:
            self.random_seed = secrets.randbelow(2**31)
        self.random = self.random_of()
        self.again = command(name, *arguments_of(self.options),
                             "--random-seed", str(self.random_seed))
        self._tried = {}
        self._found = []
        self._skipped = []
        self._failed = False
        self._judged = False
        self.say_again()
        self._say_again_if_it_breaks()

    def random_of(self, *what):
        """Choices for one thing, whatever was chosen for others before it.

        For choices that come after one of which the machine decides how many
        numbers it draws.
        """
        return random.Random(
            " ".join(map(str, (self.random_seed, *what))) if what
            else self.random_seed)

    def say_again(self):
        print(f"# again: {self.again}", flush=True)

    def _say_again_if_it_breaks(self):
        before = sys.excepthook

        def broke(*exception):
            before(*exception)
            self.say_again()

        sys.excepthook = broke

    def tried(self, what, count=1):
        self._tried[what] = self._tried.get(what, 0) + count

    def most(self, what, value):
        """Notes a greatest value instead of a sum."""
        self._tried[what] = max(self._tried.get(what, value), value)

    def found(self, promise, what, **where):
        """Notes a violation. Ends in a status that is not 0."""
        self._failed = True
        self._found.append({"promise": promise, "what": what, **where})
        if len(self._found) <= MOST_SHOWN:
            print(f"  {promise}: {what}", flush=True)

    def verdict(self, ok, name, detail=""):
        """One thing judged. Detail is printed below it."""
        self._judged = True
        self._failed |= not ok
        print(f"{'ok' if ok else 'not ok'} {self.name}.{name}", flush=True)
        if detail:
            print("  " + detail.replace("\n", "\n  "), flush=True)

    def skip(self, name, why):
        """One thing that cannot be judged here, and why: the table tells it."""
        self._judged = True
        self._skipped.append({"name": name, "why": str(why)})
        print(f"ok {self.name}.{name} # skip {why}", flush=True)

    def end(self):
        """Prints the table, writes the file, returns the exit status."""
        for line in table(self.name, self._result()):
            print(f"# {line}")
        if self.options.json:
            with open(self.options.json, "w", encoding="utf-8") as file:
                json.dump({self.name: self._result()}, file, indent=1)
        if not self._failed and self._judged:
            return 0
        self.say_again()
        return 1

    def _result(self):
        return {"random_seed": self.random_seed, "again": self.again,
                "tried": self._tried, "found": self._found,
                "skipped": self._skipped}


def table(name, result):
    """The lines of a suite's table, for people."""
    yield f"{name} (again: {result['again']})"
    for what, count in result["tried"].items():
        count = f"{count:,}" if isinstance(count, int) else str(count)
        yield f"  {count:>12}  {what}"
    found = result["found"]
    yield f"  {len(found):>12,}  violations found"
    for violation in found[:MOST_SHOWN]:
        where = "".join(
            f", {key} {value}" for key, value in violation.items()
            if key not in ("promise", "what"))
        first, *rest = violation["what"].splitlines()
        more = " ..." if rest else ""
        yield f"{'':>14}  {violation['promise']}: {first}{more}{where}"
    if len(found) > MOST_SHOWN:
        yield f"{'':>14}  and {len(found) - MOST_SHOWN:,} more"
    if result["skipped"]:
        yield f"  {len(result['skipped']):>12,}  SKIPPED"
    for skipped in result["skipped"]:
        yield f"{'':>14}  {skipped['name']}: {skipped['why']}"
