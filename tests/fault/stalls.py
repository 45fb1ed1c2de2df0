#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Stalls and partitions under five real processes (P2, P8).

Between any two services that talk stands a link (proxy.py) that can be cut,
held, held in one direction, or slowed to a byte a second; each process can be
stopped with SIGSTOP, its disk be filled, and its clock be stepped. While one of
these is so, callers of every kind go on, through the gateway that suffers it
and through a second one whose links are good:

- no call outlasts its deadline, by the gateway's own doing;
- what needs the service that is away is refused, by every gateway concerned;
- nobody reads after the revocation of its grant was answered, or is denied
  after a grant was, whichever gateway it asks and whatever that believes;
- every change that was acknowledged is there and told to those who watch, and
  none that was refused is;
- afterwards everything works again, and no process was started anew;
- the audit log verifies.

  stalls.py                     some faults of each kind, chosen at random
  stalls.py --all               every fault (about 12 minutes)
  stalls.py --fault NAME...     these, such as gateway-audit.silent
  stalls.py --list              their names
  stalls.py --random-seed N     the choice of the run that had N
  stalls.py --json FILE         what was tried and found
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
import unittest.mock

import grpc

# Also makes tests/integration importable.
from stall_arena import Arena, faults

import client
import deployment
import proxy
import report
import runner
from registry import Skip
from stall_load import ADD, CHANGE, DEADLINE

Code = grpc.StatusCode

# How long a fault lasts, in seconds: in the whole matrix, and in a sample.
# gRPC's pings notice a peer that is silent after 15 s: what is longer sees the
# connection given up, what is shorter sees late bytes arrive.
LONG = {proxy.CUT: 4, proxy.SILENT: 18, proxy.MUTE: 6, proxy.DEAF: 6,
        proxy.SLOW: 18, "stopped": 8, "disk": 6, "clock": 3}
SHORT = {proxy.CUT: 3, proxy.SILENT: 5, proxy.MUTE: 5, proxy.DEAF: 5,
         proxy.SLOW: 5, "stopped": 5, "disk": 5, "clock": 3}

# Within which everything must work again: a few times what reconnecting and
# raising a fence may take by themselves.
RECOVERY = 30
# A gateway ends a call before its deadline. So much of it is a hang.
HANG = 2


class Outcome:
    """What was seen of one fault."""

    def __init__(self, fault, calls, began, ended):
        self.fault = fault
        self.calls = [c for c in calls if c.begin >= began and c.end <= ended]
        self.counts = {
            "answered": sum(c.code == Code.OK for c in self.calls),
            "denied": sum(c.code == Code.PERMISSION_DENIED
                          for c in self.calls),
            "unknown": sum(c.unknown and c.kind in (ADD, CHANGE)
                           for c in self.calls),
        }
        self.counts["refused"] = len(self.calls) - sum(self.counts.values())
        self.recovery = None
        self.longest = 0
        # Calls that their callers had to end.
        self.late = 0
        self.violations = []

    def judge_refusals(self):
        for call in self.calls:
            kinds = self.fault.refused.get(call.gateway, set())
            if call.kind in kinds and call.code == Code.OK:
                self.violations.append(
                    ("P8", f"the {call.gateway} gateway answered {call.kind}"))
        for kind in self.fault.some:
            if not any(c.kind == kind and c.code != Code.OK
                       for c in self.calls):
                self.violations.append(("P8", f"no {kind} was refused"))
        for gateway, kinds in self.fault.refused.items():
            for kind in kinds:
                if not any((c.gateway, c.kind) == (gateway, kind)
                           for c in self.calls):
                    self.violations.append(
                        ("P8", f"no {kind} ended at the {gateway} gateway"))

    def judge_ends(self, load, stopped_gateway):
        ends = [(call.end - call.begin, call.kind) for call in load.calls]
        if not stopped_gateway:
            ends += load.probed
            if not load.probed:
                self.violations.append(("P8", "no probe ended"))
            self.late = sum(call.code == Code.DEADLINE_EXCEEDED
                            for call in load.calls)
        self.longest, what = max(ends)
        if self.longest > HANG * DEADLINE:
            self.violations.append(
                ("P8", f"{what} ended after {self.longest:.1f} s, of "
                       f"{DEADLINE} s that it had"))

    def row(self):
        recovery = (f"{self.recovery:6.1f} s" if self.recovery is not None
                    else "   never")
        return (f"{self.fault.name:24} {len(self.calls):6} "
                f"{self.counts['answered']:8} {self.counts['denied']:8} "
                f"{self.counts['refused']:8} {self.counts['unknown']:8} "
                f"{100 * self.longest / DEADLINE:7.0f} % {recovery}")


HEAD = (f"{'fault':24} {'calls':>6} {'answered':>8} {'denied':>8} "
        f"{'refused':>8} {'unknown':>8} {'longest':>9} {'recovered':>9}")


def suffer(arena, fault, seconds):
    """One fault under load, from its begin until all works again."""
    stopped_gateway = fault.name == "gateway.stopped"
    load = arena.load(probes=not stopped_gateway)
    load.start()
    try:
        begun = time.monotonic()
        client.eventually(lambda: load.answered_since(begun), RECOVERY)
        with fault.suffered(arena):
            began = time.monotonic()
            time.sleep(seconds)
            ended = time.monotonic()
        over = time.monotonic()
        recovered = None
        with contextlib.suppress(AssertionError):
            recovered = client.eventually(
                lambda: load.answered_since(over), RECOVERY)
    finally:
        load.stop()
    outcome = Outcome(fault, load.calls, began, ended)
    outcome.judge_refusals()
    outcome.judge_ends(load, stopped_gateway)
    if recovered is None:
        outcome.violations.append(
            ("P8", f"not all works again {RECOVERY} s later"))
    else:
        outcome.recovery = recovered - over
    for name, versions in load.unseen().items():
        outcome.violations.append(
            ("P4", f"the watch of the {name} gateway misses {versions[:5]}"))
    outcome.violations += load.check()
    wrong = arena.verify()
    if wrong:
        outcome.violations.append(("P3", wrong))
    return outcome, load


def run_group(result, group, chosen, seconds, binaries):
    try:
        arena = Arena(group, binaries)
    except Skip as skip:
        for fault in chosen:
            result.skip(fault.name, skip)
        return
    with arena.stack:
        for fault in chosen:
            try:
                outcome, load = suffer(arena, fault, seconds[fault.kind])
            except Exception as error:  # pylint: disable=broad-except
                # What cannot be judged has not held; the processes may be in
                # any state.
                result.verdict(False, fault.name, f"{error!r}\n"
                               f"{arena.keyward.logs()}")
                return
            print("# " + outcome.row(), flush=True)
            result.tried("faults")
            result.tried("calls during them", len(outcome.calls))
            for what, count in outcome.counts.items():
                result.tried(f"calls {what}", count)
            result.tried("calls ended by their callers", outcome.late)
            result.tried("changes acknowledged", len(load.acknowledged))
            result.tried("reads judged by their grant", len(load.reads))
            result.most("longest call, % of its deadline",
                        round(100 * outcome.longest / DEADLINE))
            result.most("longest recovery, ms",
                        round(1000 * (outcome.recovery or 0)))
            for promise, what in sorted(set(outcome.violations)):
                result.found(promise, what, fault=fault.name)
            result.verdict(not outcome.violations, fault.name,
                           arena.keyward.logs() if outcome.violations else "")
        arena.keyward.check_logs()


def sample(every, random):
    """One fault of each kind, such that each process has a part in some."""
    while True:
        chosen = [random.choice([f for f in every if f.kind == kind])
                  for kind in LONG]
        touched = {part for fault in chosen
                   for part in fault.name.split(".")[0].split("-")}
        if touched >= set(deployment.FIVE):
            return chosen


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--fault", action="append", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    result = report.Report("stalls", parser)
    every = list(faults())
    if result.options.list:
        print("\n".join(fault.name for fault in every))
        return 0
    chosen, seconds = sample(every, result.random), SHORT
    if result.options.all or result.options.fault:
        chosen = [fault for fault in every
                  if result.options.all or fault.name in result.options.fault]
        seconds = LONG
    binaries = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    print(f"# {HEAD}", flush=True)
    try:
        with unittest.mock.patch.object(client, "TIMEOUT", 5 * DEADLINE):
            for group in ("network", "disk", "clock"):
                of_group = [f for f in chosen if f.group == group]
                if of_group:
                    run_group(result, group, of_group, seconds, binaries)
    finally:
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)
    return result.end()


if __name__ == "__main__":
    sys.exit(main())
