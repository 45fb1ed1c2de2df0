# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What the command line's own memory holds of a value, as root reads it.

A command lives for a moment, and what it leaves the kernel clears before
anybody gets it. There are three moments in which others could look: while it
waits for whoever reads what it prints, in the program that it becomes, and as
it ends. strace holds it at the last.
"""

import contextlib
import fcntl
import os
import platform
import signal
import subprocess

from client import Client, eventually
from process_memory import MARK_BYTES, PERIOD, Mark, Snapshot
from registry import Skip, test

# Numbers of system calls, as /proc/PID/syscall shows them.
WRITE, EXIT_GROUP = {
    "x86_64": ("1", "231"), "aarch64": ("64", "94")}[platform.machine()]

# From one that fits into a string object to the largest but one.
SIZES = (12, 100, 1000, 20000, 60000)

# Longer than a search takes; it is ended before.
HELD_SECONDS = 60


def system_call(pid):
    """Which one the process's first thread is in; "" if it is in none."""
    try:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            return file.read().split()[0]
    except PermissionError as error:
        raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@contextlib.contextmanager
def command(keyward, *arguments, under=(), **streams):
    """A running `keyward`; it is killed at the end if it still runs."""
    child = subprocess.Popen(
        [*under, keyward.binary("keyward"), *arguments],
        env=keyward.environment(),
        **{"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams})
    try:
        yield child
    finally:
        for pid in (children(child.pid) if under else []):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def at_its_end(keyward, *arguments, given=None, **streams):
    """The memory of a `keyward` that has done all that it does."""
    under = ("strace", "-qq", "-o", "/dev/null", "-e", "trace=exit_group",
             "-e", f"inject=exit_group:delay_enter={HELD_SECONDS}s")
    if given is not None:
        streams["stdin"] = subprocess.PIPE
    with command(keyward, *arguments, under=under, **streams) as tracer:
        if given is not None:
            tracer.stdin.write(given)
            tracer.stdin.close()
            tracer.stdin = None

        def ending():
            if tracer.poll() is not None:
                raise Skip("nothing can be traced here: "
                           + tracer.stderr.read().decode())
            return [pid for pid in children(tracer.pid)
                    if system_call(pid) == EXIT_GROUP]

        pid, = eventually(ending)
        snapshot = Snapshot(" ".join(arguments), pid)
        assert not snapshot.unread, snapshot.unread
        # The search finds what the command was started with.
        assert snapshot.find({"argument": arguments[-1].encode()})
        return snapshot


def marks_in(value, mark):
    return sum(value[place:place + MARK_BYTES] == mark.raw
               for place in range(0, len(value), PERIOD))


@test
def P5_a_command_ends_with_no_value_in_its_memory(keyward):
    mark = Mark()
    source = os.path.join(keyward.folder, "value")
    out = os.path.join(keyward.folder, "out")
    hits = []

    def look(*arguments, **options):
        hits.extend(at_its_end(keyward, *arguments, **options)
                    .find(mark.forms()))

    with Client(keyward.address, keyward.identity("admin")) as admin:
        for number, size in enumerate(SIZES):
            name = f"s{number}"
            value = mark.value(size)
            with open(source, "wb") as file:
                file.write(value)
            look("secret", "create", "--from-file", source, name)
            assert admin.access(name) == value
            value = mark.value(size)
            look("secret", "put", name, "-", given=value)
            assert admin.access(name) == value
            # More than a pipe holds must not be waited for.
            with open(out, "wb") as file:
                look("secret", "access", name, stdout=file)
            with open(out, "rb") as file:
                assert file.read() == value
            look("secret", "access", "--out", out + name, name)
            with open(out + name, "rb") as file:
                assert file.read() == value
            # Fetched for a program that is not there.
            text = mark.text(size)
            admin.add(name, text.encode())
            look("run", "--secret", f"VALUE={name}", "--", "/no/program")
            # Refused after it was sent.
            look("secret", "put", "nothing", "-", given=mark.value(size))
    assert not hits, "\n".join(hits)


@test
def P5_a_command_that_waits_for_its_reader_holds_the_value_once(keyward):
    mark = Mark()
    value = mark.value(SIZES[-1])
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", value)
    with command(keyward, "secret", "access", "db",
                 stdout=subprocess.PIPE) as child:
        fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, 4096)
        eventually(lambda: system_call(child.pid) == WRITE)
        snapshot = Snapshot("access", child.pid)
        places = snapshot.places(mark.raw)
        # What is about to be written, and nothing beside it.
        assert len(places) == marks_in(value, mark), snapshot.find(mark.forms())
        assert len({region for region, _ in places}) == 1, places
        others = {name: form for name, form in mark.forms().items()
                  if name != "raw"}
        assert not snapshot.find(others)
        assert child.stdout.read() == value
        assert child.wait() == 0


@test
def P5_a_program_that_was_run_has_the_value_in_its_environment_alone(keyward):
    mark = Mark()
    text = mark.text(SIZES[2]).encode()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", text)
    with command(keyward, "run", "--secret", "VALUE=db", "--", "sleep",
                 "60") as child:

        def became():
            with open(f"/proc/{child.pid}/comm", encoding="ascii") as file:
                return file.read() == "sleep\n"

        eventually(became)
        with open(f"/proc/{child.pid}/environ", "rb") as file:
            given = dict(line.split(b"=", 1)
                         for line in file.read().split(b"\0") if line)
        assert given.pop(b"VALUE") == text
        assert given == {name.encode(): value.encode() for name, value
                         in keyward.environment().items()}, given
        # It is in the system call that it is there for.
        eventually(lambda: system_call(child.pid) not in ("", "running"))
        try:
            snapshot = Snapshot("sleep", child.pid)
        except PermissionError as error:
            raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None
        places = snapshot.places(mark.raw.hex().encode())
        assert len(places) == text.count(mark.raw.hex().encode()), places
        assert {region.name for region, _ in places} == {"[stack]"}, places
        assert not snapshot.places(mark.raw)
