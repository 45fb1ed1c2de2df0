# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What is measured: a filled deployment, and an echo server beside it."""

import contextlib
import json
import os
import statistics
import subprocess
import time

import client
import deployment
import forge
import issuer

CALLER = "bench"
TOKEN_SUBJECT = "bench"
TOKEN_SECONDS = 4 * 3600
GATEWAY_ID = "spiffe://keyward.internal/service/gateway"
# At least this many calls are always under way while secrets are made.
FILL_IN_FLIGHT = 256
# What a run of the load generator may take beyond its own time, and what
# filling may take.
EXTRA_SECONDS = 45
FILL_SECONDS = 1500
# Entries of one change of a policy.
CHANGE_ENTRIES = 1000
SYNC_BYTES = 4096
SYNCS = 300

# What the caller itself needs. All other bindings are of other workloads.
OWN_BINDINGS = (
    ("bench-read", "secrets.accessor", client.principal(CALLER),
     "projects/default/secrets/bench-*"),
    ("bench-write", "secrets.writer", client.principal(CALLER),
     "projects/default"),
    ("bench-token", "secrets.accessor", f"oidc:corp:{TOKEN_SUBJECT}",
     "projects/default/secrets/bench-*"),
)


def other_binding(number):
    return (f"app-{number:06}", "secrets.accessor",
            client.principal(f"app-{number:06}"),
            f"projects/default/secrets/app-{number:06}-*")


def busy_s():
    """CPU time of all processors in all processes, since the machine started."""
    with open("/proc/stat", encoding="utf-8") as file:
        ticks = [int(field) for field in file.readline().split()[1:]]
    # Without idle, waiting for disks, and guests, which count twice.
    return sum(ticks[:3] + ticks[5:8]) / os.sysconf("SC_CLK_TCK")


def used_s(pids):
    """CPU time of some processes, and of all that this one has awaited."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    awaited = os.times()
    return (ticks / os.sysconf("SC_CLK_TCK")
            + awaited.children_user + awaited.children_system)


class LoadFailed(Exception):
    """The load generator could not do its work; tells why."""


class EchoServer:
    """The yardstick. Ends with the context, or with this process."""

    def __init__(self, binaries, files):
        ca, certificate, key = files
        self.child = subprocess.Popen(
            [os.path.join(binaries, "bench_echo"),
             "--ca", ca, "--cert", certificate, "--key", key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        self.address = f"127.0.0.1:{int(self.child.stdout.readline())}"
        return self

    def __exit__(self, *exception):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


class Subject:
    """A deployment in one form, and what loads it. Use as a context manager."""

    def __init__(self, form, binaries, payload_bytes):
        self.form = form
        self.binaries = binaries
        self.payload_bytes = payload_bytes
        self.secrets = 0
        self.bindings = 0
        self.stack = contextlib.ExitStack()
        self.keyward = deployment.Deployment(form, binaries)
        self.token = os.path.join(self.keyward.folder, "token")
        # One caller makes all calls, so its quota is not to be what is measured.
        # It is still taken account of at each call.
        self.keyward.set("limits.requests_per_second=1000000",
                         "limits.burst=2000000", issuer.setting(self.keyward))
        self.gateways = []

    def __enter__(self):
        try:
            key = forge.TokenKey("bench")
            forge.write(issuer.jwks_file(self.keyward), forge.key_set(key))
            expire = int(time.time()) + TOKEN_SECONDS
            forge.write(self.token, key.token(sub=TOKEN_SUBJECT, exp=expire))
            self.stack.enter_context(self.keyward)
            tls = os.path.join(self.keyward.home, "tls")
            self.echo = self.stack.enter_context(EchoServer(self.binaries, (
                self.keyward.identity("admin")[0],
                os.path.join(tls, "gateway.pem"),
                os.path.join(tls, "gateway.key"))))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        self.stack.close()
        self.keyward.close()

    # -- filling -----------------------------------------------------------

    def grow_policy(self, bindings):
        """Adds bindings until there are so many."""
        wanted = [OWN_BINDINGS[i] if i < len(OWN_BINDINGS) else other_binding(i)
                  for i in range(self.bindings, bindings)]
        messages = client.module("keyward.policy.v1.policy_pb2")
        with client.Client(
                self.keyward.address, self.keyward.identity("admin")) as admin:
            for first in range(0, len(wanted), CHANGE_ENTRIES):
                admin.apply("system", bindings=[
                    messages.Binding(
                        name=f"system/bindings/{name}", role=f"roles/{role}",
                        principals=[principal], resource=resource)
                    for name, role, principal, resource
                    in wanted[first:first + CHANGE_ENTRIES]])
        self.bindings = max(self.bindings, bindings)

    def grow_secrets(self, secrets):
        """Makes secrets until there are so many; how many a second."""
        count = secrets - self.secrets
        if count <= 0:
            return None
        made = self._load(
            "create", FILL_IN_FLIGHT, FILL_SECONDS, "--first", str(self.secrets),
            "--secrets", str(count), "--seconds", str(FILL_SECONDS))
        if made["completed"] != count or made["failed"]:
            raise LoadFailed(f"of {count} secrets {made['completed']} were made; "
                             f"{made.get('first_failure', 'no failure')}")
        self.secrets = secrets
        return made["completed"] / made["seconds"]

    def add_gateways(self, count):
        """Starts gateways until there are so many."""
        while len(self.gateways) < count - 1:
            process, _ = self.stack.enter_context(self.keyward.another_gateway())
            self.gateways.append(process)

    def restart(self):
        """Stops it as an operator does, and starts it; seconds until it serves."""
        self.keyward.stop()
        began = time.monotonic()
        waiting = list(self.keyward.processes.values())
        for process in waiting:
            process.start()
        while waiting:
            if not all(process.running() for process in waiting):
                raise LoadFailed(f"a process has ended:\n{self.keyward.logs()}")
            if time.monotonic() - began > FILL_SECONDS:
                raise LoadFailed("it does not start")
            waiting = [process for process in waiting if not process.ready()]
            time.sleep(0.005)
        return time.monotonic() - began

    # -- measuring ---------------------------------------------------------

    def pids(self):
        processes = list(self.keyward.processes.values()) + self.gateways
        return [process.pid for process in processes]

    def resident_mib(self):
        """The memory of all its processes now."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                total += sum(int(line.split()[1]) for line in file
                             if line.startswith("VmRSS:"))
        return total / 1024

    def load(self, operation, in_flight, seconds, warm_up, *, identity=CALLER,
             token=False):
        """Runs the load generator at Keyward; what it printed."""
        return self._load(
            operation, in_flight, seconds + warm_up,
            "--seconds", str(seconds), "--warm-up", str(warm_up),
            "--secrets", str(self.secrets), identity=identity, token=token)

    def load_echo(self, in_flight, seconds, warm_up):
        """The same at the echo server."""
        return self._load(
            "echo", in_flight, seconds + warm_up, "--seconds", str(seconds),
            "--warm-up", str(warm_up), address=self.echo.address,
            pids=[self.echo.child.pid])

    def _load(self, operation, in_flight, seconds, *extra, address=None,
              pids=None, identity=CALLER, token=False):
        ca, certificate, key = self.keyward.identity(identity)
        pids = pids or self.pids()
        argv = [
            os.path.join(self.binaries, "bench_load"),
            "--address", address or self.keyward.address,
            "--server-id", GATEWAY_ID, "--ca", ca,
            "--operation", operation, "--in-flight", str(in_flight),
            "--payload-bytes", str(self.payload_bytes),
            "--pids", ",".join(map(str, pids)), *extra]
        argv += (["--token", self.token] if token
                 else ["--cert", certificate, "--key", key])
        began, busy, used = time.monotonic(), busy_s(), used_s(pids)
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=seconds + EXTRA_SECONDS)
        if done.returncode != 0:
            raise LoadFailed(f"{operation}: {done.stderr.decode()}"
                             f"{self.keyward.logs()}")
        found = json.loads(done.stdout)
        others = busy_s() - busy - (used_s(pids) - used)
        machine = os.cpu_count() * (time.monotonic() - began)
        found["others_cpu"] = max(0, others) / machine
        return found

    def fdatasync_us(self):
        """The median of an fdatasync of 4 KiB appended beside the data."""
        path = os.path.join(self.keyward.home, "data", "bench-sync")
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            took = []
            for _ in range(SYNCS):
                os.write(file, bytes(SYNC_BYTES))
                began = time.monotonic_ns()
                os.fdatasync(file)
                took.append(time.monotonic_ns() - began)
        finally:
            os.close(file)
            os.unlink(path)
        return statistics.median(took) / 1000

    def file_system(self):
        """The kind of file system that the data lies on."""
        done = subprocess.run(
            ["stat", "-f", "-c", "%T", self.keyward.home],
            check=True, capture_output=True)
        return done.stdout.decode().strip()
