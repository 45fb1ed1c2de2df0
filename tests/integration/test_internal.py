# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The internal services, called directly by those who may not.

What is called is read from the contracts, so that a method that is added later
is tried too, and has to be decided on here.
"""

import contextlib
import os
import subprocess

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import client
import forge
from client import Client, principal
from registry import test

Code = grpc.StatusCode

# Who may call what. Everyone else may call nothing.
ALLOWED = {
    "keyward.internal.store.v1.StoreService": {
        "Execute": {"gateway"},
        "RaiseFence": {"policy"},
        "GetHeldCheckpoint": {"audit"},
        "HoldCheckpoint": {"audit"},
        "ResolveIntents": {"audit"},
        "RaiseFloor": {"audit"},
        "FollowEvents": {"gateway"},
        "PurgeProject": {"policy"},
        "GetInstallation": {"gateway"},
        "GetStanding": {"gateway"},
    },
    "keyward.internal.policy.v1.PolicyInternalService": {
        "Execute": {"gateway"},
        "FollowSnapshots": {"gateway"},
        "GetHeldCheckpoint": {"audit"},
        "HoldCheckpoint": {"audit"},
        "ResolveIntents": {"audit"},
        "RaiseFloor": {"audit"},
        "GetStanding": {"gateway"},
    },
    "keyward.internal.audit.v1.AuditLogService": {
        "Append": {"gateway", "store", "policy"},
        "RaiseFence": {"policy"},
        "GetLogState": {"gateway", "policy"},
        "Execute": {"gateway"},
        "FollowEntries": {"gateway"},
        "GetCheckpoint": {"gateway", "store", "policy"},
        "GetStanding": {"gateway"},
    },
    "keyward.internal.rotation.v1.RotationInternalService": {
        "GetReadiness": {"gateway"},
        "GetStanding": {"gateway"},
    },
}

SERVICES = ("gateway", "store", "policy", "audit", "rotation")

SECRET = "projects/default/secrets/db"
VALUE = b"seen by nobody"
FORGED = "spiffe://keyward.internal/workload/forged"

# Far above every revision, index and number that there is: what is raised to
# it stops the installation.
HIGH = 1 << 40

STREAM_SECONDS = 1


class Method:
    """A method of an internal service, from its contract."""

    def __init__(self, service, descriptor, request):
        self.service = service
        # "store", as in the package's name.
        self.process = service.full_name.split(".")[2]
        self.name = descriptor.name
        self.path = f"/{service.full_name}/{descriptor.name}"
        self.streams = descriptor.server_streaming
        self.request = request

    def code(self, channel, request):
        """The code that a call with these bytes ends with, and the answer."""
        kind = channel.unary_stream if self.streams else channel.unary_unary
        call = kind(self.path)
        try:
            if not self.streams:
                return Code.OK, call(request, timeout=client.TIMEOUT)
            # Open until somebody ends it: what it is about to say is enough.
            return Code.OK, next(call(request, timeout=STREAM_SECONDS))
        except StopIteration:
            return Code.OK, b""
        except grpc.RpcError as error:
            return error.code(), b""


def methods():
    """Every method of every internal service."""
    proto = os.path.join(client.ROOT, "proto")
    internal = os.path.join(proto, "keyward", "internal")
    files = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(internal) for name in names
        if name.endswith(".proto"))
    described = subprocess.run(
        ["/usr/bin/protoc", f"-I{proto}/external", f"-I{proto}",
         "-I/usr/include", "--include_imports",
         "--descriptor_set_out=/dev/stdout", *files],
        check=True, capture_output=True).stdout
    pool = descriptor_pool.DescriptorPool()
    found = []
    names = []
    for file in descriptor_pb2.FileDescriptorSet.FromString(described).file:
        pool.Add(file)
        if file.package.startswith("keyward.internal."):
            names += [f"{file.package}.{service.name}"
                      for service in file.service]
    factory = message_factory.MessageFactory(pool)
    for name in names:
        service = pool.FindServiceByName(name)
        found += [
            Method(service, method, factory.GetPrototype(method.input_type))
            for method in service.methods
        ]
    assert found, "no internal service was found"
    return found


def access():
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    return messages.AccessSecretVersionRequest(name=SECRET).SerializeToString()


def entry():
    messages = client.module("keyward.audit.v1.audit_entry_pb2")
    return messages.AuditEntry(
        kind=messages.ENTRY_KIND_ACCESS, principal=FORGED, resource=SECRET,
        action="secrets.access").SerializeToString()


# Values without which a request would be refused whoever sends it.
VALUES = {
    "keyward.internal.call.v1.Call.request_id":
        "8d2f0b9c-6d1f-4b0e-9a55-3c1f4c1d7f10",
    "keyward.internal.call.v1.Call.element": 0,
    "keyward.internal.call.v1.Call.method":
        "keyward.secrets.v1.SecretService.AccessSecretVersion",
    "keyward.internal.call.v1.Call.request": access,
    "keyward.internal.call.v1.Call.principal": FORGED,
    "keyward.internal.call.v1.Call.resource": SECRET,
    "keyward.internal.call.v1.Call.intent_id": None,
    "keyward.internal.call.v1.Call.attributes_etag": None,
    "keyward.internal.call.v1.Call.checkpoint": None,
    "keyward.internal.audit.v1.AppendItem.entries": entry,
    "keyward.internal.audit.v1.AppendItem.fenced_revision": None,
    "keyward.internal.store.v1.PurgeProjectRequest.project": "default",
    "google.protobuf.Duration.seconds": 10,
    "google.protobuf.Duration.nanos": 0,
}


def fill(message, project_uid):
    """Gives every field a value with which the request would do harm."""
    for field in message.DESCRIPTOR.fields:
        if field.full_name in VALUES:
            value = VALUES[field.full_name]
            value = value() if callable(value) else value
        elif field.name == "project_uid":
            value = project_uid
        elif field.message_type is not None:
            repeated = field.label == field.LABEL_REPEATED
            place = getattr(message, field.name)
            fill(place.add() if repeated else place, project_uid)
            if not repeated:
                place.SetInParent()
            continue
        else:
            value = {field.CPPTYPE_STRING: b"x" if field.type ==
                     field.TYPE_BYTES else "x",
                     field.CPPTYPE_BOOL: True,
                     field.CPPTYPE_ENUM: 1}.get(field.cpp_type, HIGH)
            if field.cpp_type == field.CPPTYPE_INT32:
                value = 1 << 30
        if value is None:
            continue
        if field.label == field.LABEL_REPEATED:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def believe_corp(keyward):
    """Internal services, too, believe a second trust domain."""
    keyward.initialize()
    keyward.corp = forge.authority("corp")
    bundle = forge.write(
        os.path.join(keyward.folder, "corp-bundle.pem"), keyward.corp.pem())
    development = os.path.join(keyward.home, "keys", "ca.pem")
    for name in keyward.processes:
        keyward.set(
            f"trust_domains=[{{name: keyward.internal, bundle_file: "
            f"'{development}'}}, {{name: corp.test, bundle_file: "
            f"'{bundle}'}}]", process=name)


def service_identity(keyward, name):
    tls = os.path.join(keyward.home, "tls", name)
    return keyward.identity("admin")[0], f"{tls}.pem", f"{tls}.key"


def forged_identity(keyward, name, issuer, uri):
    certificate = forge.Certificate(name, issuer, uris=[uri])
    return keyward.identity("admin")[0], *certificate.save(
        keyward.folder, name)


def strangers(keyward):
    """Those who are no service of this installation, and what they get."""
    ca = keyward.identity("admin")[0]
    gateway = "spiffe://keyward.internal/service/gateway"
    return {
        "a workload": (keyward.identity("payments-api"),
                       Code.PERMISSION_DENIED),
        "an administrator": (keyward.identity("admin"),
                             Code.PERMISSION_DENIED),
        # A service's name in another trust domain, and its whole id from the
        # authority of another.
        "another domain's gateway": (
            forged_identity(keyward, "theirs", keyward.corp,
                            "spiffe://corp.test/service/gateway"),
            Code.PERMISSION_DENIED),
        "another domain's word for it": (
            forged_identity(keyward, "claimed", keyward.corp, gateway),
            Code.UNAUTHENTICATED),
        # These get no connection.
        "a foreign authority's word for it": (
            forged_identity(keyward, "foreign", forge.authority("foreign"),
                            gateway), Code.UNAVAILABLE),
        "nobody": ((ca, None, None), Code.UNAVAILABLE),
    }


def address_of(keyward, name):
    argv = keyward.processes[name].argv
    return argv[argv.index("--listen") + 1]


@contextlib.contextmanager
def connected(addresses, identity):
    """Channels of one identity, by the name of the process."""
    with contextlib.ExitStack() as open_ones:
        yield {
            name: open_ones.enter_context(Client(address, identity)).channel
            for name, address in addresses.items()
        }


def uid_of_default(keyward):
    project, = (p for p in keyward.json("project", "list")["projects"]
                if p["name"] == "projects/default")
    return project["uid"]


@test(prepare=believe_corp)
def P1_internal_services_answer_nobody_but_those_who_are_named(keyward):
    every = methods()
    for service, expected in ALLOWED.items():
        assert {m.name for m in every
                if m.service.full_name == service} == set(expected), service
    assert {m.service.full_name for m in every} == set(ALLOWED)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", VALUE)
        admin.bind("app", "secrets.accessor", principal("app"), SECRET)
    uid = uid_of_default(keyward)
    requests = {m: fill(m.request(), uid).SerializeToString() for m in every}
    policy = keyward.json("policy", "get")

    if keyward.form == "five":
        addresses = {m.process: address_of(keyward, m.process) for m in every}
        _refuses_strangers(keyward, addresses, requests)
        _refuses_other_services(keyward, addresses, requests)
    # A gateway serves none of it, to no one.
    front = {m.process: keyward.address for m in every}
    for name in SERVICES:
        with connected(front, service_identity(keyward, name)) as channels:
            for method, request in requests.items():
                code, answer = method.code(channels[method.process], request)
                assert (code, answer) == (Code.UNIMPLEMENTED, b""), (
                    name, method.path, code)

    # Nothing was changed, and no fence, floor or checkpoint was raised: they
    # would stop what follows, now or at the next start.
    assert keyward.json("policy", "get") == policy
    for _ in range(2):
        with Client(keyward.address, keyward.identity("admin")) as admin:
            assert admin.access("db") == VALUE
            admin.add("db", VALUE)
            admin.bind("app", "secrets.accessor", principal("app"), SECRET)
        found = keyward.json("audit", "query", "system", "--principal", FORGED)
        assert not found.get("entries"), found
        keyward.ok("audit", "verify")
        keyward.kill()
        keyward.restart()


def _refuses_strangers(keyward, addresses, requests):
    for who, (identity, expected) in strangers(keyward).items():
        with connected(addresses, identity) as channels:
            for method, request in requests.items():
                # Malformed ones too: what is wrong with a request is not told.
                for content in (request, b"", b"\xff"):
                    code, answer = method.code(
                        channels[method.process], content)
                    assert (code, answer) == (expected, b""), (
                        who, method.path, code, answer)


def _refuses_other_services(keyward, addresses, requests):
    seen = b""
    for name in SERVICES:
        with connected(addresses, service_identity(keyward, name)) as channels:
            for method, request in requests.items():
                allowed = ALLOWED[method.service.full_name][method.name]
                channel = channels[method.process]
                if name not in allowed:
                    code, answer = method.code(channel, request)
                    assert (code, answer) == (Code.PERMISSION_DENIED, b""), (
                        name, method.path, code)
                    continue
                # An empty request does no harm, and is let through.
                code, _ = method.code(channel, b"")
                assert code not in (
                    Code.PERMISSION_DENIED, Code.UNAUTHENTICATED,
                    Code.UNIMPLEMENTED), (name, method.path, code)
                if method.process == "store" and method.name == "Execute":
                    seen = method.code(channel, request)[1]
    # So the requests are such as would have been answered: by one of them the
    # gateway gets the value.
    assert VALUE in seen, seen
