# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What one principal may use up, and that it uses up nobody else's."""

import grpc

import client
from client import Client, details_of, error_of, eventually, principal
from registry import test

Code = grpc.StatusCode

PER_SECOND = 2
BURST = 10
# Denials a second, and the five seconds' worth that may come at once.
DENIALS = 2
DENIAL_BURST = 5 * DENIALS


def few_calls(keyward):
    keyward.set(f"limits.requests_per_second={PER_SECOND}",
                f"limits.burst={BURST}")


def few_denials(keyward):
    keyward.set(f"limits.denials_per_second={DENIALS}")


def refused_after(call, code, calls):
    """Calls until the code is RESOURCE_EXHAUSTED; all before must be `code`.

    Returns how many there were before, and the error.
    """
    for done in range(calls):
        error = error_of(call)
        found = error.code() if error else Code.OK
        if found == Code.RESOURCE_EXHAUSTED:
            return done, error
        assert found == code, error
    raise AssertionError(f"{calls} calls were answered {code}")


def assert_retry_is_told(error, longest):
    details = details_of(error)
    info = details["ErrorInfo"]
    assert (info.domain, info.reason) == ("keyward", "QUOTA_EXCEEDED"), info
    delay = details["RetryInfo"].retry_delay
    seconds = delay.seconds + delay.nanos / 1e9
    assert 0 < seconds <= longest, delay


def refusals(admin, name):
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_REFUSALS
    answer = admin.audit.QueryEntries(
        audit.QueryEntriesRequest(
            parent="system", principal=principal(name), page_size=1000),
        timeout=client.TIMEOUT)
    return [e.entry.detail for e in answer.entries if e.entry.kind == kind]


@test(prepare=few_calls)
def a_principal_above_its_rate_is_told_when_to_retry_and_harms_nobody(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app, Client(keyward.address, keyward.identity("other")) as other:
        admin.create("db", b"one")
        admin.bind("readers", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
        admin.bind("other", "secrets.accessor", principal("other"),
                   "projects/default/secrets/db")
        before, error = refused_after(
            lambda: app.access("db"), Code.OK, 10 * BURST)
        assert before >= BURST, before
        assert_retry_is_told(error, 1 / PER_SECOND)
        # Neither another principal nor a new connection of this one changes
        # that: who calls counts, and not from where.
        for _ in range(BURST):
            assert other.access("db") == b"one"
        refused_after(lambda: app.access("db"), Code.OK, 10 * BURST)
        with Client(keyward.address, keyward.identity("app")) as again:
            refused_after(lambda: again.access("db"), Code.OK, 2 * BURST)
        eventually(lambda: error_of(app.access, "db") is None)
        begun = "refusals for too many calls begin"
        ended = "the refusals for too many calls end"
        details = eventually(
            lambda: [d for d in refusals(admin, "app") if d == ended]
            and refusals(admin, "app"))
        assert details[0] == begun and set(details) == {begun, ended}, details


@test(prepare=few_calls)
def every_name_of_a_batch_counts_as_a_call(keyward):
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    name = "projects/default/secrets/db"
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app:
        admin.create("db", b"one")
        admin.bind("app", "secrets.accessor", principal("app"), name)
        answer = app.secrets.BatchAccessSecretVersions(
            messages.BatchAccessSecretVersionsRequest(names=[name] * BURST),
            timeout=client.TIMEOUT)
        assert len(answer.results) == BURST
        before, error = refused_after(
            lambda: app.access("db"), Code.OK, BURST)
        # What came back meanwhile, on a slow machine.
        assert before < BURST, before
        assert_retry_is_told(error, 1 / PER_SECOND)


@test(prepare=few_denials)
def a_denied_caller_cannot_fill_the_log_and_keeps_what_it_may(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app, Client(keyward.address, keyward.identity("other")) as other:
        admin.create("db", b"one")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
        before, error = refused_after(
            lambda: app.access("forbidden"), Code.PERMISSION_DENIED,
            20 * DENIAL_BURST)
        assert before >= DENIAL_BURST, before
        assert_retry_is_told(error, 1 / DENIALS)
        assert app.access("db") == b"one"
        denied = error_of(other.access, "db")
        assert denied.code() == Code.PERMISSION_DENIED, denied
        assert refusals(admin, "app") == [
            "refusals for too many denied calls begin"]
