# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on the promises: runs the suites of this folder, one after the other.

  run.sh                           all of them, and what they tried and found:
                                   every seed, and with --all those that
                                   choose; but 50 kills, 100,000 operations and
                                   5 seconds of each fuzz target, unless told
  run.sh --all                     stalls, hostile, points and power_cuts try
                                   all that they know, not only what the test
                                   suite has time for; power_cuts every cut of
                                   one process, and 40 of five
  run.sh --suite NAME...           some of: seeds kills histories plaintext
                                   stalls hostile points power_cuts fuzz
  run.sh --kills N                 kill -9 under load N times, not 50
  run.sh --operations N            histories of N operations, not 100,000
  run.sh --fuzz-seconds N          N seconds for each target of fuzz, not 5
  run.sh --random-seed N           make the random choices of the run that had
                                   N: each suite prints, as `# again: `, the
                                   whole command that repeats it
  run.sh --json FILE               the same as one object: an array `violations`
                                   of the seeds, and for each other suite
                                   what it tried, found and skipped
  run.sh --seed NAME | --sample    seeds alone: one by its name; one a promise,
                                   chosen by the commit's hash

Other options go to the one suite that is named: each tells its own by
`run.sh --suite NAME --help`. KEYWARD_BIN is the folder of Bazel's outputs; if
it is not set, what is needed is built.

Exits 1 if a suite failed, or is not there, or did not say what it found. How a
suite says it: report.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import report as reports

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Suite:
    """`member` is its part of the object; `targets` what it needs built.

    One that `chooses` takes --all, and without it some of what it could try.
    """

    def __init__(self, name, member=None, targets=(), random_seed=True,
                 chooses=False):
        self.name = name
        self.member = member or name
        self.targets = targets
        self.random_seed = random_seed
        self.chooses = chooses

    def program(self):
        """Its path, None if there is none."""
        for extension in (".py", ".sh"):
            path = os.path.join(HERE, self.name + extension)
            if os.access(path, os.R_OK):
                return path
        return None


LOAD = ("//services/...", "//tests/fault/load:keyward-load",
        "//tests/fault/load:history_checker")

SUITES = (
    # It builds for itself, in a copy of its own.
    Suite("seeds", member="violations", random_seed=False),
    Suite("kills", targets=LOAD),
    Suite("histories", targets=LOAD),
    Suite("plaintext", targets=("//services/...",)),
    Suite("stalls", targets=("//services/...",), chooses=True),
    Suite("hostile", targets=("//services/...",), chooses=True),
    # Builds what has the points, in an output folder of its own.
    Suite("points", chooses=True),
    Suite("power_cuts", targets=("//services/...",), chooses=True),
    # Builds its targets with a compiler of their own.
    Suite("fuzz"),
    # Builds for itself, as seeds does.
    Suite("attack_seeds", random_seed=False),
)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="run.sh", description=__doc__, add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--suite", action="append",
                        choices=[suite.name for suite in SUITES])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--operations", type=int)
    parser.add_argument("--fuzz-seconds", type=int)
    parser.add_argument("--random-seed", type=int)
    parser.add_argument("--json")
    parser.add_argument("--seed", action="append", default=[])
    parser.add_argument("--sample")
    options, others = parser.parse_known_args(arguments)
    if options.seed or options.sample:
        if options.suite not in (None, ["seeds"]):
            parser.error("--seed and --sample are of the suite seeds")
        options.suite = ["seeds"]
    named = options.suite or []
    if options.help and len(named) == 1:
        others.append("--help")
    elif options.help:
        parser.print_help()
        sys.exit(0)
    if others and len(named) != 1:
        parser.error(f"no such option: {' '.join(others)}")
    options.suites = [s for s in SUITES if not named or s.name in named]
    options.all |= not named
    return options, others


def arguments_of(suite, options):
    """What a suite is given of the options."""
    given = []
    if suite.name == "seeds":
        for seed in options.seed:
            given += ["--seed", seed]
        if options.sample:
            given += ["--sample", options.sample]
    if suite.name == "kills" and options.kills is not None:
        given += ["--kills", str(options.kills)]
    if suite.name == "histories" and options.operations is not None:
        given += ["--operations", str(options.operations)]
    if suite.name == "fuzz" and options.fuzz_seconds is not None:
        given += ["--seconds", str(options.fuzz_seconds)]
    if suite.chooses and options.all:
        given.append("--all")
    if suite.random_seed and options.random_seed is not None:
        given += ["--random-seed", str(options.random_seed)]
    return given


def build(suites):
    """Builds what the suites need, and says where it is."""
    targets = sorted({target for suite in suites for target in suite.targets})
    if not targets or "KEYWARD_BIN" in os.environ:
        return
    subprocess.run(["bazel", "build", *targets], cwd=ROOT, check=True)
    told = subprocess.run(["bazel", "info", "bazel-bin"], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    os.environ["KEYWARD_BIN"] = told.stdout.strip()


def run(suite, arguments):
    """Runs a suite. Returns its result and why it failed, or None each."""
    program = suite.program()
    if program is None:
        return None, "it is not there"
    command = ["/usr/bin/python3", program] if program.endswith(".py") \
        else [program]
    with tempfile.TemporaryDirectory(prefix="keyward-result-") as folder:
        file = os.path.join(folder, "result")
        status = subprocess.run(
            [*command, "--json", file, *arguments], check=False,
            stdin=subprocess.DEVNULL).returncode
        try:
            with open(file, encoding="utf-8") as result:
                result = json.load(result)[suite.member]
        except (OSError, ValueError, KeyError, TypeError):
            return None, "it did not say what it found"
    return result, f"it exited {status}" if status != 0 else None


def table(suite, result):
    if suite.name != "seeds":
        yield from reports.table(suite.name, result)
        return
    yield "seeds"
    for promise in sorted({violation["promise"] for violation in result}):
        of_promise = [v for v in result if v["promise"] == promise]
        found = sum(violation["found"] for violation in of_promise)
        skipped = [v for v in of_promise if "skipped" in v]
        yield (f"  {found:>5} of {len(of_promise):<3}  seeded violations of "
               f"{promise} found"
               + (f", {len(skipped)} SKIPPED" if skipped else ""))
        for violation in skipped:
            yield f"{'':>14}  {violation['seed']}: {violation['skipped']}"


def main():
    options, others = parse(sys.argv[1:])
    build(options.suites)
    results = {}
    failures = []
    lines = []
    for suite in options.suites:
        print(f"-- {suite.name}", flush=True)
        began = time.monotonic()
        result, failure = run(suite, arguments_of(suite, options) + others)
        if "--help" in others:
            return 0
        if result is not None:
            results[suite.member] = result
            lines += table(suite, result)
        if failure:
            failures.append(suite.name)
            lines.append(f"{suite.name} FAILED: {failure}")
            if result is None:
                print(f"not ok {suite.name}: {failure}", flush=True)
        lines.append(f"  {time.monotonic() - began:>12,.0f}  seconds")
    print("\n-- all")
    for line in lines:
        print(f"# {line}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
