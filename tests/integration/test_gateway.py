# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A gateway that lies to the services behind it.

It can read what passes through it, and no more: the test takes its certificate
and says what no gateway of ours would.
"""

import contextlib
import uuid

import grpc

import client
from client import Client, code_of, eventually
from registry import Skip, test

Code = grpc.StatusCode

ADMIN = "spiffe://keyward.internal/user/admin"
# Above every index that a log of a test reaches.
UNUSED_INTENT = 1 << 40


def internal(name):
    return client.module(f"keyward.internal.{name}")


@contextlib.contextmanager
def as_gateway(keyward, service):
    """The contract of a service behind the gateway, and a stub of it."""
    process = keyward.processes[service]
    address = process.argv[process.argv.index("--listen") + 1]
    ca, admin, _ = keyward.identity("admin")
    own = admin.replace("admin.pem", "gateway")
    parts = []
    for path in (ca, f"{own}.key", f"{own}.pem"):
        with open(path, "rb") as file:
            parts.append(file.read())
    contract = internal(f"{service}.v1.{service}_service_pb2")
    stubs = internal(f"{service}.v1.{service}_service_pb2_grpc")
    stub = {"store": "StoreServiceStub",
            "policy": "PolicyInternalServiceStub"}[service]
    with grpc.secure_channel(
            address, grpc.ssl_channel_credentials(*parts)) as channel:
        yield contract, getattr(stubs, stub)(channel)


def change(method, request, resource, **fields):
    call = internal("call.v1.call_pb2").Call(
        request_id=str(uuid.uuid4()), method=method,
        request=request.SerializeToString(), principal=ADMIN,
        resource=resource, intent_id=UNUSED_INTENT, **fields)
    call.remaining.FromSeconds(5)
    return call


def changes_with(admin, revision, note):
    """A change of each service's, with a checkpoint."""
    secrets = client.module("keyward.secrets.v1.secret_service_pb2")
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    project = admin.policy.GetProject(
        policy.GetProjectRequest(name="projects/default"),
        timeout=client.TIMEOUT).project
    fields = {"policy_revision": revision, "checkpoint": note}
    return {
        "store": change(
            "keyward.secrets.v1.SecretService.CreateSecret",
            secrets.CreateSecretRequest(
                parent="projects/default", secret_id="forged"),
            "projects/default/secrets/forged",
            project_uid=project.uid, **fields),
        "policy": change(
            "keyward.policy.v1.PolicyService.CreateProject",
            policy.CreateProjectRequest(project_id="forged"),
            "projects/forged", **fields),
    }


def made_up_checkpoint(admin):
    """The log's own checkpoint, about more entries than there are."""
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    note = admin.audit.GetCheckpoint(
        audit.GetCheckpointRequest(), timeout=client.TIMEOUT).checkpoint
    origin, size, rest = note.split(b"\n", 2)
    return b"\n".join([origin, b"%d" % (int(size) + 1000), rest])


@test
def P3_a_checkpoint_that_a_gateway_made_up_keeps_audit_from_nothing(keyward):
    if keyward.form != "five":
        raise Skip("one process has no gateway apart")
    outcomes = internal("call.v1.call_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        note = made_up_checkpoint(admin)
        revision = int(keyward.json("operator", "status")["policyRevision"])
        for service, call in changes_with(admin, revision, note).items():
            with as_gateway(keyward, service) as (contract, stub):
                answer = stub.Execute(contract.ExecuteRequest(calls=[call]),
                                      timeout=client.TIMEOUT)
                # It stops no change, and is not kept.
                assert (answer.results[0].outcome ==
                        outcomes.OUTCOME_APPLIED), answer
                assert code_of(
                    stub.HoldCheckpoint,
                    contract.HoldCheckpointRequest(checkpoint=note),
                    timeout=client.TIMEOUT) == Code.PERMISSION_DENIED
            assert "audit did not sign" in keyward.processes[service].log()
        audit = keyward.processes["audit"]
        audit.kill()
        audit.start()
        audit.wait_ready()
        eventually(lambda: code_of(admin.access, "db") == Code.OK)
    keyward.ok("audit", "verify")


@test
def a_gateway_is_ready_when_it_has_met_the_store(keyward):
    if keyward.form != "five":
        raise Skip("one process has no connections within")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"kept")
    gateway, store = (keyward.processes[name] for name in ("gateway", "store"))
    gateway.kill()
    store.kill()
    waiting = "the store: no connection to it stands"
    before = gateway.log().count(waiting)
    gateway.start()
    eventually(lambda: gateway.log().count(waiting) > before)
    assert not gateway.ready()
    store.start()
    gateway.wait_ready()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"kept"
