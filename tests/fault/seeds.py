# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Takes out the line that keeps a promise, and shows that a test notices.

A seed is a patch in tests/fault/seeds. Its header says what it violates:

    Promise: P1
    Violation: answers a read before its record is durable
    Test: //services/gateway:pipeline_test PipelineTest.P1_AReadIsAnswered*

or, where only a running process shows it, a test of the integration suite:

    Test: tests/integration/standalone.sh P5_every_process_is_hardened

For each seed, in one scratch copy with one Bazel server: apply the patch, run
the named test, see it fail, take the patch back. It counts as found only if
the patched code builds and exactly then the test fails; before the first seed
the named tests must pass as they are.

  seeds.py                 every seed
  seeds.py --sample TEXT   one seed a promise, chosen by TEXT; the others are
                           only checked to apply
  seeds.py --seed NAME     that seed alone
  seeds.py --json FILE     what was tried, as {"violations": [...]}: of one
                           whose test cannot be run here, "found" is false and
                           "skipped" says why

What repeats it is printed at the start, and of those that failed at the end,
as `# again: `: a choice by TEXT is told by the names that it chose.
"""

import argparse
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import report as reports

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEEDS = os.path.join(ROOT, "tests", "fault", "seeds")

# What a script of the integration suite runs.
BUILT_FOR = {
    "tests/integration/standalone.sh": (
        "//services/cli:keyward", "//services/standalone:keyward-standalone"),
    "tests/integration/five.sh": ("//services/...",),
}
SUITE_SECONDS = "180"


class Skipped(Exception):
    """The named test cannot be run here; says why."""


class Seed:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        header = {}
        with open(path, encoding="utf-8") as patch:
            for line in patch:
                if line.startswith("--- "):
                    break
                key, colon, value = line.partition(":")
                if colon:
                    header[key.strip()] = value.strip()
        self.promise = header["Promise"]
        self.violation = header["Violation"]
        self.target, _, self.filter = header["Test"].partition(" ")
        # What has to be built for it.
        self.built = BUILT_FOR.get(self.target, (self.target,))


def all_seeds():
    return [Seed(path) for path in sorted(glob.glob(f"{SEEDS}/*.patch"))]


class Scratch:
    """A copy of the tracked files, in which patches come and go."""

    def __init__(self):
        # Always the same place: Bazel's server, and what it has built, stay.
        self.folder = os.path.expanduser("~/.cache/keyward/seeds")
        os.makedirs(self.folder, exist_ok=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True)
        files = [f for f in listed.stdout.decode().split("\0") if f]
        files = [f for f in files if os.path.isfile(os.path.join(ROOT, f))]
        wanted = set(files)
        for kept in self._present():
            if kept not in wanted:
                os.remove(os.path.join(self.folder, kept))
        for file in files:
            self._copy(file)

    def _present(self):
        for folder, folders, files in os.walk(self.folder):
            # Bazel's own links point out of here.
            folders[:] = [f for f in folders if not f.startswith("bazel-")]
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self.folder)

    def _copy(self, file):
        source = os.path.join(ROOT, file)
        target = os.path.join(self.folder, file)
        with open(source, "rb") as handle:
            content = handle.read()
        if os.path.exists(target):
            with open(target, "rb") as handle:
                if handle.read() == content:
                    return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target)

    def patch(self, seed, *options):
        return subprocess.run(
            ["patch", "-p1", "--silent", "--fuzz=0", "--no-backup-if-mismatch",
             "-i", seed.path, *options],
            cwd=self.folder, capture_output=True, check=False)

    def applies(self, seed):
        return self.patch(seed, "--dry-run").returncode == 0

    def bazel(self, *arguments):
        return subprocess.run(
            ["bazel", *arguments], cwd=self.folder, capture_output=True,
            text=True, check=False)

    def builds(self, seed):
        done = self.bazel("build", *seed.built)
        return done.returncode == 0, done.stderr

    def test(self, seed):
        """True if the named test passes, False if it fails; else an error."""
        if seed.target in BUILT_FOR:
            return self._suite_test(seed)
        with tempfile.NamedTemporaryFile(suffix=".json") as events:
            done = self.bazel(
                "test", seed.target, f"--test_filter={seed.filter}",
                "--test_arg=--gtest_fail_fast", "--cache_test_results=no",
                # A violation may well be a hang: that is a failure too.
                "--test_timeout=60", f"--build_event_json_file={events.name}")
            ran = '"testResult"' in open(events.name, encoding="utf-8").read()
        if done.returncode == 0:
            return True
        if done.returncode == 3 and ran:
            return False
        raise RuntimeError(done.stderr[-2000:])

    def _suite_test(self, seed):
        builds, error = self.builds(seed)
        if not builds:
            raise RuntimeError(error[-2000:])
        binaries = self.bazel("info", "bazel-bin").stdout.strip()
        # Interrupted, the suite says `not ok` and ends what it started: a
        # violation may well be a hang, and that is a failure too.
        done = subprocess.run(
            ["timeout", "--signal=INT", "--kill-after=30", SUITE_SECONDS,
             os.path.join(self.folder, seed.target), seed.filter],
            env={**os.environ, "KEYWARD_BIN": binaries}, check=False,
            capture_output=True, text=True)
        verdicts = [line for line in done.stdout.splitlines()
                    if line.startswith(("ok ", "not ok "))]
        if len(verdicts) != 1:
            raise RuntimeError((done.stdout + done.stderr)[-2000:])
        _, skipped, why = verdicts[0].partition(" # skip ")
        if skipped:
            raise Skipped(why)
        return verdicts[0].startswith("ok ")


def sample(seeds, text):
    """One seed a promise; which one depends on `text` alone."""
    chosen = []
    for promise in sorted({seed.promise for seed in seeds}):
        candidates = [seed for seed in seeds if seed.promise == promise]
        digest = hashlib.sha256(f"{text} {promise}".encode()).digest()
        chosen.append(candidates[int.from_bytes(digest[:4], "big")
                                 % len(candidates)])
    return chosen


def try_seed(scratch, seed):
    """Runs one seed; returns (found, why not)."""
    if scratch.patch(seed).returncode != 0:
        return False, "the patch does not apply"
    try:
        builds, error = scratch.builds(seed)
        if not builds:
            return False, f"the patched code does not build: {error[-1500:]}"
        if scratch.test(seed):
            return False, "the named test passes in spite of it"
        return True, ""
    except RuntimeError as error:
        return False, f"the test could not be run: {error}"
    finally:
        scratch.patch(seed, "--reverse")


def report(ok, name, detail=""):
    print(f"{'ok' if ok else 'not ok'} {name}", flush=True)
    if detail:
        print("  " + detail.replace("\n", "\n  "), flush=True)


def say_again(seeds):
    """What tries these seeds again; every one if there is none."""
    given = [word for seed in seeds for word in ("--seed", seed.name)]
    print(f"# again: {reports.command('seeds', *given)}", flush=True)


def judge(scratch, seed):
    """Tries one seed; its element of `violations`, and whether it failed."""
    result = {
        "promise": seed.promise, "violation": seed.violation,
        "test": f"{seed.target} {seed.filter}", "seed": seed.name,
        "found": False}
    why = "the named test fails without the seed"
    try:
        if scratch.test(seed):
            result["found"], why = try_seed(scratch, seed)
    except Skipped as skipped:
        print(f"ok seed.{seed.name}.found # skip {skipped}", flush=True)
        result["skipped"] = str(skipped)
        return result, False
    except RuntimeError as error:
        why = str(error)
    report(result["found"], f"seed.{seed.name}.found", why)
    return result, not result["found"]


def mark(violation):
    if "skipped" in violation:
        return "SKIPPED"
    return "found" if violation["found"] else "MISSED"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample")
    parser.add_argument("--seed", action="append")
    parser.add_argument("--json")
    arguments = parser.parse_args()

    seeds = all_seeds()
    unknown = set(arguments.seed or []) - {seed.name for seed in seeds}
    if unknown:
        parser.error(f"no such seed: {' '.join(sorted(unknown))}")
    chosen = seeds
    if arguments.seed:
        chosen = [seed for seed in seeds if seed.name in arguments.seed]
    elif arguments.sample:
        chosen = sample(seeds, arguments.sample)
    say_again(chosen if chosen is not seeds else [])

    scratch = Scratch()
    failed = []
    for seed in seeds:
        applies = scratch.applies(seed)
        if not applies:
            failed.append(seed)
        report(applies, f"seed.{seed.name}.applies")

    violations = []
    for seed in chosen:
        violation, missed = judge(scratch, seed)
        violations.append(violation)
        if missed and seed not in failed:
            failed.append(seed)

    print()
    for violation in violations:
        print(f"# {violation['promise']:3} {mark(violation):7} "
              f"{violation['violation']} ({violation['seed']})"
              + (f": {violation['skipped']}" if "skipped" in violation
                 else ""))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"violations": violations}, file, indent=1)
    if failed:
        say_again(failed)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
