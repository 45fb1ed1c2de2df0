# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""gRPC clients for tests, generated from our contracts by Debian's protoc."""

import glob
import importlib
import os
import subprocess
import sys
import tempfile
import time

import grpc

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What a test waits for an answer at most.
TIMEOUT = 10


def generate():
    """Generates Python modules of all contracts into a new folder."""
    out = tempfile.mkdtemp(prefix="keyward-stubs-")
    proto = os.path.join(ROOT, "proto")
    external = os.path.join(proto, "external")
    files = glob.glob(f"{proto}/keyward/*/v1/*.proto")
    files += glob.glob(f"{proto}/keyward/internal/*/v1/*.proto")
    files += glob.glob(f"{external}/google/rpc/*.proto")
    subprocess.run(
        ["/usr/bin/protoc", f"-I{external}", f"-I{proto}", "-I/usr/include",
         f"--python_out={out}", f"--grpc_python_out={out}",
         "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *files],
        check=True,
    )
    use(out)
    return out


def use(out):
    """Makes the modules that were generated into a folder importable."""
    # google/ is also the package of Debian's protobuf: both parts are one
    # namespace, so ours is appended to its path.
    sys.path.insert(0, out)
    import google  # pylint: disable=import-outside-toplevel

    google.__path__.append(os.path.join(out, "google"))


def module(name):
    return importlib.import_module(name)


class Client:
    """Stubs of the public services, with one identity or none."""

    def __init__(self, address, identity, token=None):
        ca, certificate, key = identity
        with open(ca, "rb") as file:
            roots = file.read()
        pair = (None, None)
        if certificate:
            with open(key, "rb") as key_file, open(certificate, "rb") as file:
                pair = (key_file.read(), file.read())
        credentials = grpc.ssl_channel_credentials(roots, *pair)
        if token is not None:
            credentials = grpc.composite_channel_credentials(
                credentials, grpc.access_token_call_credentials(token)
            )
        self.channel = grpc.secure_channel(
            address, credentials,
            # A channel of its own: gRPC would share connections between
            # channels that look alike.
            options=[("grpc.use_local_subchannel_pool", 1)],
        )
        self.secrets = module(
            "keyward.secrets.v1.secret_service_pb2_grpc"
        ).SecretServiceStub(self.channel)
        self.keys = module(
            "keyward.keys.v1.key_service_pb2_grpc"
        ).KeyServiceStub(self.channel)
        self.policy = module(
            "keyward.policy.v1.policy_service_pb2_grpc"
        ).PolicyServiceStub(self.channel)
        self.audit = module(
            "keyward.audit.v1.audit_service_pb2_grpc"
        ).AuditServiceStub(self.channel)
        self.operators = module(
            "keyward.operators.v1.operator_service_pb2_grpc"
        ).OperatorServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.channel.close()

    # The calls that most tests make.

    def create(self, name, value, **fields):
        messages = module("keyward.secrets.v1.secret_service_pb2")
        request = messages.CreateSecretRequest(
            parent="projects/default", secret_id=name, **fields
        )
        request.payload.data = value
        return self.secrets.CreateSecret(request, timeout=TIMEOUT)

    def add(self, name, value, **fields):
        messages = module("keyward.secrets.v1.secret_service_pb2")
        request = messages.AddSecretVersionRequest(
            parent=f"projects/default/secrets/{name}", **fields
        )
        request.payload.data = value
        return self.secrets.AddSecretVersion(request, timeout=TIMEOUT)

    def access(self, name, version=None, timeout=TIMEOUT):
        messages = module("keyward.secrets.v1.secret_service_pb2")
        full = f"projects/default/secrets/{name}"
        if version is not None:
            full += f"/versions/{version}"
        request = messages.AccessSecretVersionRequest(name=full)
        return self.secrets.AccessSecretVersion(request, timeout=timeout).payload.data

    def apply(self, parent="projects/default", **fields):
        messages = module("keyward.policy.v1.policy_service_pb2")
        return self.policy.ApplyPolicy(
            messages.ApplyPolicyRequest(parent=parent, **fields), timeout=TIMEOUT
        )

    def bind(self, name, role, principal, resource):
        policy = module("keyward.policy.v1.policy_pb2")
        return self.apply(
            bindings=[
                policy.Binding(
                    name=f"projects/default/bindings/{name}",
                    role=f"roles/{role}",
                    principals=[principal],
                    resource=resource,
                )
            ]
        )

    def unbind(self, name):
        return self.apply(removed=[f"projects/default/bindings/{name}"])


def principal(name):
    return f"spiffe://keyward.internal/workload/{name}"


def code_of(call, *arguments, **options):
    """The gRPC code that a call ends with."""
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def error_of(call, *arguments, **options):
    """The error that a call ends with, None if it succeeds."""
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error
    return None


def eventually(condition, seconds=15):
    """Waits until the condition is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def details_of(error):
    """The google.rpc details of an error, by type name."""
    status = module("google.rpc.status_pb2").Status()
    types = module("google.rpc.error_details_pb2")
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status.ParseFromString(value)
    found = {}
    for detail in status.details:
        name = detail.type_url.rsplit(".", 1)[-1]
        message = getattr(types, name)()
        detail.Unpack(message)
        found[name] = message
    return found
