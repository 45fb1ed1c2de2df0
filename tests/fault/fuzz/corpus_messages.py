# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds that are serialized protocol buffers, from their text form by protoc;
see make_corpus.py."""

import os
import subprocess

from corpus_formats import ACCESS, INTENT, OUTCOME, entry, h, u16, u64

HERE = os.path.dirname(os.path.abspath(__file__))
PROTO = os.path.normpath(os.path.join(HERE, "..", "..", "..", "proto"))

FILES = {
    "google.rpc": "external/google/rpc/status.proto",
    "keyward.audit.v1": "keyward/audit/v1/audit_service.proto",
    "keyward.internal.audit.v1":
        "keyward/internal/audit/v1/audit_log_service.proto",
    "keyward.internal.call.v1": "keyward/internal/call/v1/call.proto",
    "keyward.internal.policy.v1":
        "keyward/internal/policy/v1/policy_service.proto",
    "keyward.internal.store.v1": "keyward/internal/store/v1/store_record.proto",
    "keyward.policy.v1": "keyward/policy/v1/policy_service.proto",
    "keyward.secrets.v1": "keyward/secrets/v1/secret_service.proto",
}


def encode(message, text):
    file = FILES[message.rpartition(".")[0]]
    done = subprocess.run(
        ["protoc", "-Iexternal", "-I.", "-I/usr/include",
         f"--encode={message}", file], cwd=PROTO, input=text.encode(),
        stdout=subprocess.PIPE, check=True)
    return done.stdout


def quoted(data):
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def store_record():
    def record(kind, text):
        return encode(f"keyward.internal.store.v1.{kind}", text)
    return {
        # The examples of services/store/FORMAT.md and services/policy/FORMAT.md.
        "secret": h("""
            08 01 12 14 70726f6a656374732f702f736563726574732f73 1a 02 6162
            28 03 3a 06 0a0161 120131 3a 06 0a0162 120132"""),
        "seal-count": h("08 01 10 80 80 04 18 07 20 01"),
        "policy-head": h("08 01 10 82 02"),
        "policy-delta": h("""
            08 01 10 01 1a 30 08 02 12 1c 12 1a
            0a 0e 73797374656d2f726f6c65732f72 12 08 6b6579732e676574
            1a 0e 73797374656d2f726f6c65732f71"""),
        "version": record("VersionRecord", """
            format: 1 secret_name: "projects/p/secrets/s" secret_uid: "ab"
            number: 7 generation: 1 state: 1 key_name: "projects/p/keys/k"
            key_uid: "cd" key_version: 3 wrapped_data_key: "w"
            sealed_payload: "s" """),
        "key": record("KeyRecord", """
            format: 1 name: "projects/p/keys/k" uid: "cd" primary_version: 1
            versions { number: 1 state: 1 wrapped_material: "m" }"""),
        "request-id": record("RequestIdRecord", """
            format: 1 content_mac: "0123" expire_time: 1800000000000000
            result { format: 1 method: "a.B" response: "r" resource: "s" }"""),
        "checkpoint": record("CheckpointRecord", """
            format: 1 note: "n" tree_size: 258 verifier_key: "k" """),
        "newer": record("EventRecord", 'format: 2 name: "n"'),
        "no-format": record("EventRecord", 'name: "n" version: 1'),
        "event-key": b"event/puid/" + u64(258),
        "wrap-key": b"wrap/kuid/" + u64(3) + b"/suid/" + u64(7),
    }


def policy_entry():
    def apply(text):
        return encode("keyward.policy.v1.ApplyPolicyRequest", text)

    def stream(*updates):
        out = b""
        for update in updates:
            message = encode(
                "keyward.internal.policy.v1.FollowSnapshotsResponse", update)
            out += u16(len(message)) + message
        return out

    role = """name: "projects/payments/roles/deployer"
              actions: "secrets.access" actions: "versions.*" """
    binding = """name: "projects/payments/bindings/b"
                 role: "roles/secrets.accessor"
                 principals: "spiffe://keyward.internal/workload/api"
                 principals: "oidc:corp:alice"
                 resource: "projects/payments/secrets/pay-*"
                 expire_time { seconds: 1900000000 } """
    deny = """name: "projects/payments/denyRules/d" principals: "*"
              credential_ids: "jwt:corp:id1" actions: "*"
              resource: "projects/payments" """
    whole = f"""chunk {{ revision: 3 last: true
        entries {{ project {{ name: "projects/payments" uid: "u" }} }}
        entries {{ role {{ {role} }} }} entries {{ binding {{ {binding} }} }}
        entries {{ deny_rule {{ {deny} }} }} }}"""
    delta = f"""delta {{ revision: 4 removed: "projects/payments/bindings/b"
        entries {{ binding {{ {binding} }} }} }}"""
    return {
        "apply": apply(f"""parent: "projects/payments" roles {{ {role} }}
            bindings {{ {binding} }} deny_rules {{ {deny} }}"""),
        "apply-to-system": apply("""parent: "system" bindings {
            name: "system/bindings/admins" role: "roles/system.admin"
            principals: "spiffe://keyward.internal/user/admin"
            resource: "system" }"""),
        "bind-keyward": apply("""parent: "system" bindings {
            name: "system/bindings/b" role: "roles/system.admin"
            principals: "system:store" resource: "system" }"""),
        "outside-of-parent": apply(f"""parent: "projects/other"
            bindings {{ {binding} }}"""),
        "canary": apply("""parent: "system" roles { name: "canary7f3a"
            actions: "canary7f3a" description: "canary7f3a" }"""),
        "stream": stream(whole, delta),
        "stream-in-two-chunks": stream(
            "chunk { revision: 3 }",
            f"chunk {{ revision: 3 number: 1 last: true "
            f"entries {{ deny_rule {{ {deny} }} }} }}"),
        "stream-with-a-gap": stream(whole, "delta { revision: 5 }", delta),
        "stream-of-no-kind": stream(whole, ""),
    }


def internal_call():
    secret = "keyward.secrets.v1.SecretService."

    def call(text):
        return b"c" + encode("keyward.internal.call.v1.Call", text)

    def result(text):
        return b"r" + encode("keyward.internal.call.v1.CallResult", text)

    def append(text):
        return b"a" + encode("keyward.internal.audit.v1.AppendItem", text)

    common = """request_id: "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1"
        principal: "oidc:corp:alice" resource: "projects/p/secrets/s"
        project_uid: "u" policy_revision: 3 remaining { seconds: 5 } """
    get = encode("keyward.secrets.v1.GetSecretRequest",
                 'name: "projects/p/secrets/s"')
    create = encode("keyward.secrets.v1.CreateSecretRequest", """
        parent: "projects/p" secret_id: "s"
        payload { data: "canary7f3a" }""")
    answer = encode("keyward.secrets.v1.AccessSecretVersionResponse", """
        name: "projects/p/secrets/s/versions/1" payload { data: "canary7f3a" }""")
    read, intent = entry(ACCESS, 3), entry(INTENT, 3)
    outcome = entry(OUTCOME, intent=7)
    return {
        "call-read": call(f"""{common} method: "{secret}GetSecret"
            request: {quoted(get)}"""),
        "call-change": call(f"""{common} method: "{secret}CreateSecret"
            request: {quoted(create)} intent_id: 7 checkpoint: "n" """),
        "call-change-without-intent": call(
            f'{common} method: "{secret}CreateSecret"'),
        "call-read-with-intent": call(
            f'{common} method: "{secret}GetSecret" intent_id: 7'),
        "call-unknown": call(f'{common} method: "canary7f3a"'),
        "result": result(f"""request_id: "r" resource: "projects/p/secrets/s"
            status {{ }} response: {quoted(answer)}"""),
        "result-change": result("""request_id: "r" outcome: OUTCOME_APPLIED
            status { } response: "" """),
        "result-refused": result("""outcome: OUTCOME_NOT_APPLIED
            refusal: REFUSAL_FENCE status { code: 9 message: "m" }"""),
        "result-lost": result(f"response: {quoted(answer)}"),
        "append": append(f"""id: 1 entries: {quoted(read)}
            entries: {quoted(intent)} fenced_revision: 3
            remaining {{ seconds: 1 nanos: 5 }}"""),
        "append-outcome": append(f"entries: {quoted(outcome)}"),
        "append-without-fence": append(f"entries: {quoted(read)}"),
        "append-check": append("fenced_revision: 3"),
        "append-result": b"a" + encode(
            "keyward.internal.audit.v1.AppendResult",
            "id: 1 status: APPEND_STATUS_FAILED error { code: 14 }"),
        "status": b"s" + encode("google.rpc.Status", """
            code: 9 message: "no" details {
              type_url: "type.googleapis.com/google.rpc.ErrorInfo"
              value: "\\n\\x05STALE\\x12\\x07keyward" }"""),
        "status-retry": b"s" + encode("google.rpc.Status", """
            code: 8 message: "slow" details {
              type_url: "type.googleapis.com/google.rpc.RetryInfo"
              value: "\\n\\x02\\x08\\x05" } details { type_url: "" }"""),
        "status-of-many-details": b"s" + encode(
            "google.rpc.Status", "code: 14" + "".join(
                f' details {{ type_url: "{i}" }}' for i in range(100, 600))),
        "resolved": b"nprojects/p1p/secrets/s\n"
                    b"projects/p1p/secrets/s/versions/12",
        "resolved-alias": b"nprojects/p1p/secrets/versions/versions/latest\n"
                          b"projects/p1p/secrets/versions/versions/3",
    }


def request():
    def update(text):
        return encode("keyward.secrets.v1.UpdateSecretRequest", text)

    def query(text):
        return encode("keyward.audit.v1.QueryEntriesRequest", text)

    return {
        "update": update("""secret { type: SECRET_TYPE_API_KEY
            labels { key: "env" value: "prod" }
            annotations { key: "note" value: "text" }
            version_aliases { key: "stable" value: 2 }
            expire_time { seconds: 1900000000 } deletion_protection: true }
            update_mask { paths: "labels" paths: "annotations"
              paths: "expire_time" paths: "version_aliases" }"""),
        "ttl": update("""secret { ttl { seconds: 3600 } }
            update_mask { paths: "ttl" }"""),
        "both-expiries": update("""secret { ttl { seconds: 3600 }
            expire_time { seconds: 1900000000 } }
            update_mask { paths: "ttl" paths: "expire_time" }"""),
        "extreme-times": update("""secret { ttl { seconds: 9223372036854775807
            nanos: 999999999 } } update_mask { paths: "ttl" }"""),
        "bad-label": update("""secret { labels { key: "canary7f3a!"
            value: "canary7f3a!" } } update_mask { paths: "labels" }"""),
        "output-only": update("""secret { name: "n" uid: "u" }
            update_mask { paths: "canary7f3a" }"""),
        "query": query("""parent: "projects/ppp" page_size: 50
            resource: "projects/ppp/secrets/s" principal: "oidc:corp:alice"
            start_time { seconds: 1700000000 }
            end_time { seconds: 1800000000 } descending: true"""),
        "query-everything": query('parent: "system"'),
        "query-elsewhere": query("""parent: "projects/ppp"
            resource: "projects/pppp/secrets/s" """),
        "query-times": query("""parent: "system"
            start_time { seconds: 253402300799 nanos: 999999999 }
            end_time { seconds: -62135596800 }"""),
    }


SEEDS = {
    "internal_call": internal_call,
    "policy_entry": policy_entry,
    "request": request,
    "store_record": store_record,
}
