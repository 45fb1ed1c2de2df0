#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What good callers get while others do harm (attackers.py).

For each attack: good callers alone, and then beside it. Alone is measured anew
each time, and everything about speed is a ratio to it. Attackers share the
machine here, which they would not elsewhere: they run at the lowest priority.

- The gateway goes on, and what it holds afterwards is about what it held.
- Good callers are served meanwhile: those that were there before, and, where
  that is promised, newcomers.
- Afterwards all are served, with nothing started anew.

  hostile.py                      some attacks, chosen at random
  hostile.py --all                every attack (about 6 minutes)
  hostile.py --attack NAME...     these; the names are attackers.py's functions
  hostile.py --form FORM          standalone or five (default)
  hostile.py --random-seed N      the choices of the run that had N, and the
                                  bytes that its attackers made up
  hostile.py --json FILE          what was tried and found
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

# pylint: disable=wrong-import-position
import attackers  # noqa: E402
import client  # noqa: E402
import deployment  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
from client import Client, principal  # noqa: E402

# How many attacks are chosen, and how long callers are measured, alone and
# beside the attack.
CHOSEN = 3
ALONE_SECONDS, BESIDE_SECONDS = 3, 5
# Until an attack has begun in earnest.
BEGIN_SECONDS = 2
# Within which all are served again.
RECOVERY = 30

# The least that good callers must get beside an attack, of what they get
# alone: less is no longer slow, it is none.
LEAST_SHARE = 0.05
# The most memory that an attack may take.
MOST_MEMORY = 256 << 20
# Many addresses together can have all connections there are: see README.md.
CROWDS_OUT = ("idle_tcp_spread",)

MIB = 1 << 20


class Gauge:
    """What a process holds, watched on a thread."""

    def __init__(self, pid):
        self.pid = pid
        self.memory = self.files = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self.began = processor_seconds(self.pid)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        with contextlib.suppress(OSError):
            while not self._stop.wait(0.1):
                self.memory = max(self.memory, memory(self.pid))
                self.files = max(self.files, open_files(self.pid))

    def processor(self):
        return processor_seconds(self.pid) - self.began


def memory(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class GoodCallers:
    """good_callers.py, running."""

    def __init__(self, keyward, stubs):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(HERE, "good_callers.py"), stubs,
             keyward.address, *keyward.identity("app")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", "no callers"

    def measure(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def ratio(beside, alone):
    """None if nobody was served beside."""
    return beside / alone if beside is not None else None


class Outcome:
    """One attack, and what came of it."""

    HEAD = (f"{'attack':20} {'connections':>11} {'ended':>6} {'frames':>9} "
            f"{'MiB sent':>8} | {'calls':>6} {'p99':>7} {'failed':>6} "
            f"{'newcomers':>9} | {'MiB':>5} {'after':>5} {'files':>6} "
            f"{'CPU':>5}")

    def __init__(self, name):
        self.name = name
        self.did = {}
        self.share = self.slower = None
        self.failed = 0
        self.newcomers = (0, 0)
        # Beyond what there was before.
        self.memory = self.memory_after = self.files = 0
        self.processor = 0
        self.violations = []

    def row(self):
        def number(value, form):
            return "-" if value is None else form.format(value)

        return (
            f"{self.name:20} {self.did['connections']:11,} "
            f"{self.did['ended']:6,} {self.did['frames']:9,} "
            f"{self.did['bytes'] / MIB:8.1f} | "
            f"{number(self.share, '{:.0%}'):>6} "
            f"{number(self.slower, '{:.1f}x'):>7} {self.failed:6,} "
            f"{self.newcomers[1]:4}/{self.newcomers[0]:<4} | "
            f"{self.memory / MIB:5.0f} {self.memory_after / MIB:5.0f} "
            f"{self.files:6,} {self.processor:4.0f}s")

    def wrong(self, what):
        self.violations.append(what)


def attack(keyward, callers, name, random_seed):
    """Runs one attack and judges it."""
    outcome = Outcome(name)
    process = keyward.front
    pid = process.pid
    held, files = memory(pid), open_files(pid)
    alone = callers.measure(ALONE_SECONDS)
    with Gauge(pid) as gauge:
        attacker = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(HERE, "attackers.py"), name,
             str(BEGIN_SECONDS + BESIDE_SECONDS + 1), str(random_seed),
             keyward.address, *keyward.identity("attacker")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            time.sleep(BEGIN_SECONDS)
            beside = callers.measure(BESIDE_SECONDS)
            told, errors = attacker.communicate(
                timeout=10 * (BEGIN_SECONDS + BESIDE_SECONDS))
        finally:
            attacker.kill()
            attacker.wait()
    assert attacker.returncode == 0, errors.decode()
    outcome.did = json.loads(told)
    outcome.share = ratio(beside["per_second"], alone["per_second"])
    outcome.slower = ratio(beside["old"]["p99"], alone["old"]["p99"])
    outcome.failed = beside["old"]["tried"] - beside["old"]["served"]
    outcome.newcomers = (beside["new"]["tried"], beside["new"]["served"])
    outcome.memory, outcome.files = gauge.memory - held, gauge.files - files
    outcome.processor = gauge.processor()
    judge(outcome, callers)
    outcome.memory_after = memory(pid) - held
    return outcome


def judge(outcome, callers):
    if outcome.share < LEAST_SHARE:
        outcome.wrong(f"good callers got {outcome.share:.1%} of what they got "
                      "alone")
    if not outcome.newcomers[1] and outcome.name not in CROWDS_OUT:
        outcome.wrong("no newcomer was served")
    if outcome.failed:
        outcome.wrong(f"{outcome.failed} calls of good callers failed")
    if outcome.memory > MOST_MEMORY:
        outcome.wrong(f"the gateway took {outcome.memory / MIB:.0f} MiB")

    def served():
        now = callers.measure(1)
        return all(now[who]["tried"] == now[who]["served"] > 0
                   for who in ("old", "new"))

    try:
        client.eventually(served, RECOVERY)
    except AssertionError:
        outcome.wrong(f"not all are served {RECOVERY} s later")


def prepare(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("small", b"a secret of no great length")
        admin.create("large", os.urandom(64 << 10))
        for name in ("app", "attacker"):
            admin.bind(name, "secrets.accessor", principal(name),
                       "projects/default")


def run(result, binaries, stubs, name):
    """One attack on processes of its own: what is left of one is not the next
    one's."""
    form = result.options.form
    keyward = deployment.Deployment(form, binaries)
    with contextlib.closing(keyward):
        keyward.start()
        prepare(keyward)
        with contextlib.closing(GoodCallers(keyward, stubs)) as callers:
            outcome = attack(keyward, callers, name, result.random_seed)
        print(f"# {outcome.row()}", flush=True)
        done = keyward.run("audit", "verify", "--data", keyward.data(""))
        if done.returncode != 0:
            outcome.wrong(f"audit verify: {done.stderr.decode()}")
        keyward.check_logs()
        result.tried("attacks")
        result.tried("connections of attackers", outcome.did["connections"])
        result.tried("frames of attackers", outcome.did["frames"])
        result.most("most memory of the gateway, MiB", outcome.memory // MIB)
        for what in outcome.violations:
            result.found("P8", what, attack=name, form=form)
        result.verdict(not outcome.violations, f"{form}.{name}",
                       keyward.logs() if outcome.violations else "")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--attack", action="append",
                        choices=list(attackers.ATTACKS))
    parser.add_argument("--form", choices=("standalone", "five"),
                        default="five")
    result = report.Report("hostile", parser)
    every = list(attackers.ATTACKS)
    chosen = result.options.attack or (
        every if result.options.all else result.random.sample(every, CHOSEN))
    binaries = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    print(f"# {Outcome.HEAD}", flush=True)
    try:
        for name in chosen:
            run(result, binaries, stubs, name)
    finally:
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)
    return result.end()


if __name__ == "__main__":
    sys.exit(main())
