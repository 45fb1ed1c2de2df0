# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Crashes, stalls and restarts of real processes."""

import threading
import time

import grpc

import client
from client import Client, code_of
from registry import test

Code = grpc.StatusCode

KILLS = 5


@test
def P4_acknowledged_versions_survive_kill_9(keyward):
    acknowledged = []
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"0")
    for _ in range(KILLS):
        stop = threading.Event()

        def write():
            with Client(keyward.address, keyward.identity("admin")) as writer:
                number = len(acknowledged)
                while not stop.is_set():
                    number += 1
                    try:
                        answer = writer.add("db", b"value %d" % number)
                    except grpc.RpcError:
                        return
                    version = answer.version.name.rsplit("/", 1)[1]
                    acknowledged.append((version, b"value %d" % number))

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.4)
        keyward.kill()
        stop.set()
        writer.join(client.TIMEOUT + 5)
        keyward.restart()
        with Client(keyward.address, keyward.identity("admin")) as admin:
            for version, value in acknowledged[-50:]:
                assert admin.access("db", version) == value, version
    assert len(acknowledged) > KILLS
    keyward.ok("audit", "verify", "--data", keyward.data(""))


@test
def P8_without_audit_nothing_is_answered(keyward):
    if keyward.form != "five":
        return
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        audit = keyward.processes["audit"]
        audit.pause()
        began = time.monotonic()
        code = code_of(admin.access, "db", timeout=3)
        assert code in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED), code
        assert time.monotonic() - began < 4
        audit.resume()
        deadline = time.monotonic() + 20
        while code_of(admin.access, "db") != Code.OK:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        audit.kill()
        assert code_of(admin.access, "db", timeout=3) != Code.OK
        audit.start()
        audit.wait_ready()
        deadline = time.monotonic() + 20
        while code_of(admin.access, "db") != Code.OK:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@test
def a_drain_finishes_what_it_began(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    codes = set(keyward.stop().values())
    assert codes == {0}, codes
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"one"


@test
def a_drain_ends_open_streams(keyward):
    """Both an idle stream and one whose client has just gone wait inside a
    service while everything around them is taken down."""
    secrets = client.module("keyward.secrets.v1.secret_service_pb2")
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        # The change may overtake the streams: they begin before it anyway.
        position = admin.secrets.ListSecrets(
            secrets.ListSecretsRequest(parent="projects/default"),
            timeout=30).watch_position
        watch, gone = (
            admin.secrets.WatchSecrets(
                secrets.WatchSecretsRequest(
                    parent="projects/default", position=position),
                timeout=60)
            for _ in range(2))
        tail = admin.audit.TailEntries(
            audit.TailEntriesRequest(parent="system", start_index=0),
            timeout=60)
        admin.create("db", b"one")
        next(watch), next(gone), next(tail)
        gone.cancel()
        codes = set(keyward.stop().values())
        assert codes == {0}, codes
        ends = {code_of(lambda stream=stream: [None for _ in stream])
                for stream in (watch, tail)}
        assert ends == {Code.UNAVAILABLE}, ends
