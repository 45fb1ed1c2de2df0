# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The README's tour, as a newcomer types it."""

import os
import re
import subprocess

import pages
from registry import test

TOUR, _ = pages.blocks("README.md", "A tour")

# What a tour needs beside it: a value of one's own, and a program.
VALUE = "sk_live_tour"
SERVER = """#!/bin/sh
printf '%s' "$STRIPE_KEY" > served
"""


def quickstart_environment(keyward):
    """The lines of `quickstart.sh --env`, for the deployment under test.

    The quick start's folder is laid out around it, so that what its shell gets
    is what the tour has, no more.
    """
    folder = os.path.join(keyward.folder, "quickstart")
    os.makedirs(os.path.join(folder, "config"))
    os.symlink(keyward.home, os.path.join(folder, "home"))
    os.symlink(keyward.binaries, os.path.join(folder, "bin"))
    port = keyward.address.rsplit(":", 1)[1]
    return subprocess.run(
        [os.path.join(pages.ROOT, "deploy/quickstart.sh"), "--env",
         "--folder", folder, "--port", port],
        check=True, capture_output=True).stdout.decode()


@test
def the_tour_of_the_readme_works_as_printed(keyward):
    folder = os.path.join(keyward.folder, "tour")
    os.makedirs(folder)
    with open(os.path.join(folder, "key.txt"), "w", encoding="ascii") as file:
        file.write(VALUE)
    server = os.path.join(folder, "my-server")
    with open(server, "w", encoding="ascii") as file:
        file.write(SERVER)
    os.chmod(server, 0o755)
    # A home of its own, in which no installation is: all that the commands
    # know they know from these lines.
    bare = {"PATH": "/usr/bin:/bin", "HOME": folder}
    output = pages.run(
        "umask 077\n" + quickstart_environment(keyward) + TOUR, bare, folder)
    # `access` printed the generated value as it is, without a line's end.
    assert re.search("^[A-Za-z0-9]{40}version 1 of .* is current", output,
                     re.MULTILINE), output
    # The rollback came before the program was started.
    with open(os.path.join(folder, "served"), encoding="ascii") as file:
        assert file.read() == VALUE
    assert "secrets.access" in output, output
    assert os.path.exists(os.path.join(folder, "ids", "payments-api.pem"))
    assert os.path.exists(os.path.join(folder, "entry.tlog-proof"))
