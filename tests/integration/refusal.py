# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Starts that must be refused: what is wrong, and what is seen of it.

A refusal is quick, exits 1 (2 for the command line), ends standard error with
one line for people that names the cause, and changes nothing in the home.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import shutil
import stat
import subprocess
from typing import Callable, Optional, Tuple

from deployment import FIVE, free_ports

# A refusal takes up to 2 s, which the metrics' server takes to stop.
SECONDS = 15

# They mostly wait: for that, not for the processor.
AT_ONCE = 16


@dataclasses.dataclass
class Case:
    """A way in which a start is wrong."""

    binary: str
    # What the line for people must say, besides the binary's name; {home} is
    # the home.
    says: Tuple[str, ...]
    arguments: Tuple[str, ...] = ()
    # What is done to the home first.
    spoil: Optional[Callable[[str], None]] = None
    exits: int = 1
    # The folders of other services that are in order, and are opened before
    # the one that is not.
    opens: Tuple[str, ...] = ()
    address: str = ""
    metrics: str = ""
    # A program, with its arguments, that runs the binary.
    under: Tuple[str, ...] = ()

    def describe(self):
        spoiled = self.spoil.__doc__ if self.spoil else ""
        return f"keyward-{self.binary} {' '.join(self.arguments)} {spoiled}"


def binaries_of(keyward):
    return ("standalone",) if keyward.form == "standalone" else FIVE


def those_of(keyward, *names):
    """Which of the names are binaries of this form, or the standalone."""
    if keyward.form == "standalone":
        return ("standalone",)
    return names


def tree(folder):
    """Everything about a folder that a start could change, times apart."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            info = os.lstat(path)
            content = ""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, folder)] = (
                info.st_mode, info.st_uid, content)
    return found


def changed(before, after, opened):
    """The paths that differ and lie in none of the opened folders."""
    return sorted(
        path for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
        and os.path.dirname(path) not in opened)


def attempt(keyward, case, home, ports):
    """Starts once; fails unless it is refused as the case says."""
    argv = [
        *case.under, keyward.binary(f"keyward-{case.binary}"), "--home", home,
        "--listen", case.address or f"127.0.0.1:{ports[0]}",
        "--metrics", case.metrics or f"127.0.0.1:{ports[1]}",
        *(argument.replace("{home}", home) for argument in case.arguments),
    ]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired as started:
        raise AssertionError(
            f"{case.describe()}: was not refused: {started.stderr}") from None
    errors = done.stderr.decode()
    context = f"{case.describe()}: exit {done.returncode}:\n{errors}"
    assert done.returncode == case.exits, context
    assert done.stdout == b"", context
    *log, line = errors.splitlines()
    assert line.startswith(f"keyward-{case.binary}: "), context
    for said in case.says:
        assert said.replace("{home}", home) in line, f"{said}: {context}"
    for entry in log:
        assert json.loads(entry)["service"] == case.binary, context
    return line


def in_place_refused(keyward, cases, home=None):
    """Starts each case on the home itself, all at once."""
    ports = free_ports(2 * len(cases))
    at_once([
        lambda case=case, own=ports[2 * number:2 * number + 2]:
        attempt(keyward, case, home or keyward.home, own)
        for number, case in enumerate(cases)
    ])


def at_once(calls):
    """Makes the calls and raises what the first one that failed raised."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()


def all_refused(keyward, cases):
    """Starts each case on a copy of the home, which must stay as it is.

    The home's processes must be stopped.
    """
    ports = free_ports(2 * len(cases))

    def run(number, case):
        home = os.path.join(keyward.folder, f"copy-{number}")
        shutil.copytree(keyward.home, home, symlinks=True)
        try:
            if case.spoil is not None:
                case.spoil(home)
            before = tree(home)
            attempt(keyward, case, home, ports[2 * number:2 * number + 2])
            touched = changed(before, tree(home), case.opens)
            assert not touched, (case.describe(), touched)
        finally:
            shutil.rmtree(home)

    at_once([
        lambda number=number, case=case: run(number, case)
        for number, case in enumerate(cases)
    ])
