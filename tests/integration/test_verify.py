# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""`keyward audit verify` on what a deployment leaves behind: its folders, while
it runs and after, and its exports. Everyone who kept a checkpoint is heard.
"""

import os
import shutil

from client import Client, principal
from registry import test


def sources_of(report):
    """Who held the checkpoints that the log was compared with."""
    return {
        line.split(":", 1)[1].split("(")[0].strip()
        for line in report.decode().splitlines() if line.startswith("extends:")
    }


def make_some_records(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
        # More than one block of the log.
        for _ in range(300):
            admin.access("db")


@test
def P3_verify_hears_the_pin_the_store_and_policy(keyward):
    make_some_records(keyward)
    keyward.ok("audit", "checkpoint")
    everyone = {"the pin", "the store", "policy"}
    beside = keyward.ok("audit", "verify")
    assert sources_of(beside) == everyone, beside
    keyward.stop()
    # Offline, and with nothing under way any more.
    offline = keyward.ok("audit", "verify", "--settled")
    assert sources_of(offline) == everyone, offline
    assert b"newest used:      the " in offline, offline
    # What one of the folders lacks, the others still say.
    away = os.path.join(keyward.folder, "away")
    os.rename(keyward.data("store"), away)
    without = keyward.ok("audit", "verify")
    assert sources_of(without) == {"the pin", "policy"}, without


@test
def P3_an_older_log_is_found_by_each_who_kept_a_checkpoint(keyward):
    make_some_records(keyward)
    keyward.kill()
    older = os.path.join(keyward.folder, "older")
    shutil.copytree(keyward.data("audit"), older)
    keyward.restart()
    export = os.path.join(keyward.folder, "older.export")
    keyward.ok("audit", "export", "--out", export)
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.add("db", b"two")
        admin.unbind("app")
    kept = os.path.join(keyward.folder, "kept.checkpoint")
    keyward.ok("audit", "checkpoint", "--out", kept)
    keyward.kill()

    # The export was whole when it was made, and is too short now.
    assert "checkpoint" in keyward.refused("audit", "verify", "--export", export)
    with open(keyward.data("audit/log.key"), encoding="utf-8") as file:
        verifier_key = file.read().splitlines()[1]
    keyward.ok("audit", "verify", "--export", export, "--ignore-pin",
               "--verifier-key", verifier_key)
    keyward.refused("audit", "verify", "--export", export, "--ignore-pin",
                    "--checkpoint", kept)

    shutil.rmtree(keyward.data("audit"))
    os.rename(older, keyward.data("audit"))
    keyward.refused("audit", "verify")
    # Whichever of them is left alone with what it kept.
    keyward.refused("audit", "verify", "--ignore-pin")
    shutil.rmtree(keyward.data("store"))
    keyward.refused("audit", "verify", "--ignore-pin")
    shutil.rmtree(keyward.data("policy"))
    keyward.refused("audit", "verify", "--ignore-pin", "--checkpoint", kept)
    # By itself it is a good log: only the checkpoints tell that it was cut.
    keyward.ok("audit", "verify", "--ignore-pin")
