# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Clients that know nothing of Keyward but what it reflects.

grpcurl is written in Go on another gRPC than ours. Debian does not have it:
it is built once, from the Go module proxy, and kept outside of the repository.
Where that is not possible these tests are skipped, and say why.
"""

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile

import client
import examples
from client import ROOT, Client
from registry import Skip, test

# The newest that Debian 12's Go, 1.19, builds.
VERSION = "v1.8.9"
BUILD_SECONDS = 600

# What grpcurl adds to a gRPC code to make its exit code.
CODE_BASE = 64

PUBLIC = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "keyward.audit.v1.AuditService",
    "keyward.keys.v1.KeyService",
    "keyward.operators.v1.OperatorService",
    "keyward.policy.v1.PolicyService",
    "keyward.secrets.v1.SecretService",
]


def build(folder):
    """Builds grpcurl into a new folder; otherwise returns why not."""
    if shutil.which("go") is None:
        return "there is no Go to build grpcurl with"
    with tempfile.TemporaryDirectory(prefix="keyward-go-") as work:
        go_environment = {
            **examples.environment(), "GOBIN": os.path.join(work, "bin")}
        try:
            subprocess.run(
                ["go", "install",
                 f"github.com/fullstorydev/grpcurl/cmd/grpcurl@{VERSION}"],
                env=go_environment, capture_output=True, check=True,
                timeout=BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            return f"grpcurl was not built within {BUILD_SECONDS} s"
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            return f"grpcurl cannot be built: {said.splitlines()[-1]}"
        shutil.rmtree(folder + ".new", ignore_errors=True)
        shutil.copytree(go_environment["GOBIN"], folder + ".new")
        os.rename(folder + ".new", folder)
    return None


# Remembered: one attempt has to do for all tests.
@functools.lru_cache
def tool():
    """The folder in which grpcurl lies, and why there is none."""
    folder = os.path.join(
        os.environ["KEYWARD_CACHE"], "tools", f"grpcurl-{VERSION}")
    if os.path.exists(folder):
        return folder, None
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    return folder, build(folder)


def tool_folder():
    folder, missing = tool()
    if missing:
        raise Skip(missing)
    return folder


def environment(keyward, identity="admin"):
    found = keyward.environment(identity)
    found["PATH"] = tool_folder() + os.pathsep + found["PATH"]
    return found


def shell(keyward, script, identity="admin"):
    """Runs lines as a person would type them."""
    return subprocess.run(
        ["/bin/bash", "-e", "-O", "expand_aliases", "/dev/stdin"],
        input=script.encode(), capture_output=True, timeout=60, check=False,
        env=environment(keyward, identity))


def readme_block():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"```sh\n(.*?)```", file.read(), re.DOTALL)
    found = [block for block in blocks if "grpcurl" in block]
    assert len(found) == 1, found
    return found[0]


@test
def grpcurl_lists_describes_and_calls_as_the_readme_shows(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("shown-by-grpcurl", b"value")
    done = shell(keyward, readme_block())
    assert done.returncode == 0, done
    lines = done.stdout.decode().split("\n")
    assert lines[:len(PUBLIC)] == PUBLIC, lines[:10]
    described, called = done.stdout.decode().split("{\n  \"secrets\"")
    assert "service SecretService {" in described
    for method in ("AccessSecretVersion", "WatchSecrets"):
        assert f"rpc {method} ( .keyward.secrets.v1" in described, described
    answer = json.loads("{\"secrets\"" + called)
    assert [secret["name"] for secret in answer["secrets"]] == [
        "projects/default/secrets/shown-by-grpcurl"]
    # A list shows no values.
    assert "dmFsdWU" not in called


@test
def grpcurl_shows_who_was_refused_and_why(keyward):
    call = (
        "grpcurl -cacert $KEYWARD_CA {credentials} -d "
        "'{{\"name\":\"projects/default/secrets/db\"}}' $KEYWARD_ADDR "
        "keyward.secrets.v1.SecretService/AccessSecretVersion")
    done = shell(
        keyward,
        call.format(credentials="-cert $KEYWARD_CERT -key $KEYWARD_KEY"),
        identity="stranger")
    assert done.returncode == CODE_BASE + 7, done
    # It knows the details' types without any file of ours.
    for shown in ("Code: PermissionDenied", "google.rpc.ErrorInfo",
                  "\"reason\": \"PERMISSION_DENIED\"",
                  "\"action\": \"secrets.access\""):
        assert shown in done.stderr.decode(), done.stderr.decode()
    done = shell(keyward, call.format(credentials=""), identity="stranger")
    assert done.returncode == CODE_BASE + 16, done
    assert "Code: Unauthenticated" in done.stderr.decode()


@test
def health_and_reflection_need_no_credential_and_tell_contracts_only(keyward):
    done = shell(
        keyward,
        "grpcurl -cacert $KEYWARD_CA $KEYWARD_ADDR list\n"
        "grpcurl -cacert $KEYWARD_CA $KEYWARD_ADDR "
        "grpc.health.v1.Health/Check\n")
    assert done.returncode == 0, done
    listed, _, health = done.stdout.decode().partition("{")
    assert listed.split() == PUBLIC, listed
    assert json.loads("{" + health) == {"status": "SERVING"}
    for hidden in ("keyward.internal.store.v1.StoreService",
                   "keyward.internal.audit.v1.AuditLogService",
                   "keyward.config.v1.StandaloneConfig"):
        done = shell(
            keyward,
            f"grpcurl -cacert $KEYWARD_CA $KEYWARD_ADDR describe {hidden}")
        assert done.returncode != 0, done
        assert b"not found" in done.stderr, done


@test
def grpcurl_writes_what_python_reads(keyward):
    # Two protobuf and two gRPC libraries meet over one secret.
    done = shell(keyward, """
alias kw='grpcurl -cacert $KEYWARD_CA -cert $KEYWARD_CERT -key $KEYWARD_KEY'
kw -d '{"parent":"projects/default","secret_id":"db",
        "secret":{"type":"SECRET_TYPE_API_KEY","annotations":{"for":"Käse"}},
        "payload":{"data":"AP8QdmFsdWU=","data_crc32c":%d}}' $KEYWARD_ADDR \
    keyward.secrets.v1.SecretService/CreateSecret
""" % crc32c(b"\x00\xff\x10value"))
    assert done.returncode == 0, done
    created = json.loads(done.stdout)["secret"]
    assert created["type"] == "SECRET_TYPE_API_KEY", created
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"\x00\xff\x10value"
        secret = admin.secrets.GetSecret(
            messages.GetSecretRequest(name=created["name"]),
            timeout=client.TIMEOUT).secret
        assert dict(secret.annotations) == {"for": "Käse"}
        assert secret.etag == created["etag"]


def crc32c(data):
    """CRC-32C (Castagnoli), bit by bit, as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
