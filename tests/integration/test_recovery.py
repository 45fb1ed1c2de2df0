# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""When nobody administers Keyward any more: the way back, local and audited."""

import os
import shutil
import subprocess
import time

import grpc

import client
from client import Client, code_of, eventually, principal
from registry import test
from test_backup import installation_records, refusal

Code = grpc.StatusCode

ADMIN = "spiffe://keyward.internal/user/admin"

# How long the last administrator has its role.
SHORT_SECONDS = 2


def lose_the_administrator(keyward):
    """Hands the role to somebody whose binding then expires."""
    policy = client.module("keyward.policy.v1.policy_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        short = policy.Binding(
            name="system/bindings/short", role="roles/system.admin",
            principals=[principal("successor")], resource="system")
        short.expire_time.FromSeconds(int(time.time()) + SHORT_SECONDS)
        admin.apply(parent="system", bindings=[short],
                    removed=["system/bindings/administrator"])
        assert code_of(admin.access, "db") == Code.PERMISSION_DENIED
    with Client(keyward.address, keyward.identity("successor")) as successor:
        eventually(lambda: code_of(
            successor.apply, parent="system",
            removed=["system/bindings/short"]) == Code.PERMISSION_DENIED)


def administers(keyward, name):
    """Whether an identity can change the policy of `system`."""
    policy = client.module("keyward.policy.v1.policy_pb2")
    role = policy.Role(name="system/roles/probe", actions=["secrets.get"])
    with Client(keyward.address, keyward.identity(name)) as caller:
        code = code_of(caller.apply, parent="system", roles=[role])
    assert code in (Code.OK, Code.PERMISSION_DENIED), code
    return code == Code.OK


def recover_directly(keyward, recovered):
    """The one-shot mode of the program that has policy's folder."""
    name = "standalone" if keyward.form == "standalone" else "policy"
    return subprocess.run(
        [*keyward.processes[name].argv, "--recover-admin", recovered],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)


def recover_by_command(keyward, *arguments):
    """`keyward operator recover-admin`, with the programs in one folder."""
    folder = os.path.join(keyward.folder, "bin")
    os.makedirs(folder, exist_ok=True)
    for name in ("keyward", "keyward-standalone"):
        target = os.path.join(folder, name)
        if not os.path.exists(target):
            shutil.copy(os.path.realpath(keyward.binary(name)), target)
    return subprocess.run(
        [os.path.join(folder, "keyward"), "operator", "recover-admin",
         *arguments],
        env=keyward.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=60, check=False)


def on_record(keyward, name):
    """The newest record about the installation, as `name` reads it."""
    with Client(keyward.address, keyward.identity(name)) as caller:
        record = installation_records(caller)[-1]
    assert record.principal == "system:operator", record
    assert record.authentication == "local", record
    return record.detail


@test
def a_lost_administrator_comes_back_by_the_command_offline(keyward):
    lose_the_administrator(keyward)
    # Not beside running services: they have the folders.
    beside = recover_by_command(keyward)
    assert beside.returncode == 1, beside
    assert b"process" in beside.stderr, beside.stderr
    assert not administers(keyward, "admin")
    keyward.kill()
    _refused_without_the_root_key(keyward)
    offline = recover_by_command(keyward)
    assert offline.returncode == 0, offline
    keyward.restart()
    assert administers(keyward, "admin")
    detail = on_record(keyward, "admin")
    assert f"recovered the administrator {ADMIN}" in detail, detail
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"one"
    keyward.ok("audit", "verify")


def _refused_without_the_root_key(keyward):
    path = os.path.join(keyward.home, "keys", "root.key")
    os.rename(path, path + ".away")
    without = recover_by_command(keyward)
    os.rename(path + ".away", path)
    assert without.returncode == 1, without
    assert b"root key" in without.stderr, without.stderr


@test
def a_lost_administrator_comes_back_by_the_service_that_has_policy(keyward):
    lose_the_administrator(keyward)
    beside = recover_directly(keyward, ADMIN)
    assert beside.returncode == 1, beside
    # In five processes only whoever has policy's folder makes way, and the
    # gateway, which would follow it.
    for name in ("standalone", "gateway", "policy"):
        if name in keyward.processes:
            keyward.processes[name].kill()
    rescue = principal("rescue")
    recovered = recover_directly(keyward, rescue)
    assert recovered.returncode == 0, recovered
    for process in keyward.processes.values():
        if not process.running():
            process.start()
    keyward.wait_ready()
    assert administers(keyward, "rescue")
    assert not administers(keyward, "admin")
    detail = on_record(keyward, "rescue")
    assert f"recovered the administrator {rescue}" in detail, detail
    with Client(keyward.address, keyward.identity("rescue")) as caller:
        assert caller.access("db") == b"one"
    keyward.ok("audit", "verify")


@test
def a_lost_policy_begins_anew_on_record_and_not_by_itself(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    keyward.kill()
    shutil.rmtree(keyward.data("policy"))
    refusal(keyward, "recover-admin")
    recovered = recover_by_command(keyward, ADMIN)
    assert recovered.returncode == 0, recovered
    keyward.restart()
    detail = on_record(keyward, "admin")
    assert "began a new policy" in detail, detail
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("fresh", b"two")
        assert admin.access("fresh") == b"two"
    keyward.ok("audit", "verify")
