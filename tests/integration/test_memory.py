# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What the processes' memory holds of the secrets that passed through it.

Of every process: the data of a binary's stack, heap, mappings and libraries,
as root reads it. Only this test's own memory may hold a value.
"""

import base64
import concurrent.futures
import contextlib
import json
import random
import threading
import time

import grpc

import client
import http2
import test_tokens
from client import Client, code_of, principal
from process_memory import Mark, Snapshot
from registry import Skip, test

Code = grpc.StatusCode

# From values that fit into a string object to the largest; around the sizes of
# gRPC's buffers (8 KiB) and frames (16 KiB).
SIZES = (8, 12, 15, 16, 20, 33, 64, 100, 256, 1000, 4000, 8100, 8191, 16300,
         16384, 20000, 40000, 61440, 65536)
SECRETS = 200
CALLERS = 8
CANCELLED = 60
# The promise is two seconds; reading all memory takes a part of them.
SETTLED_SECONDS = 1.5

SERVICE = "/keyward.secrets.v1.SecretService/"


def messages():
    return client.module("keyward.secrets.v1.secret_service_pb2")


def secret_type(name):
    types = client.module("keyward.secrets.v1.secret_pb2")
    return types.Secret(type=types.SecretType.Value(f"SECRET_TYPE_{name}"))


def add_request(secret, value):
    request = messages().AddSecretVersionRequest(
        parent=f"projects/default/secrets/{secret}")
    request.payload.data = value
    return request


class Load:
    """Calls with planted values, on connections that stay open."""

    def __init__(self, keyward, stack, mark=None, chance=random):
        """`mark` makes the values; as a Mark does, if none is given.

        `chance` chooses what is cancelled, and when.
        """
        self.keyward = keyward
        self.chance = chance
        self.stack = stack
        self.mark = Mark() if mark is None else mark
        # Values that others chose, searched for one by one.
        self.others = {}
        ca, _, _ = keyward.identity("admin")
        nobody = (ca, None, None)
        self.admins = [self._client(keyward.identity("admin"))
                       for _ in range(3)]
        self.admin = self.admins[0]
        self.app = self._client(keyward.identity("app"))
        self.stranger = self._client(keyward.identity("stranger"))
        self.nobody = self._client(nobody)
        self.forger = self._client(nobody, self.mark.text(200))
        self.admin.bind("app", "secrets.accessor", principal("app"),
                        "projects/default")

    def _client(self, identity, token=None):
        return self.stack.enter_context(
            Client(self.keyward.address, identity, token))

    def needles(self):
        return {**self.mark.forms(), **self.others}

    def watch(self):
        """A stream that is open all the time."""
        stream = self.admins[1].secrets.WatchSecrets(
            messages().WatchSecretsRequest(parent="projects/default"),
            timeout=120)
        self.stack.callback(stream.cancel)

        def follow():
            with contextlib.suppress(grpc.RpcError):
                for _ in stream:
                    pass

        threading.Thread(target=follow, daemon=True).start()

    def write_and_read(self):
        def one(number):
            writer = self.admins[number % len(self.admins)]
            first = self.mark.value(SIZES[number % len(SIZES)])
            second = self.mark.value(SIZES[number * 7 % len(SIZES)])
            name = f"s{number}"
            writer.create(name, first)
            writer.add(name, second)
            assert self.app.access(name, "1") == first
            assert writer.access(name) == second

        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(one, range(SECRETS)))
        for begin in range(0, SECRETS, 20):
            names = [f"projects/default/secrets/s{number}"
                     for number in range(begin, begin + 20)]
            answer = self.app.secrets.BatchAccessSecretVersions(
                messages().BatchAccessSecretVersionsRequest(names=names),
                timeout=client.TIMEOUT)
            assert all(r.HasField("response") for r in answer.results)

    def generate(self):
        for number in range(4):
            request = messages().CreateSecretRequest(
                parent="projects/default", secret_id=f"generated{number}")
            request.generate.length = 40
            self.admin.secrets.CreateSecret(request, timeout=client.TIMEOUT)
            value = self.app.access(f"generated{number}")
            self.others[f"generated {number}"] = value[:16]

    def typed(self):
        """Values that the store parses, well formed and not."""
        credentials = {"engine": "postgres", "host": "h", "port": 5432,
                       "username": "u", "password": self.mark.text(100)}
        database = secret_type("DATABASE_CREDENTIALS")
        self.admin.create("database", json.dumps(credentials).encode(),
                          secret=database)
        self.app.access("database")
        _, certificate, key = self.keyward.identity("web")
        with open(certificate, "rb") as chain, open(key, "rb") as file:
            pem = file.read()
            self.admin.create("web", chain.read() + pem,
                              secret=secret_type("TLS_CERTIFICATE"))
        self.app.access("web")
        der = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))
        # The number that is the key (RFC 5915), as OpenSSL keeps it too.
        self.others["private key"] = der[36:52]
        self.others["private key, reversed"] = der[52:68][::-1]
        self.others["private key, PEM"] = pem.split(b"\n")[2][:24]
        for wrong in (
            json.dumps({**credentials, "more": 1}).encode(),
            json.dumps(credentials).encode()[:-1],
            self.mark.value(1000),
        ):
            assert code_of(self.admin.create, "wrong", wrong,
                           secret=database) == Code.INVALID_ARGUMENT
        mangled = pem[:-60] + base64.encodebytes(self.mark.value(1000))
        assert code_of(self.admin.create, "wrong", mangled,
                       secret=secret_type("TLS_CERTIFICATE")
                       ) == Code.INVALID_ARGUMENT

    def refused(self):
        mark, admin = self.mark, self.admin
        for size in SIZES:
            wrong_sum = add_request("s0", mark.value(size))
            wrong_sum.payload.data_crc32c = 1
            for expected, call, *arguments in (
                (Code.INVALID_ARGUMENT, admin.create, "a/b"),
                (Code.ALREADY_EXISTS, admin.create, "s0"),
                (Code.NOT_FOUND, admin.add, "nothing"),
                (Code.PERMISSION_DENIED, self.stranger.add, "s0"),
                (Code.UNAUTHENTICATED, self.nobody.add, "s0"),
                (Code.UNAUTHENTICATED, self.forger.add, "s0"),
            ):
                code = code_of(call, *arguments, mark.value(size))
                assert code == expected, (code, expected)
            assert code_of(
                admin.secrets.AddSecretVersion, wrong_sum,
                timeout=client.TIMEOUT) == Code.INVALID_ARGUMENT
            assert code_of(admin.add, "s0", mark.value(size),
                           etag="AAAAAAAAAAA") == Code.ABORTED
            # No message of the method, a field that nobody knows, no method.
            field = b"\xfa\x7f\x14" + mark.value(20)
            body = add_request("nothing", mark.value(size)).SerializeToString()
            assert self._raw("AddSecretVersion", mark.value(size)) != Code.OK
            assert self._raw("AddSecretVersion", body + field) != Code.OK
            assert self._raw("Nothing", body) == Code.UNIMPLEMENTED
        assert code_of(admin.add, "s0",
                       mark.value(65537)) == Code.INVALID_ARGUMENT
        assert code_of(admin.add, "s0",
                       mark.value(5 << 20)) == Code.RESOURCE_EXHAUSTED

    def _raw(self, method, body):
        call = self.admin.channel.unary_unary(
            SERVICE + method, request_serializer=None,
            response_deserializer=None)
        return code_of(call, body, timeout=client.TIMEOUT)

    def cancelled(self):
        """Calls that end somewhere on their way, some by their deadline."""
        for number in range(CANCELLED):
            admin = self.admins[number % len(self.admins)]
            size = self.chance.choice(SIZES + (1 << 20,))
            calls = [
                admin.secrets.AddSecretVersion.future(
                    add_request("s0", self.mark.value(size)), timeout=10),
                self.app.secrets.AccessSecretVersion.future(
                    messages().AccessSecretVersionRequest(
                        name=f"projects/default/secrets/s{number}"),
                    timeout=10),
            ]
            time.sleep(self.chance.random() / 100)
            for call in calls:
                call.cancel()
            code_of(admin.secrets.AddSecretVersion,
                    add_request("s0", self.mark.value(size)),
                    timeout=self.chance.random() / 100)

    def bare(self):
        """What gRPC's library does not send, each on a new connection.

        The first message of a connection comes with the first headers.
        """
        token = (b"authorization",
                 b"Bearer " + self.mark.text(200).encode())
        for size in (12, 100, 1000, 20000):
            body = add_request("nothing",
                               self.mark.value(size)).SerializeToString()
            for method, options in (
                ("Nothing", {}),
                ("AddSecretVersion", {"headers": [token]}),
                ("AddSecretVersion", {"cancel": True}),
                ("AddSecretVersion", {"cancel": True, "sent": 0.5}),
                ("WatchSecrets", {"cancel": True}),
                # Each short enough for gRPC to keep it inside of a slice.
                ("AddSecretVersion", {"pieces": max(17, size // 50)}),
            ):
                connection = self.stack.enter_context(http2.Connection(
                    self.keyward.address, self.keyward.identity("admin")))
                stream = connection.call(SERVICE + method, body, **options)
                if not options.get("cancel"):
                    connection.wait(stream)


def snapshots(keyward):
    try:
        return [Snapshot(name, process.pid)
                for name, process in keyward.processes.items()]
    except PermissionError as error:
        raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None


def found(keyward, needles):
    """Where the needles are in any process that is running."""
    taken = snapshots(keyward)
    unread = [line for snapshot in taken for line in snapshot.unread]
    assert not unread, unread
    return [line for snapshot in taken for line in snapshot.find(needles)]


@test
def P5_no_process_holds_a_value_after_its_calls(keyward):
    snapshots(keyward)
    with contextlib.ExitStack() as stack:
        load = Load(keyward, stack)
        load.watch()
        load.write_and_read()
        load.generate()
        load.typed()
        load.refused()
        load.bare()
        load.cancelled()
        # Not a wait for something: what is still there then is left.
        time.sleep(SETTLED_SECONDS)
        hits = found(keyward, load.needles())
        assert not hits, "\n".join(hits)
        # The same search finds what each process has been started with.
        place = {"folder": keyward.folder.encode()}
        for name in keyward.processes:
            assert any(hit.startswith(f"{name}: ")
                       for hit in found(keyward, place)), name


@test
def P5_a_value_is_found_while_its_call_is_open_and_no_longer(keyward):
    mark = Mark()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("s0", b"one")
    body = add_request("s0", mark.value(5000)).SerializeToString()
    with http2.Connection(
        keyward.address, keyward.identity("admin")
    ) as connection:
        stream = connection.call(SERVICE + "AddSecretVersion", body,
                                 sent=0.5, end=False)
        client.eventually(lambda: found(keyward, mark.forms()))
        connection.cancel(stream)
        time.sleep(SETTLED_SECONDS)
        hits = found(keyward, mark.forms())
        assert not hits, "\n".join(hits)


@test(prepare=test_tokens.believe_issuer)
def P5_a_stream_keeps_no_token(keyward):
    test_tokens.grant(keyward)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.bind("watcher", "secrets.viewer", "oidc:corp:watcher",
                   "projects/default")
    token = test_tokens.EC.token(sub="watcher")
    signature = {"signature": token.rpartition(".")[2].encode()}
    with Client(keyward.address, test_tokens.nobody(keyward),
                token) as watcher:
        stream = watcher.secrets.WatchSecrets(
            messages().WatchSecretsRequest(parent="projects/default"),
            timeout=60)
        next(stream)
        time.sleep(SETTLED_SECONDS)
        hits = found(keyward, signature)
        assert not hits, "\n".join(hits)
        assert stream.is_active()
        stream.cancel()
        time.sleep(SETTLED_SECONDS)
        hits = found(keyward, signature)
        assert not hits, "\n".join(hits)


@test
def P5_every_process_is_hardened(keyward):
    for name, process in keyward.processes.items():
        with open(f"/proc/{process.pid}/limits", encoding="utf-8") as limits:
            core = next(line.split() for line in limits
                        if line.startswith("Max core file size"))
        assert core[4:6] == ["0", "0"], (name, core)
        try:
            with open(f"/proc/{process.pid}/environ", "rb") as file:
                environment = file.read().split(b"\0")
        except PermissionError as error:
            raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None
        # Else the linker leaves parts of values on the stacks of threads, in
        # places that differ from run to run.
        assert b"LD_BIND_NOW=1" in environment, name
