# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What one principal may use up, and that it uses up nobody else's."""

import contextlib
import resource
import socket
import struct
import time

import grpc

import client
import http2
from client import Client, details_of, error_of, eventually, principal
from registry import test

Code = grpc.StatusCode

PER_SECOND = 2
BURST = 10
# Calls of a principal that may be open.
OPEN = 5
# Connections of an address.
CONNECTIONS = 20
# Denials a second, and the five seconds' worth that may come at once.
DENIALS = 2
DENIAL_BURST = 5 * DENIALS


def few_calls(keyward):
    keyward.set(f"limits.requests_per_second={PER_SECOND}",
                f"limits.burst={BURST}")


def few_denials(keyward):
    keyward.set(f"limits.denials_per_second={DENIALS}")


def few_connections(keyward):
    keyward.set(f"limits.connections_of_address={CONNECTIONS}")


def few_open_calls(keyward):
    keyward.set(f"limits.calls_at_once={OPEN}")


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


def entries(admin, kind, **query):
    """The audit entries of a kind, such as "REFUSALS"."""
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    kinds = client.module("keyward.audit.v1.audit_entry_pb2")
    number = getattr(kinds, f"ENTRY_KIND_{kind}")
    answer = admin.audit.QueryEntries(
        audit.QueryEntriesRequest(parent="system", page_size=1000, **query),
        timeout=client.TIMEOUT)
    return [e.entry for e in answer.entries if e.entry.kind == number]


def refusals(admin, name):
    found = entries(admin, "REFUSALS", principal=principal(name))
    return [entry.detail for entry in found]


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

        def over():
            # Who looks has a rate, too.
            time.sleep(2 / PER_SECOND)
            found = refusals(admin, "app")
            return found if ended in found else None

        details = eventually(over)
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


def restart_front(keyward):
    assert keyward.front.stop() == 0
    keyward.front.start()
    keyward.front.wait_ready()


@test(prepare=few_calls)
def the_end_of_refusals_is_on_record_when_the_gateway_stops(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app:
        admin.create("db", b"one")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
        refused_after(lambda: app.access("db"), Code.OK, 10 * BURST)
    restart_front(keyward)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        found = entries(admin, "REFUSALS", principal=principal("app"))
        assert [(e.detail, e.count) for e in found] == [
            ("refusals for too many calls begin", 0),
            ("the refusals for too many calls end", 1)], found


@test()
def refusals_of_strangers_are_all_on_record_when_the_gateway_stops(keyward):
    ca = keyward.identity("admin")[0]
    with Client(keyward.address, (ca, None, None)) as nobody:
        for _ in range(15):
            error = error_of(nobody.access, "db")
            assert error.code() == Code.UNAUTHENTICATED, error
    restart_front(keyward)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        singly = entries(admin, "UNAUTHENTICATED")
        assert len(singly) == 10, singly
        counted = entries(admin, "REFUSALS")
        assert [e.count for e in counted] == [5], counted


@test()
def a_method_that_does_not_exist_is_refused_on_record(keyward):
    ca = keyward.identity("admin")[0]
    with Client(keyward.address, (ca, None, None)) as nobody:
        call = nobody.channel.unary_unary(
            "/keyward.secrets.v1.SecretService/hunter2")
        error = error_of(call, b"", timeout=client.TIMEOUT)
        assert error.code() == Code.UNIMPLEMENTED, error
        assert details_of(error)["ErrorInfo"].reason == "NOT_IMPLEMENTED"
    with Client(keyward.address, keyward.identity("admin")) as admin:
        entry, = eventually(lambda: entries(admin, "UNAUTHENTICATED"))
        assert entry.code == Code.UNIMPLEMENTED.value[0], entry
        # A name that the caller chose is not kept.
        assert "hunter2" not in str(entry), entry


@test(prepare=few_open_calls)
def answers_that_nobody_reads_take_places_and_are_given_up(keyward):
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    name = "projects/default/secrets/db"
    request = messages.AccessSecretVersionRequest(
        name=name).SerializeToString()
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app, Client(keyward.address, keyward.identity("other")) as other:
        admin.create("db", b"one")
        for reader in ("app", "other"):
            admin.bind(reader, "secrets.accessor", principal(reader), name)
        # It opens its window to no answer, and names no deadline.
        with http2.Connection(keyward.address, keyward.identity("app"),
                              window=0) as unread:
            streams = [
                unread.call("/keyward.secrets.v1.SecretService/"
                            "AccessSecretVersion", request)
                for _ in range(OPEN)
            ]
            began = time.monotonic()
            error = eventually(lambda: error_of(app.access, "db"))
            assert_retry_is_told(error, 1)
            assert error.code() == Code.RESOURCE_EXHAUSTED, error
            assert other.access("db") == b"one"
            # Twenty seconds after they were given; the connection stays.
            eventually(lambda: error_of(app.access, "db") is None, 40)
            assert time.monotonic() - began > 15
            unread.wait(streams[-1])
        reads = [e for e in entries(admin, "ACCESS",
                                    principal=principal("app"))]
        assert len(reads) > OPEN, reads
        assert refusals(admin, "app") == [
            "refusals for too many calls at once begin"]


def connect(keyward, source, stack):
    """A connection that says nothing, from an address of this machine.

    None if it was ended before it had begun.
    """
    host, port = keyward.address.rsplit(":", 1)
    try:
        return stack.enter_context(socket.create_connection(
            (host, int(port)), client.TIMEOUT, (source, 0)))
    except ConnectionResetError:
        return None


def ended(connection):
    """Whether it has been ended, as is seen at once."""
    if connection is None:
        return True
    connection.setblocking(False)
    try:
        return not connection.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def newcomer_is_served(keyward):
    with Client(keyward.address, keyward.identity("admin")) as newcomer:
        return error_of(newcomer.access, "db", timeout=2) is None


@test(prepare=few_connections)
def P8_an_address_has_no_more_connections_than_its_share(keyward):
    with Client(
        keyward.address, keyward.identity("admin")
    ) as admin, contextlib.ExitStack() as stack:
        admin.create("db", b"one")
        held = [connect(keyward, "127.1.0.1", stack)
                for _ in range(CONNECTIONS + 5)]
        eventually(lambda: sum(map(ended, held)) == 5)
        assert not any(map(ended, held[:CONNECTIONS]))
        # Others have theirs.
        assert admin.access("db") == b"one"
        assert newcomer_is_served(keyward)
        other = connect(keyward, "127.1.0.2", stack)
        assert not ended(other)
        held[0].close()

        def place_is_free():
            again = connect(keyward, "127.1.0.1", stack)
            time.sleep(0.1)
            return not ended(again)

        eventually(place_is_free)


@test
def P8_without_free_files_nothing_ends_but_what_is_too_much(keyward):
    front = keyward.front
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        before = resource.prlimit(front.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(front.pid, resource.RLIMIT_NOFILE, (100, before[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                connect(keyward, "127.1.0.1", stack)
            eventually(lambda: "as many files open" in front.log())
            assert admin.access("db") == b"one"
            assert not newcomer_is_served(keyward)
        eventually(lambda: newcomer_is_served(keyward))
        resource.prlimit(front.pid, resource.RLIMIT_NOFILE, before)


@test
def P8_a_client_that_floods_loses_its_connection_and_harms_nobody(keyward):
    acknowledged = http2.frame(http2.SETTINGS, http2.ACK, 0)
    taken_back = struct.pack(">I", http2.CANCEL)
    floods = {
        "takes back too many calls": [acknowledged] + [
            http2.frame(http2.HEADERS, http2.END_HEADERS, stream, b"\x83")
            + http2.frame(http2.RST_STREAM, 0, stream, taken_back)
            for stream in range(1, 1000, 2)],
        "headers have no end": [
            http2.frame(http2.HEADERS, 0, 1, b"\x83"),
            *[http2.frame(http2.CONTINUATION, 0, 1, bytes(10_000))] * 10],
        "frames do nothing": [
            http2.frame(http2.PRIORITY, 0, 1, bytes(5)) * 1000] * 30,
    }
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        for why, frames in floods.items():
            with http2.Connection(
                keyward.address, (keyward.identity("admin")[0], None, None)
            ) as connection:
                assert connection.is_ended_after(frames), why
            # gRPC logs what ends a connection, ten lines a second at most.
            eventually(lambda why=why: why in keyward.front.log())
            assert admin.access("db") == b"one"
            time.sleep(1)


@test
def P8_no_more_calls_are_open_on_a_connection_than_the_settings_allow(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        with http2.Connection(
            keyward.address, (keyward.identity("admin")[0], None, None)
        ) as connection:
            # Their bodies never come, and the settings are not read.
            with contextlib.suppress(OSError):
                for _ in range(1000):
                    connection.call("/keyward.secrets.v1.SecretService/"
                                    "AccessSecretVersion", b"", sent=0,
                                    end=False)
            assert connection.is_ended_after([])
        eventually(lambda: "more calls open than it may" in keyward.front.log())
        assert admin.access("db") == b"one"
