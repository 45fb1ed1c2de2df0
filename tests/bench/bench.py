# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The benchmark; see README.md. KEYWARD_BIN is the folder of Bazel's outputs."""

import argparse
import collections
import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(1, os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))

# pylint: disable=wrong-import-position
import client  # noqa: E402
import growth  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import subject  # noqa: E402

FORMS = ("standalone", "five")
IN_FLIGHT = (1, 16, 64, 256)
SECRETS = 10_000
BINDINGS = report.BINDINGS
PAYLOAD_BYTES = 256
BINARIES = ("bench_echo", "bench_load")

# How the load generator calls it; with what the caller proves who it is; how
# many gateways there are.
Operation = collections.namedtuple(
    "Operation", "load identity token gateways",
    defaults=(subject.CALLER, False, 1))

# Reads first: what writes leaves a larger deployment to those that follow.
OPERATIONS = {
    "access-hot": Operation("access-hot"),
    "access-uniform": Operation("access-uniform"),
    "access-jwt": Operation("access-uniform", token=True),
    "batch-access-20": Operation("batch-access"),
    "list-page": Operation("list-page"),
    "add-version": Operation("add-version"),
    "watch-100": Operation("watch"),
    "policy-change-1": Operation("policy-change", identity="admin"),
    "policy-change-3": Operation("policy-change", identity="admin", gateways=3),
}


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tests/bench/run.sh", description="Keyward's benchmark.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="how long a row is measured")
    parser.add_argument("--warm-up", type=float, default=0.5,
                        help="seconds of load before that")
    parser.add_argument("--json", metavar="FILE",
                        help="write the rows there, and a plot beside them")
    parser.add_argument("--plot", metavar="FILE",
                        help="where to draw the plot instead, nowhere if empty; "
                        "its name ends in .svg or .png")
    parser.add_argument("--only", metavar="OPERATION", action="append",
                        choices=list(OPERATIONS),
                        help=f"one of {', '.join(OPERATIONS)}; repeatable")
    parser.add_argument("--deployment", action="append", choices=FORMS,
                        help="repeatable")
    parser.add_argument("--in-flight", type=int, action="append",
                        help="calls under way at once; repeatable")
    parser.add_argument("--secrets", type=int, default=SECRETS)
    parser.add_argument("--bindings", type=int, default=BINDINGS)
    parser.add_argument("--payload-bytes", type=int, default=PAYLOAD_BYTES)
    parser.add_argument("--growth", action="append", nargs="?", const="all",
                        choices=("all", *growth.KINDS),
                        help="measure how it grows, instead of the table")
    parser.add_argument("--up-to", type=int, default=1_000_000,
                        help="the largest size of --growth")
    options = parser.parse_args(arguments)
    if options.json and options.plot is None:
        options.plot = os.path.splitext(options.json)[0] + ".svg"
    options.deployment = options.deployment or list(FORMS)
    options.only = options.only or list(OPERATIONS)
    options.in_flight = options.in_flight or list(IN_FLIGHT)
    largest = max(options.in_flight)
    if largest > options.secrets:
        parser.error(f"{largest} in flight need {largest} secrets")
    if options.growth and "all" in options.growth:
        options.growth = list(growth.KINDS)
    return options


def link_binaries(folder):
    runner.link_binaries(folder)
    for name in BINARIES:
        os.symlink(os.path.join(os.environ["KEYWARD_BIN"], "tests/bench", name),
                   os.path.join(folder, name))
    return folder


def measure_level(running, options, in_flight, names, show):
    """The rows of one number of calls in flight, between two of the echo."""
    echoes = [running.load_echo(in_flight, options.seconds, options.warm_up)]
    found = []
    sync_us = running.fdatasync_us()
    for name in names:
        operation = OPERATIONS[name]
        running.add_gateways(operation.gateways)
        found.append((name, running.load(
            operation.load, in_flight, options.seconds, options.warm_up,
            identity=operation.identity, token=operation.token)))
    echoes.append(
        running.load_echo(in_flight, options.seconds, options.warm_up))
    yardstick = report.Yardstick(echoes, sync_us)
    rows = [report.row(running.form, "echo", in_flight, each, yardstick)
            for each in echoes]
    rows += [report.row(running.form, name, in_flight, result, yardstick)
             for name, result in found]
    for row in rows:
        show(row)
    return rows


def measure(form, binaries, options, titles, show):
    names = [name for name in OPERATIONS if name in options.only
             and (form == "five" or OPERATIONS[name].gateways == 1)]
    # More gateways cannot be taken away again, and would share the machine.
    shared = [name for name in names if OPERATIONS[name].gateways == 1]
    alone = [name for name in names if OPERATIONS[name].gateways > 1]
    rows = []
    with subject.Subject(form, binaries, options.payload_bytes) as running:
        titles.print(running.file_system())
        running.grow_policy(options.bindings)
        running.grow_secrets(options.secrets)
        for group in filter(None, (shared, alone)):
            for in_flight in options.in_flight:
                rows += measure_level(running, options, in_flight, group, show)
    return rows


def main(arguments):
    options = parse(arguments)
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folders = [tempfile.mkdtemp(prefix="keyward-bench-")]
    titles = report.Titles(options)
    rows = []
    try:
        binaries = link_binaries(folders[0])
        folders.append(client.generate())
        for form in options.deployment:
            if options.growth:
                for kind in options.growth:
                    rows += growth.measure(
                        kind, form, binaries, options, titles)
            else:
                rows += measure(
                    form, binaries, options, titles, report.print_row)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        report.finish(rows, options, titles)
    return 0 if rows and all(row["per_second"] > 0 for row in rows) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subject.LoadFailed as error:
        sys.exit(f"bench: {error}")
