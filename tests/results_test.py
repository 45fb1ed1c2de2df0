#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A counter that miscounts would hide failures: it must err towards failed."""

import json
import os
import tempfile
import unittest

import results

PASSES = '<testcase name="Works" classname="A" status="run" />'
FAILS = '<testcase name="Breaks" classname="A"><failure /></testcase>'
SKIPS = '<testcase name="Later" classname="A" result="skipped" />'


class BazelResultsTest(unittest.TestCase):
    def setUp(self):
        handle, self.xml = tempfile.mkstemp(dir=os.environ.get("TEST_TMPDIR"))
        os.close(handle)

    def tearDown(self):
        os.remove(self.xml)

    def results_of(self, status, *cases):
        with open(self.xml, "w", encoding="utf-8") as file:
            file.write("<testsuites>" + "".join(cases) + "</testsuites>")
        event = {
            "id": {"testResult": {"label": "//a:b"}},
            "testResult": {
                "status": status,
                "testActionOutput": [
                    {"name": "test.xml", "uri": "file://" + self.xml}
                ],
            },
        }
        return list(results.bazel_results("unit", [json.dumps(event)]))

    def test_each_case_counts(self):
        self.assertEqual(
            self.results_of("FAILED", PASSES, FAILS, SKIPS),
            [
                ("//a:b A.Works", "passed"),
                ("//a:b A.Breaks", "failed"),
                ("//a:b A.Later", "skipped"),
            ],
        )

    def test_failed_process_fails_although_its_cases_passed(self):
        self.assertIn(
            ("//a:b exits cleanly (unit)", "failed"),
            self.results_of("FAILED", PASSES),
        )

    def test_no_case_at_all_is_a_failure(self):
        self.assertEqual(
            self.results_of("PASSED"), [("//a:b has test cases (unit)", "failed")]
        )

    def test_missing_xml_is_a_failure(self):
        event = {
            "id": {"testResult": {"label": "//a:b"}},
            "testResult": {"status": "PASSED"},
        }
        self.assertEqual(
            list(results.bazel_results("unit", [json.dumps(event)])),
            [("//a:b has test cases (unit)", "failed")],
        )

    def test_target_that_does_not_build_is_a_failure(self):
        event = {
            "id": {"testSummary": {"label": "//a:b"}},
            "testSummary": {"overallStatus": "FAILED_TO_BUILD"},
        }
        self.assertEqual(
            list(results.bazel_results("asan", [json.dumps(event)])),
            [("//a:b builds (asan)", "failed")],
        )


class SuiteResultsTest(unittest.TestCase):
    def test_each_line_counts(self):
        log = ["noise", "ok 1 - one", "not ok two", "ok three # SKIP no etcd"]
        self.assertEqual(
            list(results.suite_results("s", 1, log)),
            [("s one", "passed"), ("s two", "failed"), ("s three", "skipped")],
        )

    def test_bad_exit_fails_although_no_case_did(self):
        self.assertIn(
            ("s exits cleanly, not with 124", "failed"),
            list(results.suite_results("s", 124, ["ok one"])),
        )

    def test_silence_is_a_failure(self):
        self.assertEqual(
            list(results.suite_results("s", 0, [])),
            [("s has test cases", "failed")],
        )


class SummaryTest(unittest.TestCase):
    def test_case_that_failed_once_failed(self):
        closing, failed, _ = results.summarize(["passed a", "failed a", "passed a"])
        self.assertEqual(closing, "0 passed, 1 failed")
        self.assertEqual(failed, ["a"])

    def test_case_that_ran_twice_is_one(self):
        closing, _, _ = results.summarize(["passed a", "passed a", "passed b"])
        self.assertEqual(closing, "2 passed, 0 failed")

    def test_skipped_cases_are_told_apart(self):
        closing, _, skipped = results.summarize(["passed a", "skipped b"])
        self.assertEqual(closing, "1 passed, 0 failed, 1 skipped")
        self.assertEqual(skipped, ["b"])


if __name__ == "__main__":
    unittest.main()
