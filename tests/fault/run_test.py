#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A suite that says nothing, or fails, must not look like one that passed."""

import argparse
import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import report
import run

GOOD = """
import argparse
import sys
import report
parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
r = report.Report("{name}", parser)
r.tried("kills", 3)
r.verdict(True, "well")
sys.exit(r.end())
"""
BAD = """
import sys
import report
r = report.Report("{name}")
r.found("P4", "a version is gone", form="five")
r.verdict(True, "all_the_same")
sys.exit(r.end())
"""
SILENT = "import sys\nsys.exit(0)\n"
BROKEN = """
import report
r = report.Report("{name}")
raise RuntimeError("it breaks")
"""
SEEDS = """
import json, sys
with open(sys.argv[sys.argv.index("--json") + 1], "w") as file:
    json.dump({{"violations": [
        {{"promise": "P1", "found": True}}, {{"promise": "P1", "found": False}},
        {{"promise": "P5", "found": True}},
        {{"promise": "P5", "found": False, "seed": "memory_kept",
          "skipped": "needs root"}},
    ]}}, file)
print("arguments:", " ".join(sys.argv[3:]))
"""


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.here, run.HERE = run.HERE, self.folder
        self.addCleanup(lambda: setattr(run, "HERE", self.here))
        os.environ["KEYWARD_BIN"] = "/nowhere"
        os.environ["PYTHONPATH"] = os.path.dirname(report.__file__)

    def write(self, name, text):
        with open(os.path.join(self.folder, f"{name}.py"), "w",
                  encoding="utf-8") as file:
            file.write(text.format(name=name))

    def write_all(self):
        for suite in run.SUITES:
            self.write(suite.name, SEEDS if suite.name == "seeds" else GOOD)

    def run_suites(self, *arguments):
        """The status, the merged object and what was printed."""
        file = os.path.join(self.folder, "merged")
        sys.argv = ["run.py", "--json", file, *arguments]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = run.main()
        with open(file, encoding="utf-8") as merged:
            return status, json.load(merged), output.getvalue()

    def test_all_that_passes_is_merged(self):
        self.write_all()
        status, merged, output = self.run_suites()
        self.assertEqual(status, 0)
        self.assertEqual(sorted(merged), [
            "attack_seeds", "fuzz", "histories", "hostile", "kills",
            "plaintext", "points", "power_cuts", "stalls", "violations"])
        self.assertEqual(merged["kills"]["tried"], {"kills": 3})
        self.assertEqual(merged["kills"]["found"], [])
        self.assertEqual(len(merged["violations"]), 4)
        self.assertIn("1 of 2    seeded violations of P1 found\n", output)

    def test_a_seed_that_was_skipped_is_seen(self):
        self.write_all()
        _, _, output = self.run_suites("--suite", "seeds")
        self.assertIn("1 of 2    seeded violations of P5 found, 1 SKIPPED\n",
                      output)
        self.assertIn("memory_kept: needs root\n", output)

    def test_what_repeats_a_suite_of_all_makes_the_same_choice(self):
        self.write_all()
        _, merged, output = self.run_suites()
        for suite in run.SUITES:
            if not suite.random_seed:
                continue
            result = merged[suite.member]
            self.assertEqual(
                result["again"],
                f"tests/fault/run.sh --suite {suite.name}"
                f"{' --all' if suite.chooses else ''}"
                f" --random-seed {result['random_seed']}")
            self.assertIn(f"(again: {result['again']})", output)
            # It hands the suite what this run has handed it.
            options, _ = run.parse(shlex.split(result["again"])[1:])
            self.assertEqual([s.name for s in options.suites], [suite.name])
            self.assertEqual(
                run.arguments_of(suite, options),
                (["--all"] if suite.chooses else [])
                + ["--random-seed", str(result["random_seed"])])

    def test_a_suite_that_breaks_says_last_what_repeats_it(self):
        self.write("kills", BROKEN)
        done = subprocess.run(
            [sys.executable, os.path.join(self.folder, "kills.py"),
             "--random-seed", "7"], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(
            done.stdout.splitlines()[-2:],
            ["RuntimeError: it breaks",
             "# again: tests/fault/run.sh --suite kills --random-seed 7"])

    def test_a_suite_that_is_not_there_fails(self):
        self.write_all()
        os.remove(os.path.join(self.folder, "stalls.py"))
        status, merged, output = self.run_suites()
        self.assertEqual(status, 1)
        self.assertNotIn("stalls", merged)
        self.assertIn("not ok stalls: it is not there", output)

    def test_a_suite_that_says_nothing_fails(self):
        self.write_all()
        self.write("histories", SILENT)
        status, merged, output = self.run_suites()
        self.assertEqual(status, 1)
        self.assertNotIn("histories", merged)
        self.assertIn("not ok histories: it did not say", output)

    def test_a_suite_that_finds_something_fails_and_says_it(self):
        self.write_all()
        self.write("kills", BAD)
        status, merged, output = self.run_suites()
        self.assertEqual(status, 1)
        self.assertEqual(merged["kills"]["found"], [
            {"promise": "P4", "what": "a version is gone", "form": "five"}])
        self.assertIn("P4: a version is gone, form five", output)

    def test_the_seeds_are_chosen_as_ever(self):
        self.write_all()
        status, merged, _ = self.run_suites("--seed", "this", "--seed", "that")
        self.assertEqual(status, 0)
        self.assertEqual(list(merged), ["violations"])
        options, others = run.parse(["--sample", "text"])
        self.assertEqual([s.name for s in options.suites], ["seeds"])
        self.assertEqual(run.arguments_of(options.suites[0], options),
                         ["--sample", "text"])
        self.assertEqual(others, [])

    def test_numbers_go_to_whom_they_are_for(self):
        options, _ = run.parse(["--kills", "7", "--operations", "8",
                                "--fuzz-seconds", "6", "--random-seed", "9"])
        given = {suite.name: run.arguments_of(suite, options)
                 for suite in options.suites}
        self.assertEqual(given, {
            "seeds": [],
            "attack_seeds": [],
            "kills": ["--kills", "7", "--random-seed", "9"],
            "histories": ["--operations", "8", "--random-seed", "9"],
            "plaintext": ["--random-seed", "9"],
            "stalls": ["--all", "--random-seed", "9"],
            "hostile": ["--all", "--random-seed", "9"],
            "points": ["--all", "--random-seed", "9"],
            "power_cuts": ["--all", "--random-seed", "9"],
            "fuzz": ["--seconds", "6", "--random-seed", "9"]})

    def test_some_suites_by_name_try_what_there_is_time_for(self):
        named = ["--suite", "stalls", "--suite", "kills"]
        for arguments, given in ((named, []), (named + ["--all"], ["--all"])):
            options, _ = run.parse(arguments)
            self.assertEqual({suite.name: run.arguments_of(suite, options)
                              for suite in options.suites},
                             {"kills": [], "stalls": given})

    def test_other_options_need_one_suite(self):
        with contextlib.redirect_stderr(io.StringIO()):
            with self.assertRaises(SystemExit):
                run.parse(["--form", "five"])
        _, others = run.parse(["--suite", "kills", "--form", "five"])
        self.assertEqual(others, ["--form", "five"])


class ReportTest(unittest.TestCase):
    def setUp(self):
        # Each report adds to it.
        hook = sys.excepthook
        self.addCleanup(lambda: setattr(sys, "excepthook", hook))

    def report(self, *arguments, parser=None):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            made = report.Report("kills", parser, list(arguments))
        return made, output.getvalue()

    def end(self, made):
        with contextlib.redirect_stdout(io.StringIO()):
            return made.end()

    def test_the_same_number_makes_the_same_choices(self):
        first, output = self.report("--random-seed", "5")
        second, _ = self.report("--random-seed", "5")
        self.assertEqual(first.random.random(), second.random.random())
        self.assertEqual(
            output,
            "# again: tests/fault/run.sh --suite kills --random-seed 5\n")

    def test_choices_for_one_thing_are_of_the_number_and_of_nothing_else(self):
        first, _ = self.report("--random-seed", "5")
        second, _ = self.report("--random-seed", "5")
        other, _ = self.report("--random-seed", "6")
        first.random.random()
        drawn = first.random_of("five").random()
        self.assertEqual(drawn, second.random_of("five").random())
        self.assertNotEqual(drawn, second.random_of("standalone").random())
        self.assertNotEqual(drawn, other.random_of("five").random())

    def test_what_repeats_it_has_every_option(self):
        def parser():
            made = argparse.ArgumentParser()
            made.add_argument("--kills", type=int, default=50)
            made.add_argument("--all", action="store_true")
            made.add_argument("--list", action="store_true")
            made.add_argument("--form", action="append")
            made.add_argument("--history")
            made.add_argument("--not-now")
            return made

        given = ["--all", "--form", "five", "--form", "standalone",
                 "--history", "a file", "--random-seed", "5"]
        made, _ = self.report(*given, "--json", "/nowhere/at/all",
                              parser=parser())
        self.assertEqual(
            made.again,
            "tests/fault/run.sh --suite kills --kills 50 --all --form five "
            "--form standalone --history 'a file' --random-seed 5")
        repeated, _ = self.report(*shlex.split(made.again)[3:],
                                  parser=parser())
        made.options.json = None
        self.assertEqual(repeated.options, made.options)

    def test_what_repeats_it_is_said_again_by_one_that_fails(self):
        for ok in (True, False):
            made, _ = self.report("--random-seed", "5")
            with contextlib.redirect_stdout(io.StringIO()) as output:
                made.verdict(ok, "well")
                made.end()
            last = output.getvalue().splitlines()[-1]
            self.assertEqual(last == f"# again: {made.again}", not ok)

    def test_what_was_skipped_is_named(self):
        file = os.path.join(self.enterContext(tempfile.TemporaryDirectory()),
                            "result")
        made, _ = self.report("--json", file)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            made.skip("disk", "needs root")
            made.end()
        self.assertIn("# skip needs root\n", output.getvalue())
        self.assertRegex(output.getvalue(),
                         "# +1  SKIPPED\n# +disk: needs root\n")
        with open(file, encoding="utf-8") as written:
            self.assertEqual(json.load(written)["kills"]["skipped"],
                             [{"name": "disk", "why": "needs root"}])

    def test_nothing_judged_is_no_success(self):
        made, _ = self.report()
        self.assertEqual(self.end(made), 1)

    def test_what_was_found_fails(self):
        made, _ = self.report()
        with contextlib.redirect_stdout(io.StringIO()):
            made.verdict(True, "well")
            made.found("P1", "something")
        self.assertEqual(self.end(made), 1)

    def test_few_of_many_violations_are_shown_and_all_are_kept(self):
        made, _ = self.report()
        with contextlib.redirect_stdout(io.StringIO()) as output:
            for number in range(report.MOST_SHOWN + 5):
                made.found("P1", f"number {number}\nand more of it")
        self.assertEqual(output.getvalue().count("number"), report.MOST_SHOWN)
        result = {"random_seed": 1, "again": "", "tried": {}, "skipped": [],
                  "found": [{"promise": "P1", "what": "one\ntwo"}]
                  * (report.MOST_SHOWN + 5)}
        lines = list(report.table("kills", result))
        self.assertEqual(lines[-1].strip(), "and 5 more")
        self.assertTrue(all("\n" not in line for line in lines))

    def test_a_failed_verdict_fails(self):
        made, _ = self.report()
        with contextlib.redirect_stdout(io.StringIO()):
            made.verdict(True, "well")
            made.verdict(False, "badly")
        self.assertEqual(self.end(made), 1)

    def test_a_skipped_one_does_not(self):
        made, _ = self.report()
        with contextlib.redirect_stdout(io.StringIO()):
            made.skip("this", "it cannot be tried here")
        self.assertEqual(self.end(made), 0)


if __name__ == "__main__":
    unittest.main()
