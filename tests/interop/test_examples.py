# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The examples in Python, Node.js and Go, as their users run them.

What they print is compared word by word: the same in every language. Each
language's gRPC, protobuf and TLS are others than the server's.
"""

import os
import signal
import socket
import subprocess
import threading
import time

import client
import examples
import forge
import issuer
import pages
from client import Client, eventually
from deployment import Deployment
from registry import test

# What a command may take.
SECONDS = 60

KEY = forge.TokenKey("interop")


def believe_issuer(keyward):
    issuer.believe(keyward, KEY)


def for_each_language(function=None, *, shared=True, form=None):
    """Marks a function of a deployment and a language as a test of each."""

    def add(function):
        for language in examples.LANGUAGES:
            def case(keyward, language=language):
                examples.folder(language)
                function(keyward, language)

            case.__name__ = f"{language}_{function.__name__}"
            test(prepare=believe_issuer, shared=shared, form=form)(case)
        return function

    return add if function is None else add(function)


# -- running them ------------------------------------------------------------


def environment(keyward, identity, token=None):
    """Who an example is, and where the server: by name, as in real life."""
    found = keyward.environment(identity or "nobody")
    found["KEYWARD_ADDR"] = found["KEYWARD_ADDR"].replace(
        "127.0.0.1", "localhost")
    if token is not None:
        found["KEYWARD_TOKEN_FILE"] = token
        del found["KEYWARD_CERT"], found["KEYWARD_KEY"]
    return found


def start(keyward, language, *arguments, identity=None, token=None, **options):
    return subprocess.Popen(
        examples.command(language, *arguments),
        cwd=examples.folder(language),
        env=environment(keyward, identity, token), **options)


def run(keyward, language, *arguments, stdin=b"", **who):
    """Runs an example to its end: (exit code, output, what went wrong)."""
    process = start(
        keyward, language, *arguments, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **who)
    try:
        out, err = process.communicate(stdin, SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err.decode()


def ok(*arguments, **options):
    code, out, err = run(*arguments, **options)
    assert (code, err) == (0, ""), (code, out, err)
    return out


class Watcher:
    """An example's `watch` in the background, and the lines it printed."""

    def __init__(self, keyward, language, begin=start, **who):
        self.lines = []
        self.errors = os.path.join(keyward.folder, f"{language}-watch.log")
        with open(self.errors, "wb") as errors:
            self.process = begin(
                keyward, language, "watch", stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, **who)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    def said(self):
        with open(self.errors, encoding="utf-8") as errors:
            return errors.read()

    def wait_for(self, *lines):
        """Waits for as many lines, which must be exactly these."""
        def there():
            assert self.process.poll() is None, self.said()
            return len(self.lines) >= len(lines)

        try:
            eventually(there, 30)
        except AssertionError as error:
            raise AssertionError((error, self.lines, self.said())) from None
        assert self.lines == list(lines), (self.lines, self.said())


def name_of(secret_id):
    return f"projects/default/secrets/{secret_id}"


def administrator(keyward):
    return Client(keyward.address, keyward.identity("admin"))


def get(admin, secret_id):
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    return admin.secrets.GetSecret(
        messages.GetSecretRequest(name=name_of(secret_id)),
        timeout=client.TIMEOUT).secret


def write_token(keyward, name, **claims):
    return forge.write(os.path.join(keyward.folder, name),
                       KEY.token(**claims) + "\n", 0o600)


# -- tests -------------------------------------------------------------------


@for_each_language
def writes_and_reads(keyward, language):
    values = (bytes(range(256)) + "Käse".encode(), os.urandom(65536))
    name = name_of(language)
    with administrator(keyward) as admin:
        principal = client.principal(f"{language}-writer")
        for role in ("writer", "accessor"):
            admin.bind(f"{language}-{role}", f"secrets.{role}", principal, name)
    who = {"identity": f"{language}-writer"}
    # The second time is a retry: the request id tells the server so.
    for _ in range(2):
        assert ok(keyward, language, "create", language, "request-1",
                  stdin=values[0], **who) == f"{name}/versions/1\n".encode()
    assert ok(keyward, language, "read", language, **who) == values[0]
    for _ in range(2):
        assert ok(keyward, language, "add", language, "request-2",
                  stdin=values[1], **who) == f"{name}/versions/2\n".encode()
    assert ok(keyward, language, "read", language, **who) == values[1]
    with administrator(keyward) as admin:
        assert get(admin, language).version_count == 2
        messages = client.module("keyward.secrets.v1.secret_service_pb2")
        versions = admin.secrets.ListSecretVersions(
            messages.ListSecretVersionsRequest(parent=name),
            timeout=client.TIMEOUT).versions
        # The server compared the checksum of each with the value.
        assert [v.client_specified_payload_checksum for v in versions] == [
            True, True], versions
        for number, value in enumerate(values, 1):
            assert admin.access(language, str(number)) == value


@for_each_language
def reads_with_a_bearer_token(keyward, language):
    secret = f"{language}-token"
    with administrator(keyward) as admin:
        admin.create(secret, b"for the bearer")
        admin.bind(f"{language}-bearer", "secrets.accessor",
                   f"oidc:corp:{language}", name_of(secret))
    token = write_token(keyward, secret, sub=language, jti=f"{language}-id")
    assert ok(keyward, language, "read", secret,
              token=token) == b"for the bearer"
    with administrator(keyward) as admin:
        messages = client.module("keyward.audit.v1.audit_service_pb2")
        entries = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(
                parent="system", principal=f"oidc:corp:{language}"),
            timeout=client.TIMEOUT).entries
    assert [(e.entry.authentication, e.entry.credential_id, e.entry.code)
            for e in entries] == [("jwt", f"jwt:corp:{language}-id", 0)]
    # A token for somebody else's server.
    token = write_token(keyward, secret, sub=language, aud="another-service")
    code, out, err = run(keyward, language, "read", secret, token=token)
    assert (code, out) == (1, b""), (code, out, err)
    assert err == (
        "UNAUTHENTICATED: bearer token: aud names none of the audiences "
        "configured here\n"
        "  reason: UNAUTHENTICATED\n"), err


@for_each_language
def reads_many_and_tells_of_each(keyward, language):
    names = [f"{language}-b1", f"{language}-other", f"{language}-b2"]
    with administrator(keyward) as admin:
        admin.create(names[0], b"one")
        admin.create(names[1], b"not granted")
        admin.bind(f"{language}-batch", "secrets.accessor",
                   client.principal(f"{language}-batch"),
                   name_of(f"{language}-b*"))
    out = ok(keyward, language, "batch", *names, identity=f"{language}-batch")
    first, other, missing = map(name_of, names)
    assert out.decode() == (
        f"{first}: {first}/versions/1, 3 bytes\n"
        f"{other}: {refusal(other)}"
        f"{missing}: NOT_FOUND: the secret does not exist\n"
        "  reason: NOT_FOUND\n"), out.decode()


def refusal(name):
    """How an example tells of a read that was not granted."""
    return (f"PERMISSION_DENIED: missing secrets.access on {name}\n"
            "  reason: PERMISSION_DENIED\n"
            "  action: secrets.access\n"
            f"  resource: {name}\n")


@for_each_language
def tells_why_a_call_was_refused(keyward, language):
    secret = f"{language}-refused"
    with administrator(keyward) as admin:
        admin.create(secret, b"not granted")
    code, out, err = run(keyward, language, "read", secret,
                         identity="stranger")
    assert (code, out) == (1, b""), (code, out, err)
    assert err == refusal(name_of(secret)), err
    code, out, err = run(keyward, language, "create", "not/a/name",
                         identity="admin", stdin=b"value")
    assert (code, out) == (1, b""), (code, out, err)
    rule = ("an id must match [A-Za-z0-9_.-]{1,255} and be neither '.' nor "
            "'..'")
    assert err == (
        f"INVALID_ARGUMENT: secret_id: {rule}\n"
        "  reason: INVALID_FIELD\n"
        f"  field secret_id: {rule}\n"), err


@for_each_language
def works_as_its_page_shows(keyward, language):
    _, use = examples.page_blocks(language)
    secret = name_of(f"from-{language}")
    # With the address that the quick start gives; the page says that Node.js
    # wants a name.
    who = environment if language == "node" else Deployment.environment
    found = pages.run(use, who(keyward, "admin"), examples.folder(language))
    assert found == (
        f"{secret}/versions/1\n"
        f"{secret}/versions/2\n"
        f"battery staple{secret}: {secret}/versions/2, 14 bytes\n"
        f"{name_of('zebra')}: NOT_FOUND: the secret does not exist\n"
        "  reason: NOT_FOUND\n"), found


@for_each_language(shared=False)
def a_watch_goes_through_restarts_and_sees_each_change_once(keyward, language):
    name = name_of("db")
    with administrator(keyward) as admin:
        admin.create("db", b"1")
        admin.bind("watcher", "secrets.viewer",
                   client.principal("watcher"), "projects/default")
    seen = [f"LISTED {name} 1"]

    def add(count):
        with administrator(keyward) as admin:
            for _ in range(count):
                version = admin.add("db", b"x").version
                number = version.name.rsplit("/", 1)[1]
                seen.append(f"VERSION_ADDED {name} {number}")

    with Watcher(keyward, language, identity="watcher") as watcher:
        watcher.wait_for(*seen)
        add(3)
        watcher.wait_for(*seen)
        # It is away while the server crashes, comes back and goes on.
        watcher.process.send_signal(signal.SIGSTOP)
        keyward.kill()
        keyward.restart()
        add(3)
        watcher.process.send_signal(signal.SIGCONT)
        add(1)
        watcher.wait_for(*seen)
        # An operator's restart.
        assert set(keyward.stop().values()) == {0}
        keyward.restart()
        add(2)
        watcher.wait_for(*seen)
        assert "it is opened again" in watcher.said(), watcher.said()


@for_each_language(shared=False, form="standalone")
def a_watch_lists_again_after_a_restore(keyward, language):
    name = name_of("db")
    with administrator(keyward) as admin:
        admin.create("db", b"1")
    with Watcher(keyward, language, identity="admin") as watcher:
        watcher.wait_for(f"LISTED {name} 1")
        assert set(keyward.stop().values()) == {0}
        keyward.front.argv.append("--restored")
        keyward.restart()
        watcher.wait_for(f"LISTED {name} 1", f"LISTED {name} 1")
        with administrator(keyward) as admin:
            admin.add("db", b"2")
        watcher.wait_for(f"LISTED {name} 1", f"LISTED {name} 1",
                         f"VERSION_ADDED {name} 2")


@for_each_language(shared=False, form="standalone")
def a_watch_outlives_its_token(keyward, language):
    name = name_of("db")
    with administrator(keyward) as admin:
        admin.create("db", b"1")
        admin.bind("watcher", "secrets.viewer", "oidc:corp:watcher",
                   "projects/default")
        expires = int(time.time()) - issuer.LEEWAY + 6
        token = write_token(keyward, "token", sub="watcher", exp=expires)
        with Watcher(keyward, language, token=token) as watcher:
            watcher.wait_for(f"LISTED {name} 1")
            admin.add("db", b"2")
            seen = [f"LISTED {name} 1", f"VERSION_ADDED {name} 2"]
            watcher.wait_for(*seen)
            write_token(keyward, "token", sub="watcher")
            eventually(lambda: "UNAUTHENTICATED" in watcher.said().upper(), 30)
            admin.add("db", b"3")
            watcher.wait_for(*seen, f"VERSION_ADDED {name} 3")


def connected(port):
    """Whether anybody has a connection to a port of this machine."""
    rows = []
    # gRPC's C core speaks IPv4 through sockets of IPv6.
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as lines:
            rows += [line.split() for line in lines][1:]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "01"
               for row in rows)


def turn_away(port):
    """Is in the server's place until somebody connects, and hangs up."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(SECONDS)
        listener.accept()[0].close()


@for_each_language(shared=False)
def a_change_is_made_once_though_the_server_dies_under_it(keyward, language):
    port = int(keyward.address.rsplit(":", 1)[1])
    with administrator(keyward) as admin:
        admin.create("db", b"1")
    store = keyward.processes.get("store")
    if store:
        store.pause()
        assert not connected(port)
    else:
        keyward.front.kill()
    writer = start(keyward, language, "add", "db", identity="admin",
                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
    writer.stdin.write(b"2")
    writer.stdin.close()
    writer.stdin = None
    if store:
        # The gateway dies while the change is with the store.
        eventually(lambda: connected(port), SECONDS)
        time.sleep(1)
        keyward.front.kill()
        store.resume()
    else:
        turn_away(port)
    keyward.front.start().wait_ready()
    out, err = writer.communicate(timeout=SECONDS)
    assert (writer.returncode, out) == (
        0, f"{name_of('db')}/versions/2\n".encode()), (out, err)
    with administrator(keyward) as admin:
        assert admin.access("db") == b"2"
        assert get(admin, "db").version_count == 2
