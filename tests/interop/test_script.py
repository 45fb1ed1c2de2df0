# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""deploy/examples/grpcurl/keyward.sh, as its users run it.

It prints the same as the examples in other languages.
"""

import os
import shutil
import subprocess

import client
import pages
from client import ROOT, Client
from registry import Skip, test
from test_examples import SECONDS, Watcher, name_of, refusal
from test_grpcurl import PUBLIC, environment

EXAMPLE = os.path.join(ROOT, "deploy/examples/grpcurl")

# Secrets of a page.
PAGE = 100


def start(keyward, _, *arguments, identity="admin", **options):
    if shutil.which("jq") is None:
        raise Skip("there is no jq")
    return subprocess.Popen(
        ["./keyward.sh", *arguments], cwd=EXAMPLE,
        env=environment(keyward, identity), **options)


def run(keyward, *arguments, stdin=b"", identity="admin"):
    """Runs the script to its end: (exit code, output, what went wrong)."""
    process = start(
        keyward, None, *arguments, identity=identity, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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


@test(shared=True)
def the_script_shows_the_contracts(keyward):
    assert ok(keyward, "list").decode().split() == PUBLIC
    described = ok(
        keyward, "describe", "keyward.secrets.v1.SecretService")
    assert b"rpc WatchSecrets (" in described, described
    # It reads no contracts but those of the server.
    code, out, err = run(keyward, "describe", "keyward.secrets.v1.Nothing")
    assert code != 0 and not out and "not found" in err, (code, out, err)
    code, out, err = run(keyward, "creat", "db")
    assert (code, out) == (2, b"") and "keyward.sh watch" in err, (code, err)


@test(shared=True)
def the_script_writes_and_reads(keyward):
    # With every byte, none that a text or a line may have only.
    values = (bytes(range(256)) + b"\n", os.urandom(65536))
    name = name_of("from-script")
    # The second time is a retry: the request id tells the server so.
    for _ in range(2):
        assert ok(keyward, "create", "from-script", "request-1",
                          stdin=values[0]) == f"{name}/versions/1\n".encode()
    assert ok(keyward, "read", "from-script") == values[0]
    for _ in range(2):
        assert ok(keyward, "add", "from-script", "request-2",
                          stdin=values[1]) == f"{name}/versions/2\n".encode()
    assert ok(keyward, "read", "from-script") == values[1]
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("from-script", "1") == values[0]
        assert admin.access("from-script", "2") == values[1]
    assert (f"LISTED {name} 2" in
            ok(keyward, "secrets").decode().splitlines())


@test(shared=True)
def the_script_reads_many_and_tells_of_each(keyward):
    names = ["script-b1", "script-other", "script-b2", "script-b3"]
    values = [b"1", b"not granted", b"22", b"\xff\0\xff"]
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for name, value in zip(names, values):
            admin.create(name, value)
        admin.bind("script-batch", "secrets.accessor",
                   client.principal("script-batch"), name_of("script-b*"))
    names.append("script-b4")
    out = ok(keyward, "batch", *names, identity="script-batch")
    first, other, second, third, missing = map(name_of, names)
    assert out.decode() == (
        f"{first}: {first}/versions/1, 1 bytes\n"
        f"{other}: {refusal(other)}"
        f"{second}: {second}/versions/1, 2 bytes\n"
        f"{third}: {third}/versions/1, 3 bytes\n"
        f"{missing}: NOT_FOUND: the secret does not exist\n"
        "  reason: NOT_FOUND\n"), out.decode()


@test(shared=True)
def the_script_tells_why_a_call_was_refused(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("script-refused", b"not granted")
    assert run(keyward, "read", "script-refused", identity="stranger") == (
        1, b"", refusal(name_of("script-refused")))
    rule = ("an id must match [A-Za-z0-9_.-]{1,255} and be neither '.' nor "
            "'..'")
    assert run(keyward, "create", "not/a/name", stdin=b"value") == (
        1, b"",
        f"INVALID_ARGUMENT: secret_id: {rule}\n"
        "  reason: INVALID_FIELD\n"
        f"  field secret_id: {rule}\n")


@test(shared=True)
def the_script_works_as_its_page_shows(keyward):
    (use,) = pages.blocks("deploy/examples/README.md", "A shell")
    name = name_of("from-shell")
    found = pages.run(use, environment(keyward), EXAMPLE)
    # What list and describe print is before it.
    assert found.endswith(
        f"}}\n{name}/versions/1\n"
        f"{name}/versions/2\n"
        f"battery staple{name}: {name}/versions/2, 14 bytes\n"
        f"{name_of('zebra')}: NOT_FOUND: the secret does not exist\n"
        "  reason: NOT_FOUND\n"), found
    assert "message SecretPayload {" in found, found


@test(shared=True)
def the_script_lists_over_several_pages(keyward):
    wanted = [name_of(f"paged-{number:03}") for number in range(PAGE + 1)]
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for name in wanted:
            admin.create(name.rsplit("/", 1)[1], b"value")
    found = ok(keyward, "secrets").decode().splitlines()
    assert [line for line in found if "/paged-" in line] == [
        f"LISTED {name} 1" for name in wanted], found


@test(shared=False)
def the_script_watches(keyward):
    name = name_of("db")
    ok(keyward, "create", "db", stdin=b"1")
    seen = [f"LISTED {name} 1"]
    with Watcher(keyward, "grpcurl", begin=start) as watcher:
        watcher.wait_for(*seen)
        for number in (2, 3):
            ok(keyward, "add", "db", stdin=b"x")
            seen.append(f"VERSION_ADDED {name} {number}")
            watcher.wait_for(*seen)
        # The stream's end is told, not waited out in silence.
        assert set(keyward.stop().values()) == {0}
        assert watcher.process.wait(60) == 1, watcher.said()
        assert "UNAVAILABLE" in watcher.said(), watcher.said()
    code, out, err = run(keyward, "read", "db")
    assert (code, out) == (1, b"") and "refused" in err, (code, out, err)
