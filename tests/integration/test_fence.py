# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Two gateways, of which one sleeps while the policy changes.

A gateway that was stopped still holds the policy of before and believes in it.
Whatever it decides then must not leave it: audit takes no decision under a
policy that is no longer in force.
"""

import contextlib
import threading
import time

import grpc

import client
from client import Client, code_of, eventually, principal
from registry import Skip, test

Code = grpc.StatusCode

SECRET = "projects/default/secrets/db"
# How many calls wait in the sleeping gateway's connection.
QUEUED = 8


class Sleeper:
    """The first gateway, stopped, with calls that wait for it to go on."""

    def __init__(self, keyward, caller):
        self.process = keyward.processes["gateway"]
        self.caller = caller
        self.codes = []
        self.threads = []

    def __enter__(self):
        self.process.pause()
        return self

    def __exit__(self, *exception):
        self.process.resume()

    def queue_calls(self):
        for _ in range(QUEUED):
            thread = threading.Thread(
                target=lambda: self.codes.append(code_of(self.caller.access, "db"))
            )
            thread.start()
            self.threads.append(thread)
        # They are in the connection's buffers soon; nobody can see when.
        time.sleep(0.3)

    def wake(self):
        """Resumes it; the codes of all calls until it is quite awake again."""
        self.process.resume()
        for thread in self.threads:
            thread.join(client.TIMEOUT + 5)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            self.codes.append(code_of(self.caller.access, "db"))
            # Denials have a rate of their own, which is not the subject here.
            time.sleep(0.05)
        assert len(self.codes) > QUEUED, self.codes
        return set(self.codes)


def restart_policy(keyward):
    policy = keyward.processes["policy"]
    policy.kill()
    policy.start()
    policy.wait_ready()


@test
def P2_a_gateway_that_slept_through_a_change_never_answers_by_the_old_policy(
    keyward,
):
    if keyward.form != "five":
        raise Skip("one process has one policy")
    app_principal = principal("app")
    with contextlib.ExitStack() as stack:
        _, second = stack.enter_context(keyward.another_gateway())
        admin = stack.enter_context(Client(second, keyward.identity("admin")))
        app = stack.enter_context(
            Client(keyward.address, keyward.identity("app"))
        )
        admin.create("db", b"one")
        admin.bind("app", "secrets.accessor", app_principal, SECRET)
        assert app.access("db") == b"one"

        # Revoked while it sleeps: from then on no call succeeds.
        with Sleeper(keyward, app) as sleeper:
            admin.unbind("app")
            restart_policy(keyward)
            sleeper.queue_calls()
            codes = sleeper.wake()
        assert codes <= {Code.PERMISSION_DENIED, Code.UNAVAILABLE}, codes
        eventually(lambda: code_of(app.access, "db") == Code.PERMISSION_DENIED)

        # Granted while it sleeps: from then on no call is denied.
        with Sleeper(keyward, app) as sleeper:
            admin.bind("app", "secrets.accessor", app_principal, SECRET)
            restart_policy(keyward)
            sleeper.queue_calls()
            codes = sleeper.wake()
        assert codes <= {Code.OK, Code.UNAVAILABLE}, codes
        eventually(lambda: code_of(app.access, "db") == Code.OK)
    keyward.ok("audit", "verify", "--data", keyward.data(""))
