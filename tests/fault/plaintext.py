#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Hunts for plaintext (P5), as root, in all that Keyward leaves or holds.

After a load of planted values of 8 bytes to 64 KiB and more, in calls that
succeed, are refused, are too large, are cancelled half-way, are batches, or run
beside a watch: no piece of any value is

- in the memory of a process, read region by region, when no call is open;
- in a data folder, an other file of the home, a log or a page of metrics: as it
  is, in hexadecimal digits, in base64, or in what unpacks from there;
- in any of these after a kill -9 and a start that replays the logs.

The search itself is tried first: on a value written in each of these ways, on
memory that was freed and not wiped, and on a value whose call is still open.

  plaintext.py                     both forms
  plaintext.py --form FORM         standalone or five
  plaintext.py --random-seed N     the choices of the run that had N
  plaintext.py --json FILE         what was tried and found

The seed repeats which sizes the cancelled calls have, and when each is
cancelled: there is no other choice. The values are new each time: what an earlier run
left behind somewhere must not be found, and callers on many threads would take
them from one seed in another order.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

# pylint: disable=wrong-import-position
import client  # noqa: E402
import deployment  # noqa: E402
import http2  # noqa: E402
import needles  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import test_memory  # noqa: E402
from process_memory import Snapshot  # noqa: E402
from registry import Skip  # noqa: E402
from test_memory import SETTLED_SECONDS, add_request  # noqa: E402

FORMS = ("standalone", "five")
SELF_TEST_BYTES = 5000
MIB = 1 << 20

# A process that frees what it has read without wiping it.
CARELESS = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
size = int(sys.argv[1])
buffers = [libc.malloc(size) for _ in range(3)]
for buffer in buffers:
    ctypes.memmove(buffer, sys.stdin.buffer.read(size), size)
libc.free(buffers[1])
for buffer in (buffers[0], buffers[2]):
    ctypes.memset(buffer, 0, size)
print("ready", flush=True)
sys.stdin.read()
"""


class Hunt:
    """The search in one deployment, and what it has found."""

    def __init__(self, result, keyward, planted):
        self.result = result
        self.keyward = keyward
        self.planted = planted
        self.form = keyward.form

    def judge(self, name, found):
        for line in found[:10]:
            self.result.found("P5", line, form=self.form)
        self.result.verdict(not found, f"{self.form}.{name}")

    def memory(self, name):
        """No process holds anything, and all of each could be read."""
        # Not a wait for something: what is still there then is left.
        time.sleep(SETTLED_SECONDS)
        found = []
        for snapshot in snapshots(self.keyward):
            found += [f"not searched: {line}" for line in snapshot.unread]
            found += in_memory(self.planted, snapshot)
            self.result.tried("MiB of memory searched",
                              snapshot.size() // MIB)
        self.judge(name, found)

    def files(self, name):
        """Nor does any file that a process has written."""
        found = []
        for path in written(self.keyward):
            with contextlib.suppress(FileNotFoundError):
                with open(path, "rb") as file:
                    data = file.read()
                found += [f"{path}: {line}"
                          for line in self.planted.find_packed(data)]
                self.result.tried("files searched")
                self.result.tried("KiB of files searched", len(data) >> 10)
        found += compressed_tables(self.keyward)
        self.judge(name, found)

    def metrics(self, name):
        found = []
        for process in self.keyward.processes.values():
            url = f"http://127.0.0.1:{process.metrics_port}/metrics"
            with urllib.request.urlopen(url, timeout=client.TIMEOUT) as page:
                found += [f"{url}: {line}"
                          for line in self.planted.find_packed(page.read())]
            self.result.tried("pages of metrics searched")
        self.judge(name, found)

    def open_call(self):
        """A value whose call is open is found, and no longer."""
        keyward = self.keyward
        value = self.planted.value(SELF_TEST_BYTES)
        body = add_request("s0", value).SerializeToString()
        front = keyward.front

        def held():
            return in_memory(self.planted, Snapshot(front.name, front.pid))

        with http2.Connection(
            keyward.address, keyward.identity("admin")
        ) as connection:
            stream = connection.call(
                test_memory.SERVICE + "AddSecretVersion", body, sent=0.9,
                end=False)
            found = False
            with contextlib.suppress(AssertionError):
                found = bool(client.eventually(held))
            self.result.verdict(
                found, f"{self.form}.a_value_is_found_while_its_call_is_open")
            connection.cancel(stream)
            self.memory("and_not_once_the_call_is_cancelled")


def snapshots(keyward):
    try:
        return [Snapshot(name, process.pid)
                for name, process in keyward.processes.items()]
    except PermissionError as error:
        raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None


def in_memory(planted, snapshot):
    found = []
    for region, address, piece in snapshot.pieces:
        found += [f"{snapshot.name}: {region}, piece at {address:x}: {line}"
                  for line in planted.find(piece)]
    return found


def written(keyward):
    """The home and the logs; clients' own files are theirs."""
    yield from (process.log_path for process in keyward.processes.values())
    for place, _, files in os.walk(keyward.home):
        for name in files:
            yield os.path.join(place, name)


def compressed_tables(keyward):
    """Tables of which a search of their bytes would prove nothing."""
    tables = [path for path in written(keyward) if path.endswith(".sst")]
    for path in tables:
        with open(path, "rb") as file:
            data = file.read()
        # RocksDB tells it of each table in the table itself.
        if b"NoCompression" not in data:
            yield f"{path} is compressed, or of another kind"


def try_the_search(result, planted):
    """It finds a value however it was written, and freed memory."""
    value = planted.value(SELF_TEST_BYTES)
    around = os.urandom(1001)
    missed = [name for name, write in needles.WRITTEN.items()
              if not planted.find_packed(around + write(value) + around)]
    for shift in range(3):
        text = needles.base64_of(around[:shift] + value)
        missed += [f"base64+{shift}" for each in text
                   if not planted.find_packed(each)]
    assert not planted.find_packed(around), "what was not planted is found"
    result.verdict(
        not missed, "the_search_finds_every_form", " ".join(missed))

    with subprocess.Popen(
        ["/usr/bin/python3", "-c", CARELESS, str(len(value))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as careless:
        careless.stdin.write(os.urandom(len(value)) + value
                             + os.urandom(len(value)))
        careless.stdin.flush()
        assert careless.stdout.readline() == b"ready\n"
        try:
            found = in_memory(planted, Snapshot("careless", careless.pid))
        except PermissionError as error:
            raise Skip(f"needs root with CAP_SYS_PTRACE: {error}") from None
        finally:
            careless.kill()
    result.verdict(bool(found), "the_search_finds_freed_memory_not_wiped")


def plant(hunt, stack):
    """Every kind of call, with values that have never been anywhere else."""
    load = test_memory.Load(hunt.keyward, stack, hunt.planted,
                            hunt.result.random_of(hunt.form))
    for step in (load.watch, load.write_and_read, load.generate, load.typed,
                 load.refused, load.bare, load.cancelled):
        step()
    for name, value in load.others.items():
        hunt.planted.add(value, name)


def hunt_in(result, form, binaries, planted):
    keyward = deployment.Deployment(form, binaries)
    hunt = Hunt(result, keyward, planted)
    with contextlib.closing(keyward), contextlib.ExitStack() as stack:
        keyward.start()
        snapshots(keyward)
        plant(hunt, stack)
        hunt.memory("no_process_holds_a_value")
        hunt.open_call()
        hunt.metrics("no_page_of_metrics_has_one")
        hunt.files("no_file_has_one")
        keyward.kill()
        hunt.files("nor_after_kill_9")
        keyward.restart()
        hunt.memory("no_process_holds_one_after_it_replays_its_logs")
        keyward.stop()
        hunt.files("nor_has_a_file_after_a_stop")
        keyward.check_logs()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=FORMS)
    result = report.Report("plaintext", parser)
    folder = tempfile.mkdtemp(prefix="keyward-hunt-")
    binaries = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    try:
        with contextlib.closing(needles.Planted(folder)) as planted:
            try:
                try_the_search(result, planted)
            except Skip as skip:
                result.skip("the_search_finds_freed_memory_not_wiped", skip)
        for form in FORMS if result.options.form is None else (
                result.options.form,):
            with contextlib.closing(needles.Planted(folder)) as planted:
                try:
                    hunt_in(result, form, binaries, planted)
                except Skip as skip:
                    result.skip(form, skip)
                result.tried("values planted", len(planted.names))
                result.tried("KiB planted", planted.bytes >> 10)
                result.tried("pieces looked for", len(planted))
    finally:
        for each in (folder, binaries, stubs):
            shutil.rmtree(each)
    return result.end()


if __name__ == "__main__":
    sys.exit(main())
