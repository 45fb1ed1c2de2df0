# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What operators see of running processes: metrics, and how they end."""

import datetime
import http.client
import os
import re
import signal
import threading
import time

import grpc

import client
from client import Client, eventually, principal
from deployment import STOP_SECONDS
from registry import test

Code = grpc.StatusCode

# The text format that Prometheus reads, version 0.0.4.
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(
    rf"({NAME})(?:\{{((?:{LABEL},?)*)\}})? "
    r"(?:[-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|Inf)|Nan|NaN)$")
COMMENT = re.compile(rf"# (?:HELP {NAME} .*|TYPE {NAME} "
                     r"(?:counter|gauge|histogram|summary|untyped))$")

# What a label may be about: nothing that a caller chooses.
LABELS = {"service", "method", "code", "le", "quantile"}


def scrape(process):
    connection = http.client.HTTPConnection(
        "127.0.0.1", process.metrics_port, timeout=5)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.status == 200, answer.status
    return body


def samples(body):
    """The samples' names and labels; fails at a line that is neither."""
    found = []
    for line in body.splitlines():
        if line.startswith("#"):
            assert COMMENT.match(line), line
            continue
        sample = SAMPLE.match(line)
        assert sample, line
        found.append((sample.group(1),
                      tuple(re.findall(LABEL, sample.group(2) or ""))))
    return found


@test(shared=True)
def metrics_are_well_formed_and_tell_no_name(keyward):
    def use(number):
        name = f"payroll-{number}"
        with Client(keyward.address, keyward.identity("app")) as app:
            client.code_of(app.access, name)
        with Client(keyward.address, keyward.identity("admin")) as admin:
            admin.create(name, b"value")
            admin.access(name)
            client.code_of(admin.channel.unary_unary(
                f"/keyward.secrets.v1.SecretService/Payroll{number}"),
                b"", timeout=client.TIMEOUT)

    use(0)
    # The last to come: the keys are first looked at some seconds after the
    # start.
    keeper = keyward.processes.get("store", keyward.front)
    eventually(lambda: "\nkeyward_damaged_key_versions 0\n" in scrape(keeper))
    before = {name: samples(scrape(process))
              for name, process in keyward.processes.items()}
    for number in range(1, 20):
        use(number)
    for name, process in keyward.processes.items():
        body = scrape(process)
        found = samples(body)
        assert ("keyward_ready", (("service", name),)) in found, name
        assert f'keyward_ready{{service="{name}"}} 1' in body, name
        assert "payroll" not in body.lower(), name
        assert "spiffe" not in body, name
        ours = [labels for of, labels in found if of.startswith("keyward_")]
        for labels in ours:
            assert {label for label, _ in labels} <= LABELS, labels
        # New names make no new series; new methods of other services'
        # background work may.
        if process is keyward.front:
            assert len(found) == len(before[name]), set(found) - set(
                before[name])
    front = samples(scrape(keyward.front))
    assert any(dict(labels).get("method", "").endswith("AccessSecretVersion")
               for _, labels in front), front


# Runs a program that may not lock memory, nor ask for it.
UNLOCKED = ("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock",
            "prlimit", "--memlock=65536:65536")


def memory_is_locked(process):
    """As the kernel has it. All of a process's is far above a few buffers."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        locked, = (int(line.split()[1]) for line in status
                   if line.startswith("VmLck:"))
    return locked > 16 * 1024


def standing(keyward):
    """(start, memory is locked) by service, of all that tell it."""
    return {
        status["service"]: (
            datetime.datetime.fromisoformat(
                status["startTime"].replace("Z", "+00:00")).timestamp(),
            status["memoryLocked"])
        for status in keyward.json("operator", "status")["services"]
        if status.get("startTime")
    }


@test
def P5_status_tells_of_each_process_since_when_and_whether_it_is_locked(
        keyward):
    services = {"gateway", "store", "policy", "audit"}
    if keyward.form == "five":
        services.add("rotation")
    one = keyward.processes.get("store", keyward.front)
    began = os.stat(keyward.folder).st_ctime - 1

    def process_of(service):
        return keyward.processes.get(service, keyward.front)

    def all_told():
        told = standing(keyward)
        return told if set(told) == services else None

    told = eventually(all_told)
    for service, (start, locked) in told.items():
        assert began <= start <= time.time() + 1, (service, start)
        assert locked == memory_is_locked(process_of(service)), service

    # Since it started again, and without the right to lock.
    time.sleep(1.1)
    again = time.time()
    one.stop()
    argv = list(one.argv)
    one.argv = [*UNLOCKED, *argv]
    one.start()
    one.argv = argv
    keyward.wait_ready()

    def told_anew():
        now = all_told()
        newer = now and all(
            now[service][0] >= int(again) for service in services
            if process_of(service) is one)
        return now if newer else None

    now = eventually(told_anew)
    for service in services:
        if process_of(service) is not one:
            assert now[service] == told[service], service
            continue
        assert not memory_is_locked(one)
        assert not now[service][1], service
    assert "may be swapped" in keyward.ok("operator", "status").decode()


class Load:
    """Callers that write and read until they are refused, and open streams."""

    def __init__(self, keyward):
        self.keyward = keyward
        self.stop = threading.Event()
        self.acknowledged = {}
        self.threads = [threading.Thread(target=self._write, args=(number,))
                        for number in range(3)]
        self.threads += [threading.Thread(target=self._watch)]
        self.watching = threading.Event()
        self.stream = None

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        eventually(lambda: len(self.acknowledged) > 20)
        assert self.watching.wait(client.TIMEOUT)
        return self

    def __exit__(self, *exception):
        self.stop.set()
        # It outlives the drain of a service that is not on its way.
        self.stream.cancel()
        for thread in self.threads:
            thread.join(client.TIMEOUT + 5)
            assert not thread.is_alive()

    def _write(self, number):
        with Client(self.keyward.address,
                    self.keyward.identity("admin")) as admin:
            while not self.stop.is_set():
                value = b"%d.%d" % (number, len(self.acknowledged))
                try:
                    answer = admin.add("db", value)
                    admin.access("db")
                except grpc.RpcError:
                    time.sleep(0.02)
                    continue
                version = answer.version.name.rsplit("/", 1)[1]
                self.acknowledged[version] = value

    def _watch(self):
        messages = client.module("keyward.secrets.v1.secret_service_pb2")
        with Client(self.keyward.address,
                    self.keyward.identity("admin")) as admin:
            self.stream = admin.secrets.WatchSecrets(
                messages.WatchSecretsRequest(parent="projects/default"))
            try:
                for _ in self.stream:
                    self.watching.set()
            except grpc.RpcError:
                pass

    def finds_all(self):
        with Client(self.keyward.address,
                    self.keyward.identity("admin")) as admin:
            for version, value in list(self.acknowledged.items())[-100:]:
                assert admin.access("db", version) == value, version


@test
def P4_a_drain_under_load_ends_in_time_and_loses_nothing(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"first")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
    for name, process in reversed(list(keyward.processes.items())):
        with Load(keyward) as load:
            process.child.send_signal(signal.SIGTERM)
            code = process.child.wait(STOP_SECONDS)
            assert code == 0, (name, code)
        process.start()
        keyward.wait_ready()
        eventually(lambda: client.code_of(keyward_reads, keyward) == Code.OK)
        load.finds_all()


def keyward_reads(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.access("db")
