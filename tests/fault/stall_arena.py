# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong in stalls.py, and the processes to which it is done."""

import contextlib
import dataclasses
import os
import sys
from typing import Callable, Dict, Set

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

# pylint: disable=wrong-import-position
import client  # noqa: E402
import deployment  # noqa: E402
import proxy  # noqa: E402
import test_clock  # noqa: E402
import test_disk  # noqa: E402
from stall_load import (  # noqa: E402
    ACCESS, ADD, CHANGE, KINDS, LIST, Gateway, Guest, Load)

# The gateway whose links can be bad, and the one whose links are good.
FIRST, SECOND = "first", "second"
BOTH = (FIRST, SECOND)
GUESTS = ("guest1", "guest2")

HOUR = 3600
# Enough for the load, too small for RocksDB to reserve a log's space.
DISK = "14m"

EVERYTHING = set(KINDS)
SECRETS = {ACCESS, ADD, LIST}
# What a gateway cannot answer without one of its peers.
NEEDED = {"audit": EVERYTHING, "store": SECRETS, "policy": {CHANGE},
          "rotation": set()}
# What nobody can answer while a process does nothing. A change of the policy
# needs the fence of every service that applies changes; rotation is none yet.
WITHOUT = {"audit": EVERYTHING, "store": EVERYTHING, "policy": {CHANGE},
           "rotation": set(), "gateway": EVERYTHING}


@dataclasses.dataclass
class Fault:
    """Something that goes wrong for a while, and what must be refused then."""

    group: str
    kind: str
    name: str
    # A context manager of an Arena.
    suffered: Callable
    # By gateway: kinds of calls none of which may be answered.
    refused: Dict[str, Set[str]]
    # Kinds of calls of which some must be refused.
    some: Set[str] = dataclasses.field(default_factory=set)


def faults():
    """Every fault, in groups that share processes."""
    for caller, peers in deployment.PEERS.items():
        for peer in peers:
            if caller == "gateway":
                refused = {FIRST: NEEDED[peer]}
            elif caller == "policy" and WITHOUT[peer]:
                refused = dict.fromkeys(BOTH, {CHANGE})
            else:
                refused = {}
            for kind in proxy.FAULTS:
                yield Fault(
                    "network", kind, f"{caller}-{peer}.{kind}",
                    lambda arena, link=(caller, peer), kind=kind:
                    arena.links[link].suffers(kind), refused)
    for name in deployment.FIVE:
        gateways = (FIRST,) if name == "gateway" else BOTH
        yield Fault("network", "stopped", f"{name}.stopped",
                    lambda arena, name=name: arena.stopped(name),
                    dict.fromkeys(gateways, WITHOUT[name]))
    for name, some in (("store", {ADD, CHANGE}), ("policy", {CHANGE}),
                       ("audit", EVERYTHING)):
        yield Fault("disk", "disk", f"{name}.disk_full",
                    lambda arena, name=name: arena.disk_full(name), {}, some)
    for name in deployment.FIVE:
        for how, hours in (("forward", 1), ("back", -1)):
            yield Fault("clock", "clock", f"{name}.clock_{how}",
                        lambda arena, name=name, hours=hours:
                        arena.clock(name, hours * HOUR), {})


class Arena:
    """Five processes, the links between them, a second gateway, and callers."""

    def __init__(self, group, binaries):
        self.keyward = deployment.Deployment("five", binaries)
        self.stack = contextlib.ExitStack()
        self.stack.callback(self.keyward.close)
        self.links = {}
        self.clocks = {}
        self.number = 0
        try:
            self._start(group)
        except BaseException:
            self.stack.close()
            raise

    def _start(self, group):
        keyward = self.keyward
        keyward.initialize()
        direct = [f"{peer}.address=127.0.0.1:{keyward.port(peer)}"
                  for peer in deployment.PEERS["gateway"]]
        if group == "network":
            network = self.stack.enter_context(proxy.Network())
            for caller, peers in deployment.PEERS.items():
                for peer in peers:
                    link = network.link(keyward.port(peer))
                    keyward.set(f"{peer}.address=127.0.0.1:{link.port}",
                                process=caller)
                    self.links[caller, peer] = link
        elif group == "disk":
            test_disk.small_disks(keyward, DISK)
        elif group == "clock":
            for name, process in keyward.processes.items():
                clock = test_clock.WallClock(keyward.folder, f"clock-{name}")
                # The certificates are valid hours before and after.
                clock.step(6 * HOUR)
                process.environment = clock.environment
                self.clocks[name] = clock
        keyward.start()
        _, second = self.stack.enter_context(
            keyward.another_gateway(*direct))
        self.guests = {name: Guest(name) for name in GUESTS}
        self.gateways = [
            Gateway(keyward, name, address, GUESTS, self.stack)
            for name, address in ((FIRST, keyward.address), (SECOND, second))]
        self.pids = self._pids()

    def _pids(self):
        return {name: process.pid if process.running() else None
                for name, process in self.keyward.processes.items()}

    def load(self, probes):
        self.number += 1
        # The gateway that never suffers comes last: what is checked afterwards
        # is asked of it.
        return Load(self.gateways, self.guests, self.number, probes)

    @contextlib.contextmanager
    def stopped(self, name):
        process = self.keyward.processes[name]
        process.pause()
        try:
            client.eventually(lambda: state(process.pid) == "T")
            yield
        finally:
            process.resume()

    def disk_full(self, name):
        return test_disk.full(self.keyward.data(name))

    @contextlib.contextmanager
    def clock(self, name, seconds):
        """Set once and, after, set right again."""
        self.clocks[name].step(seconds)
        try:
            yield
        finally:
            self.clocks[name].step(-seconds)

    def verify(self):
        """What is wrong with the processes and the log, if anything is."""
        if self._pids() != self.pids:
            return f"processes ended: {self.pids}, {self._pids()}"
        done = self.keyward.run(
            "audit", "verify", "--data", self.keyward.data(""))
        if done.returncode != 0:
            return f"audit verify: {done.stderr.decode(errors='replace')}"
        return None


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0]
