# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Runs the fuzz targets of tests/fault/fuzz and reports what they found.

Each target starts from its corpus, changes what it has for some seconds, and
stops at the first input that crashes the parser, breaks one of its promises,
takes more than ten seconds or more than 2 GiB. That input is kept:

    not ok fuzz.note.no_input_breaks_it
      kept: ~/.cache/keyward/fuzz/note-crash-1f0a...
      replay: tests/fault/fuzz.sh --replay ~/.cache/keyward/fuzz/note-crash-...

Once the parser is mended the input belongs into fuzz/corpus/note, where the
unit tests run it in every build.

  fuzz.py [--seconds N] [--target NAME]... [--jobs N]
          [--json FILE] [--random-seed N]      (report.py)
  fuzz.py --replay FILE                        FILE is named TARGET-...
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import report  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
PACKAGE = "//tests/fault/fuzz"
KEPT = os.path.join(
    os.environ.get("KEYWARD_CACHE", os.path.expanduser("~/.cache/keyward")),
    "fuzz")

SECONDS_OF_AN_INPUT = 10
MEGABYTES = 2048
# Longer inputs say nothing new of parsers, and are slower.
LONGEST_INPUT = 4096

SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def bazel(*arguments):
    return subprocess.run(
        ["bazel", *arguments], cwd=ROOT, check=False, stdout=subprocess.PIPE,
        text=True)


def targets():
    """The names of all targets."""
    listed = bazel(
        "query", "--noshow_progress",
        f'attr(tags, "\\bfuzz\\b", {PACKAGE}:all)')
    if listed.returncode != 0:
        raise SystemExit("fuzz.py: the targets could not be listed")
    return sorted(line.rpartition(":")[2][: -len("_fuzz")]
                  for line in listed.stdout.split())


def build(names):
    """Builds the targets; the folder of their programs, or None."""
    labels = [f"{PACKAGE}:{name}_fuzz" for name in names]
    built = bazel("build", "--config=fuzz", "--noshow_progress",
                  "--ui_event_filters=-info", *labels)
    if built.returncode != 0:
        return None
    folder = bazel("info", "--config=fuzz", "bazel-bin").stdout.strip()
    return os.path.join(folder, "tests", "fault", "fuzz")


class Run:
    """What came of fuzzing one target."""

    def __init__(self, name):
        self.name = name
        self.log = ""
        self.status = 0
        self.seconds = 0.0
        # What the runtime prints at its end.
        self.executions = 0
        self.coverage = 0
        self.features = 0
        self.corpus = 0
        # The input that it stopped at.
        self.kept = None

    @property
    def good(self):
        return self.status == 0 and self.executions > 0 and self.features > 0

    def read(self):
        executed = re.findall(r"stat::number_of_executed_units:\s*(\d+)",
                              self.log)
        self.executions = int(executed[-1]) if executed else 0
        # "#4711 DONE cov: 310 ft: 1208 corp: 97/9Kb ..."; the last such line.
        lines = re.findall(r"^#\d+\s.*\bcov: (\d+) ft: (\d+) corp: (\d+)",
                           self.log, re.MULTILINE)
        if lines:
            self.coverage, self.features, self.corpus = map(int, lines[-1])
        kept = re.findall(r"Test unit written to (\S+)", self.log)
        self.kept = kept[-1] if kept else None

    def why(self):
        """The line that says what is wrong, for people."""
        for pattern in (r"^.*: broken: .*$", r"^SUMMARY: .*$", r"^==\d+== ?ERROR.*$"):
            found = re.findall(pattern, self.log, re.MULTILINE)
            if found:
                return found[0]
        return f"status {self.status}"


def fuzz(folder, name, seconds, seed):
    run = Run(name)
    corpus = os.path.join(HERE, "fuzz", "corpus", name)
    began = time.monotonic()
    # What is found on the way is dropped: the same inputs every time.
    with tempfile.TemporaryDirectory() as found:
        try:
            done = subprocess.run(
                [os.path.join(folder, f"{name}_fuzz"),
                 f"-max_total_time={seconds}", f"-seed={seed}",
                 f"-timeout={SECONDS_OF_AN_INPUT}",
                 f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST_INPUT}",
                 "-print_final_stats=1",
                 f"-artifact_prefix={KEPT}/{name}-", found, corpus],
                # Targets read the test data of the repository.
                cwd=ROOT, env={**os.environ, **SANITIZERS}, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=seconds + 120)
            run.status = done.returncode
            run.log = done.stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired as hung:
            run.status = "none: it hung"
            run.log = (hung.stdout or b"").decode("utf-8", "replace")
    run.seconds = time.monotonic() - began
    run.read()
    return run


def replay(path):
    name = os.path.basename(path).partition("-")[0]
    folder = build([name])
    if folder is None:
        raise SystemExit(f"fuzz.py: {name} does not build")
    return subprocess.run(
        [os.path.join(folder, f"{name}_fuzz"), os.path.abspath(path)],
        cwd=ROOT, env={**os.environ, **SANITIZERS}, check=False).returncode


def show(runs):
    print(f"# {'target':16} {'executions':>12} {'a second':>10}"
          f" {'edges':>7} {'features':>9} {'corpus':>7}")
    for run in runs:
        rate = run.executions / run.seconds if run.seconds else 0
        print(f"# {run.name:16} {run.executions:12,} {rate:10,.0f}"
              f" {run.coverage:7,} {run.features:9,} {run.corpus:7,}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--target", action="append", metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replay", metavar="FILE")
    if "--replay" in sys.argv[1:]:
        return replay(parser.parse_args().replay)
    suite = report.Report("fuzz", parser)
    options = suite.options

    names = targets()
    unknown = sorted(set(options.target or []) - set(names))
    if unknown:
        raise SystemExit(f"fuzz.py: no target {', '.join(unknown)};"
                         f" there are {', '.join(names)}")
    names = sorted(set(options.target)) if options.target else names
    folder = build(names)
    if folder is None:
        suite.verdict(False, "targets_build")
        return suite.end()

    os.makedirs(KEPT, exist_ok=True)
    # 0 would let the fuzzer draw one itself.
    seeds = {name: suite.random.randrange(1, 2**31) for name in names}
    runs = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(fuzz, folder, name, options.seconds, seeds[name])
                   for name in names]
        for future in waiting:
            run = future.result()
            runs.append(run)
            judge(suite, run)
    show(runs)
    return suite.end()


def judge(suite, run):
    suite.tried("targets")
    suite.tried("executions", run.executions)
    suite.tried("features", run.features)
    suite.tried("inputs in corpora", run.corpus)
    detail = ""
    if not run.good:
        detail = run.why()
        if run.kept:
            detail += (f"\nkept: {run.kept}"
                       f"\nreplay: tests/fault/fuzz.sh --replay {run.kept}")
        else:
            detail += "\n" + run.log[-2000:]
    suite.verdict(run.good, f"{run.name}.no_input_breaks_it", detail)
    if not run.good:
        suite.found("hostile bytes", run.why(), target=run.name,
                    input=run.kept or "")


if __name__ == "__main__":
    sys.exit(main())
