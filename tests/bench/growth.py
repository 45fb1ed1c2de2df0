# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""How a deployment grows: throughput, memory and start by its size."""

import report
import subject

IN_FLIGHT = 256

# What grows: to which sizes, and what is then measured.
KINDS = {
    "secrets": ((10_000, 100_000, 1_000_000),
                ("access-uniform", "list-page", "add-version")),
    "bindings": ((10, 1_000, 100_000),
                 ("access-uniform", "add-version", "policy-change")),
}
# What does not grow.
SECRETS = 10_000

HEAD = ("deployment  {kind:>9}  start s  RSS MiB at start  operation"
        "         calls/s  of echo    p50 us    p99 us  RSS MiB")


def _grow(running, kind, size, options):
    if kind == "secrets":
        running.grow_policy(options.bindings)
        rate = running.grow_secrets(size)
        if rate:
            print(f"# {size:,} secrets, made at {rate:,.0f} a second", flush=True)
    else:
        running.grow_policy(size)
        running.grow_secrets(SECRETS)


def _measure_size(running, kind, size, operations, options):
    start_s = running.restart()
    began = running.resident_mib()
    echoes = [running.load_echo(IN_FLIGHT, options.seconds, options.warm_up)]
    found = [
        (name, running.load(
            name, IN_FLIGHT, options.seconds, options.warm_up,
            identity="admin" if name == "policy-change" else subject.CALLER))
        for name in operations]
    echoes.append(running.load_echo(IN_FLIGHT, options.seconds, options.warm_up))
    yardstick = report.Yardstick(echoes, running.fdatasync_us())
    rows = []
    for name, result in found:
        row = report.row(running.form, name, IN_FLIGHT, result, yardstick)
        row.update(growth=kind, size=size, start_s=round(start_s, 3),
                   rss_at_start_mib=round(began, 1))
        rows.append(row)
        line = (f"{running.form:<10}  {size:>9,}  {start_s:>7.2f}  {began:>16.0f}"
                f"  {name:<15}  {row['per_second']:>8,.0f}"
                f"  {row['ratio_to_echo']:>7.3f}  {row['p50_us']:>8,.0f}"
                f"  {row['p99_us']:>8,.0f}  {row['rss_mib']:>7.0f}")
        if row["failed"]:
            line += f"  {row['failed']:,} failed: {row['first_failure'][:120]}"
        print(line, flush=True)
    return rows


def _slopes(kind, rows):
    """What one more of them costs, from each size to the next."""
    first = {row["size"]: row for row in reversed(rows)}
    sizes = sorted(first)
    for small, large in zip(sizes, sizes[1:]):
        more = large - small
        memory = (first[large]["rss_at_start_mib"]
                  - first[small]["rss_at_start_mib"]) * 2**20 / more
        start = (first[large]["start_s"] - first[small]["start_s"]) * 1e6 / more
        print(f"# from {small:,} to {large:,} {kind}: {memory:,.0f} bytes of "
              f"memory at start and {start:,.2f} us of start each")


def measure(kind, form, binaries, options, titles):
    sizes, operations = KINDS[kind]
    rows = []
    with subject.Subject(form, binaries, options.payload_bytes) as running:
        titles.print(running.file_system())
        print("\n" + HEAD.format(kind=kind))
        for size in sizes:
            if size > options.up_to:
                continue
            _grow(running, kind, size, options)
            rows += _measure_size(running, kind, size, operations, options)
    _slopes(kind, rows)
    return rows
