# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Starts and stops real Keyward processes for tests.

A deployment is the release binaries in a temporary home, on loopback and free
ports: one process ("standalone") or five ("five"). The same tests run on both.
Only processes that were started here are ever signalled, by their id.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 30
STOP_SECONDS = 15

FIVE = ("store", "policy", "audit", "rotation", "gateway")

# Which services each of the five calls.
PEERS = {
    "store": ("audit",),
    "policy": ("store", "rotation", "audit"),
    "audit": ("store", "policy"),
    "rotation": (),
    "gateway": ("store", "policy", "audit", "rotation"),
}


def free_ports(count):
    """Ports that were free a moment ago; held together so that none repeats.

    They are below those that Linux gives to connections: one of these can be
    taken by any client between now and the start of the process.
    """
    with contextlib.ExitStack() as stack:
        ports = []
        while len(ports) < count:
            listener = stack.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", random.randrange(10000, 32000)))
            except OSError:
                continue
            ports.append(listener.getsockname()[1])
        return ports


class ProcessFailed(Exception):
    """A process ended by itself, or did not get ready; holds its log."""


class Process:
    """One binary with its log file. Can be killed, stopped and resumed."""

    def __init__(self, name, argv, log_path, metrics_port):
        self.name = name
        self.argv = argv
        self.log_path = log_path
        self.metrics_port = metrics_port
        # What its environment has besides ours, from the next start on.
        self.environment = {}
        self.child = None

    def start(self):
        log = open(self.log_path, "ab")
        with log:
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, **self.environment),
            )
        return self

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def ready(self):
        """Whether the metrics port says that the service serves."""
        try:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.metrics_port, timeout=1
            )
            connection.request("GET", "/metrics")
            body = connection.getresponse().read().decode()
            connection.close()
        except OSError:
            return False
        return any(
            line.startswith("keyward_ready") and line.split()[-1] in ("1", "1.0")
            for line in body.splitlines()
        )

    def wait_ready(self, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.running():
                raise ProcessFailed(f"{self.name} ended:\n{self.log()[-3000:]}")
            if self.ready():
                return
            time.sleep(0.05)
        raise ProcessFailed(f"{self.name} is not ready:\n{self.log()[-3000:]}")

    def kill(self):
        """As a crash: no warning, nothing flushed."""
        if self.running():
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()

    def pause(self):
        self.child.send_signal(signal.SIGSTOP)

    def resume(self):
        self.child.send_signal(signal.SIGCONT)

    def stop(self):
        """As an operator: SIGTERM, and an exit code."""
        if not self.running():
            return self.child.returncode if self.child else None
        self.child.send_signal(signal.SIGCONT)
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailed(
                f"{self.name} did not stop:\n{self.log()[-3000:]}"
            ) from None


class Deployment:
    """A running Keyward in a folder of its own. Use as a context manager."""

    def __init__(self, form, binaries, settings=()):
        assert form in ("standalone", "five")
        self.form = form
        self.binaries = binaries
        self.settings = list(settings)
        self.folder = tempfile.mkdtemp(prefix="keyward-test-")
        self.home = os.path.join(self.folder, "home")
        self.processes = {}
        # What is undone once the processes are gone, such as mounts.
        self.undo = contextlib.ExitStack()
        self._identities = {}
        self._plan()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.close()

    # -- processes ---------------------------------------------------------

    def binary(self, name):
        return os.path.join(self.binaries, name)

    def port(self, name):
        """Where a process listens."""
        argv = self.processes[name].argv
        return int(argv[argv.index("--listen") + 1].rsplit(":", 1)[1])

    def _add(self, name, port, metrics_port, extra=()):
        argv = [
            self.binary(f"keyward-{name}"),
            "--home", self.home,
            "--listen", f"127.0.0.1:{port}",
            "--metrics", f"127.0.0.1:{metrics_port}",
        ]
        for setting in list(extra) + self.settings:
            argv += ["--set", setting]
        log = os.path.join(self.folder, f"{name}.log")
        self.processes[name] = Process(name, argv, log, metrics_port)

    def _plan(self):
        if self.form == "standalone":
            port, metrics = free_ports(2)
            self.address = f"127.0.0.1:{port}"
            self._add("standalone", port, metrics)
            return
        # All at once: drawn apart, one of these was now and then one of those.
        free = free_ports(2 * len(FIVE))
        ports = dict(zip(FIVE, free))
        metrics = dict(zip(FIVE, free[len(FIVE):]))
        self.address = f"127.0.0.1:{ports['gateway']}"
        for name in FIVE:
            extra = [
                f"{peer}.address=127.0.0.1:{ports[peer]}" for peer in PEERS[name]
            ]
            self._add(name, ports[name], metrics[name], extra)

    @contextlib.contextmanager
    def another_gateway(self, *settings):
        """One more gateway before the same services, in form five: its process
        and its address. It ends with the context. Its settings are those of the
        first, and then these.
        """
        port, metrics = free_ports(2)
        name = f"gateway-{port}"
        argv = list(self.processes["gateway"].argv)
        argv[argv.index("--listen") + 1] = f"127.0.0.1:{port}"
        argv[argv.index("--metrics") + 1] = f"127.0.0.1:{metrics}"
        for setting in settings:
            argv += ["--set", setting]
        log = os.path.join(self.folder, f"{name}.log")
        process = Process(name, argv, log, metrics).start()
        try:
            process.wait_ready()
            yield process, f"127.0.0.1:{port}"
        finally:
            process.kill()

    @property
    def front(self):
        """The process that clients talk to."""
        return self.processes[
            "standalone" if self.form == "standalone" else "gateway"
        ]

    def set(self, *settings, process=None):
        """Adds settings of one process, the front if none is named.

        They count from the next start on.
        """
        process = self.processes[process] if process else self.front
        for setting in settings:
            process.argv += ["--set", setting]

    def unset(self, setting):
        """Takes back a setting of the front."""
        place = self.front.argv.index(setting)
        del self.front.argv[place - 1:place + 1]

    def initialize(self):
        """Makes the installation's keys and certificates, once, offline."""
        if not os.path.exists(self.home):
            subprocess.run(
                [self.binary("keyward-standalone"), "--home", self.home, "--init"],
                check=True, capture_output=True,
            )

    def start(self):
        if self.form == "five":
            self.initialize()
        for process in self.processes.values():
            process.start()
        self.wait_ready()

    def wait_ready(self):
        for process in self.processes.values():
            process.wait_ready()

    def stop(self):
        # Front first, as an operator would drain.
        return {
            name: process.stop()
            for name, process in reversed(list(self.processes.items()))
        }

    def kill(self):
        for process in self.processes.values():
            process.kill()

    def restart(self):
        for process in self.processes.values():
            process.start()
        self.wait_ready()

    def close(self):
        self.kill()
        self.undo.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        return "\n".join(
            f"== {name}\n{process.log()[-4000:]}"
            for name, process in self.processes.items()
        )

    def check_logs(self):
        """Fails unless every line of every process's log is well formed.

        A process that refuses to start ends with one line for people.
        """
        for process in self.processes.values():
            for line in process.log().splitlines():
                if line.startswith(f"keyward-{process.name}: "):
                    continue
                try:
                    entry = json.loads(line)
                    missing = {"time", "level", "service", "msg"} - set(entry)
                except (ValueError, TypeError):
                    raise AssertionError(
                        f"{process.name} logged no JSON object: {line!r}"
                    ) from None
                assert not missing, (process.name, missing, line)
                assert entry["service"] == process.name, line

    def data(self, service):
        return os.path.join(self.home, "data", service)

    # -- identities and commands -------------------------------------------

    def identity(self, name):
        """Files (ca, certificate, key) of an identity, issued if need be."""
        tls = os.path.join(self.home, "tls")
        ca = os.path.join(self.home, "keys", "ca.pem")
        if name == "admin":
            return (
                ca,
                os.path.join(tls, "admin.pem"),
                os.path.join(tls, "admin.key"),
            )
        if name not in self._identities:
            out = os.path.join(self.folder, "identities")
            os.makedirs(out, mode=0o700, exist_ok=True)
            subprocess.run(
                [self.binary("keyward"), "identity", "issue", name,
                 "--home", self.home, "--out", out],
                check=True, capture_output=True,
            )
            self._identities[name] = (
                ca,
                os.path.join(out, f"{name}.pem"),
                os.path.join(out, f"{name}.key"),
            )
        return self._identities[name]

    def environment(self, name="admin"):
        ca, certificate, key = self.identity(name)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.path.join(self.folder, "people", name),
            "KEYWARD_ADDR": self.address,
            "KEYWARD_CA": ca,
            "KEYWARD_CERT": certificate,
            "KEYWARD_KEY": key,
            "KEYWARD_DATA": os.path.join(self.home, "data"),
            "KEYWARD_HOME": self.home,
        }
        os.makedirs(environment["HOME"], mode=0o700, exist_ok=True)
        return environment

    def run(self, *arguments, identity="admin", stdin=b"", timeout=60):
        """Runs `keyward` and returns the finished process, never raising."""
        return subprocess.run(
            [self.binary("keyward"), *arguments],
            input=stdin, capture_output=True, timeout=timeout,
            env=self.environment(identity), check=False,
        )

    def ok(self, *arguments, **options):
        """Runs `keyward`, which must succeed, and returns its output."""
        done = self.run(*arguments, **options)
        if done.returncode != 0:
            raise AssertionError(
                f"keyward {' '.join(arguments)} exited {done.returncode}: "
                f"{done.stderr.decode(errors='replace')}\n{self.logs()}"
            )
        return done.stdout

    def json(self, *arguments, **options):
        return json.loads(self.ok(*arguments, "--output", "json", **options))

    def refused(self, *arguments, **options):
        """Runs `keyward`, which must exit 1, and returns its error text."""
        done = self.run(*arguments, **options)
        if done.returncode != 1:
            raise AssertionError(
                f"keyward {' '.join(arguments)} exited {done.returncode}, "
                f"not 1: {done.stdout!r} {done.stderr!r}"
            )
        return done.stderr.decode(errors="replace")

    def grant(self, name, role, resource, identity):
        principal = f"spiffe://keyward.internal/workload/{identity}"
        self.ok("policy", "grant", principal, role, resource, "--name", name)
