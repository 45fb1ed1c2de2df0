# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The audit log: everything is in it, and it proves itself."""

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
