# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A deployment with fault points, and what its clients were told."""

import os
import threading
import time

import grpc

import client
from client import Client, code_of, details_of, error_of, eventually
from deployment import Deployment, ProcessFailed

Code = grpc.StatusCode

# How long a call may take, and how long after its end it may be answered.
CALL_SECONDS = 10
LATE_SECONDS = 2
# In this time everything works again after a crash, by itself.
RECOVERY_SECONDS = 30
# A change whose caller was told one of these was not made, and never will be.
NOT_MADE = {"INTENT_BARRED", "AUDIT_UNAVAILABLE", "STORE_UNAVAILABLE",
            "POLICY_UNAVAILABLE", "DEADLINE_TOO_SHORT"}

MADE, REFUSED, UNKNOWN = "made", "refused", "unknown"


class Violation(AssertionError):
    """A promise is broken: which one, and how."""

    def __init__(self, promise, what):
        super().__init__(f"{promise}: {what}")
        self.promise = promise
        self.what = what


def require(condition, promise, what):
    if not condition:
        raise Violation(promise, what)


def told(error):
    """What a caller may conclude about its change."""
    if error is None:
        return MADE
    info = None
    if error.trailing_metadata():
        info = details_of(error).get("ErrorInfo")
    if info is None or info.domain != "keyward":
        return UNKNOWN  # the connection broke
    if info.reason == "NOT_YET_IN_FORCE":
        return MADE
    return REFUSED if info.reason in NOT_MADE else UNKNOWN


class Call:
    """A call on a thread of its own, and the gRPC error that it ends with."""

    def __init__(self, function):
        self.error = None
        self.seconds = None
        self._failure = None
        self._function = function
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        began = time.monotonic()
        try:
            self.error = error_of(self._function)
        except Exception as error:  # pylint: disable=broad-except
            self._failure = error
        self.seconds = time.monotonic() - began

    @property
    def code(self):
        return Code.OK if self.error is None else self.error.code()

    def ended_within(self, seconds):
        self.thread.join(seconds)
        return self.seconds is not None

    def wait(self, seconds=CALL_SECONDS):
        """Waits for its end, which comes within so long."""
        self.thread.join(2 * seconds)
        if self._failure is not None:
            raise self._failure
        require(self.seconds is not None
                and self.seconds < seconds + LATE_SECONDS, "P8",
                f"a call took {self.seconds} s of {seconds}")
        return self


def all_entries(admin):
    """Every record, as (index, entry)."""
    messages = client.module("keyward.audit.v1.audit_service_pb2")
    found, token = [], ""
    while True:
        answer = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(
                parent="system", page_size=1000, page_token=token),
            timeout=CALL_SECONDS)
        found += [(one.index, one.entry) for one in answer.entries]
        token = answer.next_page_token
        if not token:
            return found


class World(Deployment):
    """Processes that crash and stall where they are told to."""

    def __init__(self, form, binaries):
        super().__init__(form, binaries)
        for name, process in self.processes.items():
            process.environment = {
                "KEYWARD_FAULT_PLAN": self._file(name, "plan"),
                "KEYWARD_FAULT_LOG": self._file(name, "points"),
            }
        # Of every read that was answered: the secret's name.
        self.answered = []
        self.denied = 0
        # (operation, whether its change was there, where in the log the
        # attempts are that were made before that was looked at).
        self.expected = []
        self.number = 0

    def _file(self, process, kind):
        return os.path.join(self.folder, f"{process}.{kind}")

    def next(self):
        """A number that nothing has been named after yet."""
        self.number += 1
        return self.number

    # -- points ------------------------------------------------------------

    def host(self, point):
        """The process that a point of this name is in."""
        if self.form == "standalone":
            return self.processes["standalone"]
        name, _, where = point.partition("/")
        return self.processes[where or name.split(".")[0]]

    def arm(self, point, action):
        """From now on, without a restart."""
        path = self._file(self.host(point).name, "plan")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{point}={action}\n")
        os.rename(path + ".new", path)

    def disarm(self):
        for name in self.processes:
            path = self._file(name, "plan")
            if os.path.exists(path):
                os.unlink(path)

    def noted(self, point, what):
        """How often the registry has noted `what` of the point."""
        path = self._file(self.host(point).name, "points")
        if not os.path.exists(path):
            return 0
        with open(path, encoding="ascii") as file:
            return file.read().splitlines().count(f"{what} {point}")

    def reached(self):
        """All points that any process has passed, ever."""
        found = set()
        for name in self.processes:
            path = self._file(name, "points")
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    found |= {line.split()[1] for line in file}
        return found

    # -- crashes -----------------------------------------------------------

    def recover(self):
        """Starts what has died, as its supervisor would, and waits for it."""
        self.disarm()
        for process in self.processes.values():
            if not process.running():
                process.start()
        try:
            self.wait_ready()
            eventually(self._works, RECOVERY_SECONDS)
        except (ProcessFailed, AssertionError) as error:
            raise Violation("P4", f"does not work again: {error}") from error

    def _works(self):
        with self.client() as admin:
            try:
                admin.access("known", timeout=CALL_SECONDS)
                admin.add("known", b"known", request_id=f"w{self.next()}")
            except grpc.RpcError:
                return False
        self.answered.append("projects/default/secrets/known")
        return True

    def begin(self):
        """Makes the secret that everybody may use."""
        # A gateway is ready when it has the policy: it may not have met the
        # store yet.
        with self.client() as admin:
            eventually(lambda: code_of(
                admin.create, "known", b"known", request_id="known")
                == Code.OK, RECOVERY_SECONDS)

    def client(self, identity="admin"):
        return Client(self.address, self.identity(identity))

    # -- the log -----------------------------------------------------------

    def log_size(self):
        messages = client.module("keyward.audit.v1.audit_service_pb2")
        with self.client() as admin:
            note = admin.audit.GetCheckpoint(
                messages.GetCheckpointRequest(), timeout=CALL_SECONDS)
        return int(note.checkpoint.decode().splitlines()[1])

    def expect(self, operation, made):
        """What the log must say of the operation's attempts until now."""
        attempts = range(operation.since, self.log_size())
        self.expected.append((operation, made, attempts))

    def open_intents(self):
        return int(self.json("operator", "status").get("openIntents", 0))
