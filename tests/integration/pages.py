# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Runs the commands that a page of the documentation shows, as it shows them.

So a page that is no longer true fails a test instead of whoever follows it.
"""

import os
import re
import shlex
import subprocess
import textwrap

from client import ROOT


def blocks(page, heading):
    """The shell blocks of a page under a heading, in order."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = file.read()
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2]))
    found = re.findall(
        r"^( *)```sh\n(.*?)^\1```$", sections[heading],
        flags=re.MULTILINE | re.DOTALL)
    assert found, f"{page} shows no commands under {heading!r}"
    return [textwrap.dedent(body) for _, body in found]


def run(script, environment, folder, timeout=120):
    """Runs a block as a person's shell would, but ends at the first failure."""
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
        env=environment, cwd=folder, timeout=timeout, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"exit {done.returncode} of\n{script}\n{output}"
    return output


def service_flags(script):
    """What a block that starts services gives each beside its home."""
    flags = {}
    for line in script.splitlines():
        program, *arguments = shlex.split(line)
        assert arguments[:2] == ["--home", "$KEYWARD_HOME"], line
        flags[program.removeprefix("keyward-")] = arguments[2:]
    return flags
