# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What drives a process to its fault points, and what must hold afterwards."""

import threading

import grpc

import client
from client import code_of, eventually, principal
from point_world import CALL_SECONDS, MADE, Violation, require, told

Code = grpc.StatusCode


def secrets():
    return client.module("keyward.secrets.v1.secret_service_pb2")


def policies():
    return client.module("keyward.policy.v1.policy_service_pb2")


def make_project(admin, project, *ids):
    """A project with secrets of these ids."""
    admin.policy.CreateProject(
        policies().CreateProjectRequest(project_id=project.split("/")[1]),
        timeout=CALL_SECONDS)
    for secret_id in ids:
        request = secrets().CreateSecretRequest(
            parent=project, secret_id=secret_id)
        request.payload.data = b"value"
        admin.secrets.CreateSecret(request, timeout=CALL_SECONDS)


class Operation:
    """One call, and what it does."""

    # Of the records about a change.
    method = None
    resource = None
    # Whether its points are passed before the call is answered, and when at the
    # latest; so long `drive` may take.
    in_call = True
    patience = CALL_SECONDS
    # Whether it needs a deployment of its own, which `deploy` makes.
    alone = False

    def __init__(self, world):
        self.world = world
        self.number = world.next()
        self.request_id = f"request-{self.number}"
        # The log's size before its first attempt.
        self.since = 0

    def prepare(self):
        """Makes what the call needs, before anything is armed."""

    def call(self):
        """The call; raises grpc.RpcError."""
        raise NotImplementedError

    def drive(self):
        """What makes a process pass the point."""
        self.call()

    def conclusion(self, error):
        """What the caller may conclude from the error of `drive`."""
        return told(error)

    def made(self):
        """Whether the change is there, whole; None of a read."""
        return None

    def check(self, outcome):
        """What must hold at once, whatever happened to the process."""

    def finished(self):
        """What must hold in the end, once a change was made."""


class Read(Operation):
    """A read by somebody who may be denied from one moment to the next."""

    def prepare(self):
        self.resource = f"projects/default/secrets/read-{self.number}"
        with self.world.client() as admin:
            admin.create(f"read-{self.number}", b"value")
            admin.bind(f"read-{self.number}", "secrets.accessor",
                       principal("app"), self.resource)

    def call(self):
        with self.world.client("app") as app:
            value = app.access(f"read-{self.number}")
        self.world.answered.append(self.resource)
        require(value == b"value", "P6", f"read {value!r}")

    def revoke(self):
        with self.world.client() as admin:
            admin.unbind(f"read-{self.number}")


class Denied(Operation):
    def call(self):
        with self.world.client("stranger") as stranger:
            try:
                stranger.access("known")
            except grpc.RpcError as error:
                if error.code() == Code.PERMISSION_DENIED:
                    self.world.denied += 1
                    return
                raise
        raise Violation("P1", "a stranger read a value")


class Batch(Operation):
    def call(self):
        with self.world.client() as admin:
            answer = admin.secrets.BatchAccessSecretVersions(
                secrets().BatchAccessSecretVersionsRequest(
                    names=["projects/default/secrets/known"] * 3),
                timeout=CALL_SECONDS)
        for result in answer.results:
            if result.HasField("response"):
                self.world.answered.append("projects/default/secrets/known")


class Watch(Operation):
    """A stream, up to its first message."""

    def call(self):
        stop = threading.Event()
        writer = threading.Thread(target=self._write_until, args=(stop,))
        writer.start()
        try:
            with self.world.client() as admin:
                stream = admin.secrets.WatchSecrets(
                    secrets().WatchSecretsRequest(parent="projects/default"),
                    timeout=CALL_SECONDS)
                next(stream)
                stream.cancel()
        finally:
            stop.set()
            writer.join()

    def _write_until(self, stop):
        while not stop.wait(0.2):
            with self.world.client() as writer:
                code_of(writer.add, "known", b"known")


class AddVersion(Operation):
    """A change of the store."""

    method = "keyward.secrets.v1.SecretService.AddSecretVersion"

    def prepare(self):
        self.name = f"add-{self.number}"
        self.resource = f"projects/default/secrets/{self.name}"
        with self.world.client() as admin:
            admin.create(self.name, b"first")

    def call(self):
        with self.world.client() as admin:
            admin.add(self.name, b"second", request_id=self.request_id)

    def _value(self, version):
        with self.world.client() as admin:
            try:
                value = admin.access(self.name, version)
            except grpc.RpcError as error:
                if error.code() == Code.NOT_FOUND:
                    return None
                raise
        self.world.answered.append(self.resource)
        return value

    def made(self):
        current, second = self._value("current"), self._value("2")
        require((current, second) in ((b"first", None), (b"second", b"second")),
                "P4", f"half a change: {current!r} and {second!r}")
        require(self._value("3") is None, "P4", "a change was made twice")
        return second is not None


class Unbind(Operation):
    """A change of the policy: a revocation."""

    method = "keyward.policy.v1.PolicyService.ApplyPolicy"

    def prepare(self):
        self.project = f"projects/unbind-{self.number}"
        self.resource = self.project
        self.binding = f"{self.project}/bindings/app"
        policy = client.module("keyward.policy.v1.policy_pb2")
        with self.world.client() as admin:
            make_project(admin, self.project, "s")
            admin.apply(parent=self.project, bindings=[policy.Binding(
                name=self.binding, role="roles/secrets.accessor",
                principals=[principal("app")], resource=self.project)])
        assert self._read() == Code.OK

    def _read(self):
        request = secrets().AccessSecretVersionRequest(
            name=f"{self.project}/secrets/s")
        with self.world.client("app") as app:
            code = code_of(app.secrets.AccessSecretVersion, request,
                           timeout=CALL_SECONDS)
        if code == Code.OK:
            self.world.answered.append(f"{self.project}/secrets/s")
        elif code == Code.PERMISSION_DENIED:
            self.world.denied += 1
        return code

    def call(self):
        with self.world.client() as admin:
            admin.apply(parent=self.project, removed=[self.binding],
                        request_id=self.request_id)

    def made(self):
        with self.world.client() as admin:
            answer = admin.policy.GetPolicy(
                policies().GetPolicyRequest(parent=self.project),
                timeout=CALL_SECONDS)
        return self.binding not in [one.name for one in answer.bindings]

    def check(self, outcome):
        if outcome == MADE:
            require(self._read() != Code.OK, "P2",
                    "a revocation was answered, and a read was allowed")

    def finished(self):
        self.check(MADE)
        eventually(lambda: self._read() == Code.PERMISSION_DENIED)
