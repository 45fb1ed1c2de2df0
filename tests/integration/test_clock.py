# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The system time is set, forwards and backwards, while calls are under way.

Not the machine's: the processes preload a library that shows them another time
of day (wall_clock.cc). No deadline may move with it, neither one of ours nor
one that gRPC keeps.
"""

import contextlib
import mmap
import os
import struct
import subprocess
import threading
import time

import grpc

from client import Client, code_of, eventually
from registry import Skip, test

Code = grpc.StatusCode

HOUR = 3600
# What a call without a deadline gets (protocol.md), and what this machine may
# take longer.
DEFAULT_SECONDS = 10
SLACK = 3


class WallClock:
    """The time of day of the processes that are given its environment."""

    def __init__(self, folder, name="wall_clock"):
        self.library = os.path.join(folder, "wall_clock.so")
        if not os.path.exists(self.library):
            source = os.path.join(os.path.dirname(__file__), "wall_clock.cc")
            subprocess.run(
                ["g++", "-std=c++17", "-O2", "-shared", "-fPIC",
                 "-o", self.library, source, "-ldl"],
                check=True,
            )
        self.path = os.path.join(folder, name)
        with open(self.path, "w+b") as file:
            file.truncate(8)
            self.shown = mmap.mmap(file.fileno(), 8)
        self.environment = {
            "LD_PRELOAD": self.library, "WALL_CLOCK_FILE": self.path,
        }
        self.ahead = 0

    def step(self, seconds):
        """Sets it by so much, for all of its processes at once."""
        self.ahead += seconds
        self.shown[:] = struct.pack("q", int(self.ahead * 10**9))


def preload(keyward):
    # The certificates, which have dates, are valid hours before and after.
    keyward.initialize()
    keyward.clock = WallClock(keyward.folder)
    keyward.clock.step(6 * HOUR)
    for process in keyward.processes.values():
        process.environment = keyward.clock.environment


class Call:
    """A call on a thread of its own: how it ends, and after how long."""

    def __init__(self, function, *arguments, **options):
        self.code = None
        self.seconds = None
        self.thread = threading.Thread(
            target=self._run, args=(function, arguments, options)
        )
        self.thread.start()

    def _run(self, function, arguments, options):
        began = time.monotonic()
        self.code = code_of(function, *arguments, **options)
        self.seconds = time.monotonic() - began

    def wait(self):
        self.thread.join(6 * DEFAULT_SECONDS)
        assert self.code is not None, "the call hangs"
        return self


@contextlib.contextmanager
def paused(process):
    process.pause()
    try:
        yield
    finally:
        process.resume()


@test(prepare=preload)
def P8_setting_the_clock_moves_no_deadline(keyward):
    if keyward.form != "five":
        raise Skip("one process has no peer that can hang")
    clock = keyward.clock
    store = keyward.processes["store"]
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        assert admin.access("db") == b"one"

        # Back, while the store hangs: the answer comes no later.
        with paused(store):
            call = Call(admin.access, "db", timeout=None)
            time.sleep(1)
            clock.step(-HOUR)
            call.wait()
        assert call.code == Code.UNAVAILABLE, call.code
        assert abs(call.seconds - DEFAULT_SECONDS) < SLACK, call.seconds
        eventually(lambda: code_of(admin.access, "db") == Code.OK)

        # Forwards: nothing ends early, and the answer is still good.
        with paused(store):
            call = Call(admin.access, "db", timeout=None)
            time.sleep(1)
            clock.step(2 * HOUR)
            time.sleep(2)
            assert call.code is None, (call.code, call.seconds)
        call.wait()
        assert call.code == Code.OK, call.code

        # Back between two attempts to connect, which gRPC times: a store that
        # was away is found again soon.
        store.kill()
        eventually(lambda: code_of(admin.access, "db") == Code.UNAVAILABLE)
        time.sleep(2)
        clock.step(-HOUR)
        store.start()
        store.wait_ready()
        eventually(lambda: code_of(admin.access, "db") == Code.OK)
    keyward.ok("audit", "verify", "--data", keyward.data(""))


@test(prepare=preload)
def P8_a_command_ends_in_time_whatever_the_clock_does(keyward):
    clock = keyward.clock
    environment = dict(keyward.environment(), **clock.environment)
    argv = [keyward.binary("keyward"), "secret", "list", "--timeout", "6s"]
    subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)
    with paused(keyward.front):
        began = time.monotonic()
        command = subprocess.Popen(
            argv, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(2)
            clock.step(-HOUR)
            assert command.wait(6 * DEFAULT_SECONDS) == 1
        finally:
            command.kill()
            command.wait()
        took = time.monotonic() - began
    assert abs(took - 6) < SLACK, took
    subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)
