# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The audit log: everything is in it, and it proves itself."""

import os

import grpc

import client
from client import Client, code_of, principal
from registry import test


def messages():
    return client.module("keyward.audit.v1.audit_service_pb2")


@test
def reads_and_refusals_are_in_the_log(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("intruder")
    ) as intruder:
        admin.create("db", b"one")
        assert admin.access("db") == b"one"
        assert code_of(intruder.access,
                       "db") == grpc.StatusCode.PERMISSION_DENIED
        answer = admin.audit.QueryEntries(
            messages().QueryEntriesRequest(
                parent="projects/default",
                resource="projects/default/secrets/db", page_size=1000),
            timeout=client.TIMEOUT)
        entry = client.module("keyward.audit.v1.audit_entry_pb2")
        denials = [e.entry for e in answer.entries
                   if e.entry.kind == entry.ENTRY_KIND_DENIAL]
        assert [d.principal for d in denials] == [principal("intruder")]
        reads = [e.entry for e in answer.entries
                 if e.entry.kind == entry.ENTRY_KIND_ACCESS
                 and e.entry.action == "secrets.access"]
        assert [r.resource for r in reads] == [
            "projects/default/secrets/db/versions/1"]
        kinds = [e.entry.kind for e in answer.entries]
        assert entry.ENTRY_KIND_INTENT in kinds
        assert entry.ENTRY_KIND_OUTCOME in kinds


@test
def a_tail_shows_what_happens_and_not_itself(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        stream = admin.audit.TailEntries(
            messages().TailEntriesRequest(parent="system", start_index=0),
            timeout=20)
        admin.create("db", b"one")
        for answer in stream:
            entry = answer.entry.entry
            assert not entry.method.endswith("TailEntries"), entry
            if entry.method.endswith("CreateSecret"):
                break
        stream.cancel()


@test
def P3_the_log_verifies_in_the_data_folder_and_as_an_export(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        for _ in range(30):
            admin.access("db")
    keyward.ok("audit", "verify", "--data", keyward.data(""))
    export = keyward.folder + "/log.export"
    keyward.ok("audit", "export", "--out", export)
    keyward.ok("audit", "verify", "--export", export)
    with open(export, "r+b") as file:
        file.seek(400)
        byte = file.read(1)
        file.seek(400)
        file.write(bytes([byte[0] ^ 1]))
    keyward.refused("audit", "verify", "--export", export)


@test
def P3_one_entry_is_proven_to_who_asks_and_to_who_gets_the_file(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("intruder")
    ) as intruder:
        admin.create("db", b"one")
        # More than one tile of the tree.
        for _ in range(300):
            admin.access("db")
        assert code_of(intruder.access,
                       "db") == grpc.StatusCode.PERMISSION_DENIED
    found = keyward.json("audit", "query", "--principal", principal("intruder"))
    denial, = [e for e in found["entries"]
               if e["entry"]["kind"] == "ENTRY_KIND_DENIAL"]
    file = os.path.join(keyward.folder, "denial.tlog-proof")
    proven = keyward.json("audit", "prove", denial["index"], "--out", file)
    assert proven["index"] == denial["index"], proven
    assert proven["entry"] == denial["entry"], (proven, denial)
    # The first entry, and the last that the pin covers.
    keyward.ok("audit", "prove", "0")
    keyward.ok("audit", "prove", str(int(proven["checkpoint"]["size"]) - 1))
    said = keyward.refused("audit", "prove", "1000000")
    assert "OUT_OF_RANGE" in said and "the log has" in said, said
    said = keyward.refused("audit", "prove", "0", identity="intruder")
    assert "PERMISSION_DENIED" in said and "audit.read" in said, said

    # Offline, to somebody who has the log's key and nothing else of it.
    keyward.stop()
    with open(keyward.data("audit/log.key"), encoding="utf-8") as key:
        verifier_key = key.read().splitlines()[1]
    by_key = ("--ignore-pin", "--verifier-key", verifier_key)
    shown = keyward.json("audit", "verify", "--proof", file, *by_key,
                         identity="auditor")
    assert shown["entry"] == denial["entry"], shown
    with open(file, "r+b") as proof:
        content = proof.read()
        place = content.index(b"index ") + len(b"index ")
        proof.seek(place)
        proof.write(bytes([content[place] ^ 1]))
    said = keyward.refused("audit", "verify", "--proof", file, *by_key,
                           identity="auditor")
    assert "DATA_LOSS" in said, said
