#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Counts test cases for tests/run.sh.

A result is a line `VERDICT NAME`, the verdict being passed, failed or skipped.

  results.py bazel STAGE EVENTS     results of a `bazel test`, from its build
                                    events and the XML files they name
  results.py suite NAME STATUS LOG  results of a shell suite that exited with
                                    STATUS and printed LOG
  results.py summary RESULTS        the closing line; exits 1 if any failed
"""

import json
import re
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

# The worse verdict of two runs of one case is the case's.
SEVERITY = {"skipped": 0, "passed": 1, "failed": 2}


def xml_cases(path):
    """Yields (name, verdict) of each case in a test's XML file."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "")
        if case.get("classname"):
            name = case.get("classname") + "." + name
        if case.find("failure") is not None or case.find("error") is not None:
            verdict = "failed"
        elif (
            case.get("status") == "notrun"
            or case.get("result") == "skipped"
            or case.find("skipped") is not None
        ):
            verdict = "skipped"
        else:
            verdict = "passed"
        yield name, verdict


def xml_path(result):
    """The path of the XML file of a testResult event, None if it has none."""
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml":
            uri = urllib.parse.urlparse(output.get("uri", ""))
            return urllib.request.url2pathname(uri.path)
    return None


def bazel_results(stage, events):
    """Yields (name, verdict) of every case of a `bazel test`."""
    for line in events:
        event = json.loads(line)
        identity = event.get("id", {})
        if "testSummary" in event:
            # A target without a result was never built.
            status = event["testSummary"].get("overallStatus", "NO_STATUS")
            if status in ("NO_STATUS", "FAILED_TO_BUILD"):
                label = identity["testSummary"]["label"]
                yield f"{label} builds ({stage})", "failed"
        if "testResult" not in event:
            continue
        result = event["testResult"]
        label = identity["testResult"]["label"]
        failed = False
        try:
            cases = list(xml_cases(xml_path(result)))
        except (OSError, TypeError, ElementTree.ParseError):
            cases = []
        for name, verdict in cases:
            failed = failed or verdict == "failed"
            yield f"{label} {name}", verdict
        # All cases may pass and the process still fail, as with a leak.
        if result.get("status") != "PASSED" and not failed:
            yield f"{label} exits cleanly ({stage})", "failed"
        elif not cases:
            yield f"{label} has test cases ({stage})", "failed"


def suite_results(suite, status, log):
    """Yields (name, verdict) of every case of a shell suite."""
    counted = failed = False
    for line in log:
        found = re.match(r"(not )?ok\s+(?:\d+\s+)?(?:- )?(\S.*)", line)
        if not found:
            continue
        counted = True
        name, _, directive = found.group(2).partition(" # ")
        if found.group(1):
            failed = True
            yield f"{suite} {name.strip()}", "failed"
        elif directive.lower().startswith("skip"):
            yield f"{suite} {name.strip()}", "skipped"
        else:
            yield f"{suite} {name.strip()}", "passed"
    if status != 0 and not failed:
        yield f"{suite} exits cleanly, not with {status}", "failed"
    elif not counted:
        yield f"{suite} has test cases", "failed"


def summarize(lines):
    """Returns (closing line, names of failed cases, names of skipped)."""
    verdicts = {}
    for line in lines:
        verdict, _, name = line.rstrip("\n").partition(" ")
        before = verdicts.get(name, verdict)
        verdicts[name] = max(before, verdict, key=SEVERITY.__getitem__)
    names = {
        wanted: sorted(n for n, verdict in verdicts.items() if verdict == wanted)
        for wanted in SEVERITY
    }
    closing = f"{len(names['passed'])} passed, {len(names['failed'])} failed"
    if names["skipped"]:
        closing += f", {len(names['skipped'])} skipped"
    return closing, names["failed"], names["skipped"]


def main(arguments):
    if arguments[:1] == ["bazel"] and len(arguments) == 3:
        with open(arguments[2], encoding="utf-8") as events:
            for name, verdict in bazel_results(arguments[1], events):
                print(verdict, name)
        return 0
    if arguments[:1] == ["suite"] and len(arguments) == 4:
        with open(arguments[3], encoding="utf-8", errors="replace") as log:
            status = int(arguments[2])
            for name, verdict in suite_results(arguments[1], status, log):
                print(verdict, name)
        return 0
    if arguments[:1] == ["summary"] and len(arguments) == 2:
        with open(arguments[1], encoding="utf-8") as lines:
            closing, failed, skipped = summarize(lines)
        for name in skipped:
            print("skipped:", name)
        for name in failed:
            print("FAILED:", name)
        print(closing)
        return 1 if failed else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
