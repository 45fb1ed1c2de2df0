# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Operations that go on after their call: deletions, rotations, erasures."""

import grpc

import client
from client import code_of, eventually
from point_operations import Operation, make_project, policies, secrets
from point_world import CALL_SECONDS, require

Code = grpc.StatusCode

# One secret's versions, of which a purge removes 40 at first.
PURGED_VERSIONS = 45
# What is erased is gone from the disk within a minute (protocol.md).
ERASED_SECONDS = 75
# The store looks for what it has to do by itself every ten seconds.
MAINTENANCE_SECONDS = 40


class DeleteProject(Operation):
    """The deletion of a project that still has keys and events."""

    method = "keyward.policy.v1.PolicyService.DeleteProject"

    def prepare(self):
        self.project = f"projects/delete-{self.number}"
        self.resource = self.project
        with self.world.client() as admin:
            make_project(admin, self.project, "s")
            admin.secrets.DeleteSecret(
                secrets().DeleteSecretRequest(
                    name=f"{self.project}/secrets/s", destroy_now=True),
                timeout=CALL_SECONDS)

    def call(self):
        with self.world.client() as admin:
            admin.policy.DeleteProject(
                policies().DeleteProjectRequest(
                    name=self.project, request_id=self.request_id),
                timeout=CALL_SECONDS)

    def _state(self):
        states = client.module("keyward.policy.v1.policy_pb2")
        with self.world.client() as admin:
            try:
                state = admin.policy.GetProject(
                    policies().GetProjectRequest(name=self.project),
                    timeout=CALL_SECONDS).project.state
            except grpc.RpcError as error:
                if error.code() != Code.NOT_FOUND:
                    raise
                state = states.PROJECT_STATE_DELETED
        return {states.PROJECT_STATE_ACTIVE: "there",
                states.PROJECT_STATE_DELETED: "gone"}.get(state)

    def made(self):
        # A closed one is on its way: it goes on by itself.
        return eventually(self._state, MAINTENANCE_SECONDS) == "gone"


class Rotate(Operation):
    """A key's rotation, and the rewrapping that follows it."""

    method = "keyward.keys.v1.KeyService.RotateKey"

    def prepare(self):
        self.project = f"projects/rotate-{self.number}"
        self.resource = f"{self.project}/keys/default"
        with self.world.client() as admin:
            make_project(admin, self.project, "a", "b")

    def call(self):
        keys = client.module("keyward.keys.v1.key_service_pb2")
        with self.world.client() as admin:
            admin.keys.RotateKey(
                keys.RotateKeyRequest(
                    name=self.resource, request_id=self.request_id),
                timeout=CALL_SECONDS)

    def _key(self):
        keys = client.module("keyward.keys.v1.key_service_pb2")
        with self.world.client() as admin:
            return admin.keys.GetKey(
                keys.GetKeyRequest(name=self.resource),
                timeout=CALL_SECONDS).key

    def made(self):
        self._readable()
        primary = self._key().primary_version
        require(primary in (1, 2), "P4", f"version {primary} is primary")
        return primary == 2

    def _readable(self):
        with self.world.client() as admin:
            for name in ("a", "b"):
                request = secrets().AccessSecretVersionRequest(
                    name=f"{self.project}/secrets/{name}")
                answer = admin.secrets.AccessSecretVersion(
                    request, timeout=CALL_SECONDS)
                self.world.answered.append(f"{self.project}/secrets/{name}")
                require(answer.payload.data == b"value", "P4",
                        "a value did not survive a rotation")

    def finished(self):
        keys = client.module("keyward.keys.v1.key_service_pb2")

        def rewrapped():
            key = self._key()
            retiring = [one for one in key.versions
                        if one.state == keys.KEY_VERSION_STATE_RETIRING]
            return not retiring and key.rewrap_remaining == 0

        eventually(rewrapped, MAINTENANCE_SECONDS)
        self._readable()


class Rewrap(Rotate):
    in_call = False
    patience = MAINTENANCE_SECONDS


class Destroy(Operation):
    """A version's destruction, and the erasure that follows it."""

    method = "keyward.secrets.v1.SecretService.DestroySecretVersion"
    in_call = False
    patience = ERASED_SECONDS

    def prepare(self):
        self.name = f"destroy-{self.number}"
        self.resource = f"projects/default/secrets/{self.name}/versions/1"
        with self.world.client() as admin:
            admin.create(self.name, b"first")
            admin.add(self.name, b"second")

    def call(self):
        with self.world.client() as admin:
            admin.secrets.DestroySecretVersion(
                secrets().DestroySecretVersionRequest(
                    name=self.resource, request_id=self.request_id),
                timeout=CALL_SECONDS)

    def made(self):
        with self.world.client() as admin:
            code = code_of(admin.access, self.name, "1")
            require(code in (Code.OK, Code.FAILED_PRECONDITION), "P4",
                    f"a version to be destroyed answers {code}")
            require(admin.access(self.name) == b"second", "P4",
                    "another version was destroyed")
        self.world.answered.append(f"projects/default/secrets/{self.name}")
        if code == Code.OK:
            self.world.answered.append(self.resource)
        return code != Code.OK


class Purge(Operation):
    """The removal of a secret with more versions than go at once."""

    method = "keyward.secrets.v1.SecretService.DeleteSecret"
    in_call = False
    patience = MAINTENANCE_SECONDS

    def prepare(self):
        self.name = f"purge-{self.number}"
        self.resource = f"projects/default/secrets/{self.name}"
        with self.world.client() as admin:
            admin.create(self.name, b"value")
            for _ in range(PURGED_VERSIONS - 1):
                admin.add(self.name, b"value")

    def call(self):
        with self.world.client() as admin:
            admin.secrets.DeleteSecret(
                secrets().DeleteSecretRequest(
                    name=self.resource, destroy_now=True,
                    request_id=self.request_id),
                timeout=CALL_SECONDS)

    def made(self):
        with self.world.client() as admin:
            code = code_of(admin.access, self.name)
        require(code in (Code.OK, Code.NOT_FOUND), "P4",
                f"a secret to be removed answers {code}")
        if code == Code.OK:
            self.world.answered.append(self.resource)
        return code == Code.NOT_FOUND

    def finished(self):
        with self.world.client() as admin:
            admin.create(self.name, b"again")
            assert admin.access(self.name) == b"again"
        self.world.answered.append(self.resource)
