# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""How a run is told: a title, a table, what was to be reached, JSON, a plot."""

import json
import os
import platform
import statistics

BINDINGS = 1_000

# Of the machine's CPU time, in other processes than the measured ones: with
# more of that figures are told, and not judged.
QUIET = 0.1

# File systems that lose everything with the power: nothing is durable there.
VOLATILE = ("tmpfs", "ramfs")

COLUMNS = (
    ("deployment", "{deployment:<10}", "deployment"),
    ("operation", "{operation:<16}", "operation       "),
    ("in_flight", "{in_flight:>9}", "in flight"),
    ("per_second", "{per_second:>9,.0f}", "  calls/s"),
    ("p50_us", "{p50_us:>9,.0f}", "   p50 us"),
    ("p99_us", "{p99_us:>9,.0f}", "   p99 us"),
    ("p999_us", "{p999_us:>9,.0f}", " p99.9 us"),
    ("ratio_to_echo", "{ratio_to_echo:>7.3f}", "of echo"),
    ("cpu_ratio_to_echo", "{cpu_ratio_to_echo:>6.3f}", "by CPU"),
    ("cpu_s_per_1000", "{cpu_s_per_1000:>11.4f}", "CPU s/1,000"),
    ("rss_mib", "{rss_mib:>7.0f}", "RSS MiB"),
)


def _cpu_s_of_call(result):
    """CPU time of a call, of the servers and of the generator."""
    used = result["cpu_s"] + result["own_cpu_s"]
    return used / max(result["completed"], 1)


class Yardstick:
    """The echo around some rows, and a sync beside their data."""

    def __init__(self, echoes, fdatasync_us):
        self.per_second = statistics.mean(
            echo["completed"] / echo["seconds"] for echo in echoes)
        self.p50_us = statistics.mean(echo["p50_us"] for echo in echoes)
        self.others_cpu = max(echo["others_cpu"] for echo in echoes)
        self.cpu_s = statistics.mean(_cpu_s_of_call(echo) for echo in echoes)
        self.fdatasync_us = fdatasync_us


def row(form, operation, in_flight, result, yardstick):
    """What a run of the load generator found, as an object of the JSON."""
    completed = result["completed"]
    per_second = completed / result["seconds"]
    found = {
        "deployment": form,
        "operation": operation,
        "in_flight": in_flight,
        "per_second": round(per_second, 1),
        "p50_us": round(result["p50_us"], 1),
        "p99_us": round(result["p99_us"], 1),
        "p999_us": round(result["p999_us"], 1),
        "ratio_to_echo": round(per_second / yardstick.per_second, 4),
        "cpu_ratio_to_echo": round(
            yardstick.cpu_s / max(_cpu_s_of_call(result), 1e-9), 4),
        "cpu_s_per_1000": round(1000 * result["cpu_s"] / max(completed, 1), 5),
        "rss_mib": round(result["rss_bytes"] / 2**20, 1),
        "failed": result["failed"],
        "others_cpu": round(
            max(result["others_cpu"], yardstick.others_cpu), 3),
        "echo_per_second": round(yardstick.per_second, 1),
        "echo_p50_us": round(yardstick.p50_us, 1),
        "fdatasync_us": round(yardstick.fdatasync_us, 1),
    }
    if result["failed"]:
        found["first_failure"] = result["first_failure"]
    return found


def machine():
    """The machine in a line, since all figures are its own."""
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


class Titles:
    """Says at the head what a run measures, and what it leaves out."""

    def __init__(self, options):
        self.options = options
        self.text = None

    def print(self, file_system):
        """Once, when it is known where the data lies."""
        if self.text is not None:
            return
        left_out = []
        bindings = self.options.bindings
        if not self.options.growth and bindings < BINDINGS:
            left_out.append(f"a policy of {bindings:,} bindings, not {BINDINGS:,}")
        if file_system in VOLATILE:
            left_out.append(f"nothing is durable: the data is on {file_system}")
        what = "how Keyward grows" if self.options.growth else "Keyward"
        policy = ("" if self.options.growth
                  else f", {bindings:,} bindings, {self.options.secrets:,} secrets")
        self.text = (
            f"{what}: TLS 1.3, policy, audit durable on {file_system}{policy}, "
            f"values of {self.options.payload_bytes:,} bytes; {machine()}")
        if left_out:
            self.text = f"NOT EVERYTHING IS ON ({'; '.join(left_out)}): {self.text}"
        print(self.text)
        if not self.options.growth:
            print()
            print("  ".join(head for _, _, head in COLUMNS))


def print_row(found):
    line = "  ".join(form.format(**found) for _, form, _ in COLUMNS)
    if found["failed"]:
        line += f"  {found['failed']:,} failed: {found['first_failure'][:120]}"
    print(line, flush=True)
    if found["others_cpu"] > QUIET and found["operation"] == "echo":
        print(f"# others had {found['others_cpu']:.0%} of the machine around these")


def _targets(rows):
    """Yields (what, found, wanted, whether it is reached, the row)."""
    by_key = {(r["deployment"], r["operation"], r["in_flight"]): r for r in rows}
    for form, wanted in (("standalone", 0.55), ("five", 0.35)):
        row = by_key.get((form, "access-uniform", 256))
        if row:
            ratio = row["ratio_to_echo"]
            yield (f"{form}: access-uniform, 256 in flight, of the echo",
                   f"{ratio:.3f}", f"{wanted:.2f}", ratio >= wanted, row)
    row = by_key.get(("standalone", "add-version", 256))
    if row:
        rate = row["per_second"]
        yield ("standalone: add-version, 256 in flight, a second",
               f"{rate:,.0f}", "15,000", rate >= 15000, row)
    row = by_key.get(("standalone", "access-uniform", 1))
    if row:
        bound = 4 * row["echo_p50_us"] + row["fdatasync_us"]
        yield ("standalone: one caller's p50, us, within 4 echoes and a sync",
               f"{row['p50_us']:,.0f}", f"{bound:,.0f}",
               row["p50_us"] <= bound, row)


def finish(rows, options, titles):
    """What remains to be told when all that could be measured was."""
    if not rows:
        return
    if not options.growth:
        targets = list(_targets(rows))
        if targets:
            print("\nto reach:")
        for what, found, wanted, reached, of in targets:
            verdict = "reached" if reached else "missed"
            if of["others_cpu"] > QUIET:
                verdict = (f"not judged: others had {of['others_cpu']:.0%} of "
                           f"the machine (by CPU {of['cpu_ratio_to_echo']:.3f})")
            print(f"  {what}: {found} of {wanted}, {verdict}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")
    if options.plot:
        # Only here, so that a table needs no library for plots.
        import plot  # pylint: disable=import-outside-toplevel

        plot.draw(rows, titles.text, options.plot)
        print(f"\nplot: {options.plot}")
