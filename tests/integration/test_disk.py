# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Disks that are full, read-only or damaged under real processes."""

import contextlib
import glob
import os
import subprocess
import threading
import time
import unittest.mock

import grpc

import client
import deployment
from client import Client, eventually, principal
from refusal import Case, all_refused, in_place_refused, those_of
from registry import Skip, test

Code = grpc.StatusCode

KEEPERS = ("store", "policy", "audit")

# So small that RocksDB cannot reserve a log's space in advance, and large
# enough for what the tests write.
DISK = "6m"

# How long a call may take: while audit is away, so long is waited for it.
PATIENCE = 3

# What a call may end with while a disk is full. Never DEADLINE_EXCEEDED: that
# would be a hang that the caller had to end.
REFUSED = (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)


def mount(keyward, path, *options):
    """Mounts at the path until the deployment is closed."""
    done = subprocess.run(["mount", *options, path], capture_output=True,
                          check=False)
    if done.returncode != 0:
        reason = done.stderr.decode().strip().splitlines()[-1:]
        raise Skip(f"nothing can be mounted here: {' '.join(reason)}")
    keyward.undo.callback(
        subprocess.run, ["umount", path], capture_output=True, check=True)


def small_disks(keyward, size=DISK):
    """A small disk of its own for each folder of data."""
    keyward.initialize()
    os.makedirs(keyward.data(""), mode=0o700)
    for name in KEEPERS:
        os.mkdir(keyward.data(name), 0o700)
        mount(keyward, keyward.data(name), "-t", "tmpfs", "-o",
              f"size={size},mode=0700", "tmpfs")


@contextlib.contextmanager
def full(folder):
    """Keeps the disk full: what the process gives back is taken at once."""
    path = os.path.join(folder, "filler")
    stop = threading.Event()

    def fill():
        with open(path, "wb", buffering=0) as file:
            while not stop.is_set():
                try:
                    file.write(b"x" * 4096)
                except OSError:
                    time.sleep(0.001)

    filler = threading.Thread(target=fill)
    filler.start()
    try:
        eventually(lambda: os.statvfs(folder).f_bavail == 0)
        yield
    finally:
        stop.set()
        filler.join()
        os.unlink(path)


class Writer:
    """Changes all that there is, and knows what was acknowledged."""

    def __init__(self, admin):
        self.admin = admin
        self.versions = {}
        self.bindings = set()
        self.number = 0

    def add(self):
        value = b"value %d" % self.number
        answer = self.admin.add("db", value)
        self.versions[answer.version.name.rsplit("/", 1)[1]] = value

    def bind(self):
        name = f"b{self.number}"
        self.admin.bind(name, "secrets.accessor", principal(name),
                        "projects/default/secrets/db")
        self.bindings.add(name)

    def read(self):
        self.admin.access("db", timeout=PATIENCE)

    def attempt(self, call):
        """The code that the call ends with; it must end in time."""
        self.number += 1
        with unittest.mock.patch.object(client, "TIMEOUT", PATIENCE):
            error = client.error_of(call)
        if error is None:
            return Code.OK
        # Engines name their files, and callers are not told.
        told = f"{error.details()} {client.details_of(error)}"
        assert "/data/" not in told and "keyward-test-" not in told, told
        return error.code()

    def finds_all(self, keyward):
        for version, value in self.versions.items():
            assert self.admin.access("db", version) == value, version
        policy = keyward.ok("policy", "get", "projects/default").decode()
        for name in self.bindings:
            assert f"bindings/{name}" in policy or name in policy, name


@test(prepare=small_disks)
def P4_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"first")
        writer = Writer(admin)
        # Which calls cannot do without which folder.
        for folder, calls in (
            ("store", (writer.add,)),
            ("policy", (writer.bind,)),
            ("audit", (writer.read, writer.add, writer.bind)),
        ):
            with full(keyward.data(folder)):
                for call in calls:
                    end = time.monotonic() + 20
                    code = Code.OK
                    while code == Code.OK:
                        code = writer.attempt(call)
                        assert time.monotonic() < end, (folder, call)
                    assert code in REFUSED, (folder, call, code)
                # Full disks end no process.
                assert all(p.running() for p in keyward.processes.values())
            # Recovers by itself when there is space again.
            for call in (writer.add, writer.bind, writer.read):
                eventually(lambda call=call: writer.attempt(call) == Code.OK)
        writer.finds_all(keyward)
        keyward.kill()
        keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        writer.admin = admin
        writer.finds_all(keyward)
    keyward.ok("audit", "verify", "--data", keyward.data(""))


def no_room(home, folder):
    """What a start says that finds the disk of a folder full."""
    return ("No space left", "make room on the disk of the data folder "
            f"{home}/data/{folder} and start again: nothing is lost")


def keeper_of(keyward, folder):
    return "standalone" if keyward.form == "standalone" else folder


@test(prepare=small_disks)
def P4_a_start_on_a_full_disk_is_refused_and_loses_nothing(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"first")
        writer = Writer(admin)
        for call in (writer.add, writer.bind, writer.add):
            assert writer.attempt(call) == Code.OK
    for end in (keyward.kill, keyward.stop):
        end()
        for folder in KEEPERS:
            with full(keyward.data(folder)):
                in_place_refused(keyward, [
                    Case(keeper_of(keyward, folder),
                         says=no_room(keyward.home, folder))])
        keyward.restart()
        with Client(keyward.address, keyward.identity("admin")) as admin:
            writer.admin = admin
            writer.finds_all(keyward)
            assert writer.attempt(writer.add) == Code.OK
    keyward.ok("audit", "verify")


@test
def a_first_start_on_a_full_disk_is_refused_and_leaves_nothing_half(keyward):
    # A second installation, whose disks begin full: of something that lies
    # beside its folders, which are empty.
    fresh = deployment.Deployment(keyward.form, keyward.binaries)
    with contextlib.closing(fresh):
        fresh.initialize()
        os.makedirs(fresh.data(""), mode=0o700)
        for folder in KEEPERS:
            disk = os.path.join(fresh.folder, f"disk-{folder}")
            os.mkdir(disk)
            mount(fresh, disk, "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs")
            os.mkdir(os.path.join(disk, folder), 0o700)
            os.mkdir(fresh.data(folder), 0o700)
            mount(fresh, fresh.data(folder), "--bind",
                  os.path.join(disk, folder))
        for folder in KEEPERS:
            with full(os.path.join(fresh.folder, f"disk-{folder}")):
                in_place_refused(fresh, [
                    Case(keeper_of(fresh, folder),
                         says=no_room(fresh.home, folder))])
        fresh.start()
        with Client(fresh.address, fresh.identity("admin")) as admin:
            admin.create("db", b"kept")
            assert admin.access("db") == b"kept"


# -- failing -----------------------------------------------------------------

# What a disk does that is breaking: the kernel answers EIO. strace puts this
# answer in place of the kernel's; nothing of the process is changed for it.
SYNCS = "fsync,fdatasync"
READS = "read,pread64"


def strace(calls, paths=()):
    """Lets these system calls fail; on these files alone if there are any."""
    chosen = [word for path in paths for word in ("-P", path)]
    return ["strace", "-f", "-qq", "-o", "/dev/null", *chosen,
            "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO"]


def data_files(keyward):
    return [path for path in glob.glob(keyward.data("*/*"))
            if os.path.isfile(path)]


@contextlib.contextmanager
def failing(process, calls, paths=()):
    """The same for a running process, all of its threads."""
    tracer = subprocess.Popen(
        [*strace(calls, paths), "-p", str(process.pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    try:
        eventually(lambda: tracer.poll() is not None
                   or all(traced(process, tracer)))
        if tracer.poll() is not None:
            reason = tracer.stderr.read().decode().strip()
            raise Skip(f"nothing can be traced here: {reason}")
        yield
    finally:
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()


def traced(process, tracer):
    """Of each thread of the process, whether the tracer has it."""
    tasks = f"/proc/{process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/status", encoding="ascii") as status:
            yield f"TracerPid:\t{tracer.pid}\n" in status.readlines()


@test
def P4_a_disk_that_fails_loses_nothing_that_was_acknowledged(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"first")
        writer = Writer(admin)
        # Which calls cannot do without which folder: one process has all three.
        needs = {"store": (writer.add,), "policy": (writer.bind,),
                 "audit": (writer.read, writer.add, writer.bind)}
        if keyward.form == "standalone":
            needs = {"standalone": needs["audit"]}
        for name, calls in needs.items():
            process = keyward.processes[name]
            for call in calls:
                assert writer.attempt(call) == Code.OK
            with failing(process, SYNCS):
                for call in calls:
                    code = writer.attempt(call)
                    assert code in REFUSED, (name, call, code)
                assert process.running()
            # Recovers by itself when the disk does.
            for call in (writer.add, writer.bind, writer.read):
                eventually(lambda call=call: writer.attempt(call) == Code.OK)
        writer.finds_all(keyward)
        keyward.kill()
        keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        writer.admin = admin
        writer.finds_all(keyward)
    keyward.ok("audit", "verify", "--data", keyward.data(""))


@test
def P8_what_a_disk_does_not_read_is_unavailable_and_never_absent(keyward):
    # So much that the store has not all of it in memory once it has started.
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for number in range(20):
            admin.create(f"db-{number}", b"%d" % number * 20000)
    keyward.kill()
    keyward.restart()
    process = keyward.processes.get("store", keyward.front)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        with failing(process, READS, data_files(keyward)):
            codes = {client.code_of(admin.access, f"db-{number}",
                                    timeout=PATIENCE)
                     for number in range(20)}
        assert Code.UNAVAILABLE in codes, codes
        assert codes <= {Code.OK, Code.UNAVAILABLE}, codes
        for number in range(20):
            assert admin.access(f"db-{number}") == b"%d" % number * 20000


@test
def P8_a_start_on_a_disk_that_fails_is_refused_with_what_to_do(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"kept")
    keyward.kill()
    for fault in (strace(SYNCS), strace(READS, data_files(keyward))):
        in_place_refused(keyward, [
            Case(binary, under=tuple(fault),
                 says=("Input/output error", f"{keyward.home}/data/",
                       "see the system's log"))
            for binary in those_of(keyward, *KEEPERS)
        ])
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"kept"


# -- read-only and damaged ---------------------------------------------------


def stopped(keyward):
    """Tables and logs with something in them, and no process."""
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"kept")
        admin.bind("one", "secrets.accessor", principal("one"),
                   "projects/default/secrets/db")
    # What is in a log becomes a table when the log is replayed.
    keyward.kill()
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for number in range(10):
            admin.add("db", b"%d" % number)
        admin.bind("two", "secrets.accessor", principal("two"),
                   "projects/default/secrets/db")
    keyward.kill()


@test
def a_read_only_disk_is_refused_and_harmed_by_nothing(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"kept")
    keyward.stop()
    data = os.path.join(keyward.home, "data")
    with contextlib.ExitStack() as mounted:
        mount(keyward, data, "--bind", data)
        mounted.callback(keyward.undo.close)
        subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
        in_place_refused(keyward, [
            Case(binary, says=(
                f"the data folder {data}/",
                "cannot be written: Read-only file system; make it writable",
            ))
            for binary in those_of(keyward, *KEEPERS)
        ])
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"kept"


def newest(folder, pattern):
    """The newest file with something in it that the pattern names."""
    return max(path for path in glob.glob(os.path.join(folder, pattern))
               if os.path.getsize(path))


def flip(path):
    with open(path, "r+b") as file:
        middle = os.path.getsize(path) // 2
        file.seek(middle)
        byte = file.read(1)[0]
        file.seek(middle)
        file.write(bytes([byte ^ 1]))


def cut(path):
    os.truncate(path, os.path.getsize(path) * 2 // 3)


# What is refused at the start, whichever service's file it is. A cut log is
# what a power cut leaves, and a table's middle may be read much later.
DAMAGES = (
    ("*.log", flip),
    ("*.log", os.unlink),
    ("*.sst", cut),
    ("*.sst", os.unlink),
    ("MANIFEST-*", flip),
    ("MANIFEST-*", os.unlink),
    ("CURRENT", flip),
    ("CURRENT", os.unlink),
)


def damaging(folder, pattern, does):
    def spoil(home):
        does(newest(os.path.join(home, "data", folder), pattern))

    spoil.__doc__ = f"{does.__name__} {folder}/{pattern}"
    return spoil


@test
def P3_a_damaged_database_is_refused_by_name_with_the_way_back(keyward):
    stopped(keyward)
    opened = tuple(f"data/{name}" for name in KEEPERS)
    cases = []
    for binary in those_of(keyward, *KEEPERS):
        for folder in KEEPERS if binary == "standalone" else (binary,):
            cases += [
                Case(binary, spoil=damaging(folder, pattern, does),
                     says=("{home}/data/" + folder, "restore"), opens=opened)
                for pattern, does in DAMAGES
            ]
    all_refused(keyward, cases)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"9"
