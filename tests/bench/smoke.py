# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Runs the benchmark for a moment, and looks at what it tells. See smoke.sh."""

import contextlib
import importlib.util
import io
import json
import os
import sys
import tempfile

import bench

# Few: nobody looks at how large the figures are.
IN_FLIGHT = 2
NUMBERS = (
    "per_second", "p50_us", "p99_us", "p999_us", "ratio_to_echo",
    "cpu_s_per_1000", "rss_mib", "echo_per_second", "echo_p50_us",
    "fdatasync_us",
)

failed = []


def check(name, wrong):
    """Prints a verdict: `wrong` tells what is, and is empty if nothing is."""
    if wrong:
        print(f"# {name}: {wrong}")
        failed.append(name)
    print(f"{'not ok' if wrong else 'ok'} {name}", flush=True)


def wrong_with(row):
    if row["failed"]:
        return f"{row['failed']} calls failed: {row['first_failure']}"
    for field in NUMBERS:
        # A process uses less than a clock tick in so short a run.
        if row[field] < 0 or (row[field] == 0 and field != "cpu_s_per_1000"):
            return f"{field} is {row[field]}"
    if not row["p50_us"] <= row["p99_us"] <= row["p999_us"]:
        return "the quantiles are in no order"
    return ""


def run(folder, *arguments):
    """A run's exit code, what it printed, and its rows."""
    path = os.path.join(folder, "rows.json")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = bench.main([
            "--seconds", "0.2", "--warm-up", "0.05", "--secrets", "100",
            "--in-flight", str(IN_FLIGHT), "--json", path, *arguments])
    print("".join(f"# {line}\n" for line in output.getvalue().splitlines()))
    with open(path, encoding="utf-8") as file:
        return code, output.getvalue(), json.load(file)


def main():
    # The plot's library is the benchmark's alone, and not needed by the tests.
    can_draw = importlib.util.find_spec("matplotlib") is not None
    with tempfile.TemporaryDirectory(prefix="keyward-smoke-") as folder:
        code, output, rows = run(
            folder, "--bindings", "20", *([] if can_draw else ["--plot", ""]))
        check("bench.exits_cleanly", f"exit {code}" if code else "")
        check("bench.says_what_is_not_on",
              "" if output.startswith("NOT EVERYTHING IS ON (a policy of 20 ")
              else output[:100])
        for form in bench.FORMS:
            for name, operation in bench.OPERATIONS.items():
                if form != "five" and operation.gateways > 1:
                    continue
                found = [row for row in rows if row["deployment"] == form
                         and row["operation"] == name
                         and row["in_flight"] == IN_FLIGHT]
                check(f"bench.{form}.{name}",
                      wrong_with(found[0]) if len(found) == 1
                      else f"there are {len(found)} rows")
            echoes = [row for row in rows if row["deployment"] == form
                      and row["operation"] == "echo"]
            ratio = sum(row["ratio_to_echo"] for row in echoes) / len(echoes)
            check(f"bench.{form}.the_echo_is_the_yardstick",
                  "" if abs(ratio - 1) < 0.001 else f"{ratio} of itself")
        drawn = os.path.join(folder, "rows.svg")
        if not can_draw:
            print("ok bench.draws_the_plot # skip python3-matplotlib is missing")
        else:
            check("bench.draws_the_plot",
                  "" if os.path.getsize(drawn) > 1000 else "it is empty")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
