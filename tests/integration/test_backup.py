# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Backups as deploy/BACKUP.md has them, and the folders and keys that are no
backup: each is refused by name, and nothing is lost by trying.
"""

import contextlib
import glob
import os
import shutil
import subprocess
import tempfile

import grpc

import client
import pages
from client import Client, code_of, error_of, eventually, principal
from deployment import ProcessFailed
from registry import test

Code = grpc.StatusCode

PAGE = "deploy/BACKUP.md"
SAVE, = pages.blocks(PAGE, "What to copy, and where to")
PUT_BACK, START_ONE, START_FIVE, ROTATE, ACCEPT = pages.blocks(
    PAGE, "Restoring")

FOLDERS = ("store", "policy", "audit")


def secrets():
    return client.module("keyward.secrets.v1.secret_service_pb2")


def audit():
    return client.module("keyward.audit.v1.audit_service_pb2")


class Backup:
    """The archives of one cold backup, made as the page says."""

    def __init__(self, keyward):
        self.keyward = keyward
        self.folder = tempfile.mkdtemp(prefix="backup-", dir=keyward.folder)
        self._run(SAVE)

    def _run(self, script):
        environment = {**os.environ, "KEYWARD_HOME": self.keyward.home}
        pages.run(script, environment, self.folder)

    def restore(self):
        """Puts everything back as the page says; what was lost is gone."""
        self._run(PUT_BACK)
        lost = os.path.join(self.keyward.home, "data.lost")
        assert os.path.exists(lost), "the page no longer keeps what is there"
        shutil.rmtree(lost)

    def unpack(self, services, into):
        """Puts the folders of some services into a data folder, alone."""
        for service in services:
            shutil.rmtree(os.path.join(into, service))
        subprocess.run(
            ["tar", "-C", os.path.dirname(into), "-xpf",
             os.path.join(self.folder, "data.tar"),
             *(f"data/{service}" for service in services)],
            check=True)


def as_the_page_says(keyward, commands):
    """Runs commands of the page as the administrator."""
    pages.run(
        commands,
        {**keyward.environment(),
         "PATH": f"{keyward.binaries}:{os.environ['PATH']}"},
        keyward.folder)


def stop_well(keyward):
    codes = keyward.stop()
    assert set(codes.values()) == {0}, codes


def flags_of_the_page(keyward):
    return pages.service_flags(
        START_ONE if keyward.form == "standalone" else START_FIVE)


@contextlib.contextmanager
def added_flags(keyward, flags):
    """Starts processes with more arguments, by name, until the end."""
    before = {}
    for name, more in flags.items():
        process = keyward.processes[name]
        before[name] = list(process.argv)
        process.argv += more
    try:
        yield
    finally:
        for name, argv in before.items():
            keyward.processes[name].argv = argv


def refusal(keyward, expected):
    """Starts a Keyward that must not come up, and returns what it said.

    A process has to end by itself, saying what is expected. In five processes
    others may have reasons of their own, or wait for those that ended.
    """
    for process in keyward.processes.values():
        with open(process.log_path, "wb"):
            pass
        process.start()

    def said():
        for process in keyward.processes.values():
            if process.running():
                continue
            code = process.child.returncode
            assert code == 1, (process.name, code, process.log())
            last = process.log().splitlines()[-1]
            if expected in last:
                return last
        assert not keyward.front.ready(), f"it serves, without {expected!r}"
        return None

    try:
        return eventually(said, 20)
    finally:
        keyward.kill()


def watch_error(admin, position):
    """How a watch from a position ends at once; None if it goes on."""
    stream = admin.secrets.WatchSecrets(
        secrets().WatchSecretsRequest(
            parent="projects/default", position=position),
        timeout=client.TIMEOUT)
    error = error_of(next, stream)
    stream.cancel()
    return error


def position_of(admin):
    listed = admin.secrets.ListSecrets(
        secrets().ListSecretsRequest(parent="projects/default"),
        timeout=client.TIMEOUT)
    return listed.watch_position


def installation_records(admin):
    """What is on record about the installation, oldest first."""
    answer = admin.audit.QueryEntries(
        audit().QueryEntriesRequest(parent="system", page_size=1000),
        timeout=client.TIMEOUT)
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_INSTALLATION
    return [
        e.entry for e in answer.entries if e.entry.kind == kind
    ]


def status_of(keyward):
    """`operator status`, once every service in it was asked."""

    def told():
        status = keyward.json("operator", "status")
        return status if status.get("installationId") else None

    return eventually(told, 20)


@test
def P3_a_restored_backup_is_noticed_by_all_who_saw_more(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("kept", b"before the backup")
        early = position_of(admin)
        keyward.ok("audit", "checkpoint")
        before = status_of(keyward)
        assert before["incarnation"] == "1", before
    stop_well(keyward)
    backup = Backup(keyward)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("lost", b"after the backup")
        # More than the restore itself puts on record: the log gets shorter.
        for _ in range(40):
            admin.access("lost")
        late = position_of(admin)
        assert watch_error(admin, early) is None
        keyward.ok("audit", "checkpoint")
    keyward.kill()
    backup.restore()
    with added_flags(keyward, flags_of_the_page(keyward)):
        keyward.restart()

    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("kept") == b"before the backup"
        assert code_of(admin.access, "lost") == Code.NOT_FOUND
        for position in (early, late):
            error = watch_error(admin, position)
            assert error.code() == Code.FAILED_PRECONDITION, error
            reason = client.details_of(error)["ErrorInfo"].reason
            assert reason == "POSITION_FOREIGN", reason
        details = [
            r.detail for r in installation_records(admin)
            if r.principal == "system:operator"
        ]
        assert any(d.startswith("the installation was restored from a backup")
                   for d in details), details
        after = status_of(keyward)
        assert after["incarnation"] == "2", after
        assert after["installationId"] == before["installationId"]
        _the_pin_complains_until_it_is_told(keyward, admin)
        # A watch from the new list goes on.
        stream = admin.secrets.WatchSecrets(
            secrets().WatchSecretsRequest(
                parent="projects/default", position=position_of(admin)),
            timeout=client.TIMEOUT)
        admin.create("fresh", b"after the restore")
        names = (answer.event.name for answer in stream)
        assert next(filter(None, names)) == "projects/default/secrets/fresh"
        stream.cancel()

    # From then on as usual.
    stop_well(keyward)
    keyward.restart()
    assert status_of(keyward)["incarnation"] == "2"
    key, = keyward.json("key", "list")["keys"]
    assert key["primaryVersion"] == "1", key
    as_the_page_says(keyward, ROTATE)
    key, = keyward.json("key", "list")["keys"]
    assert key["primaryVersion"] == "2", key
    keyward.ok("audit", "verify")
    keyward.ok("audit", "checkpoint")


def _the_pin_complains_until_it_is_told(keyward, admin):
    def complaint(*command):
        said = keyward.refused(*command)
        assert "pinned" in said and "DATA_LOSS" in said, said
        return said

    said = complaint("audit", "checkpoint")
    assert "seen now" in said, said
    assert "--accept-rollback" in said, said
    complaint("audit", "query", "system")
    keyward.refused("audit", "verify")
    # Another history that has grown past the pin is no better.
    for _ in range(60):
        admin.access("kept")
    complaint("audit", "checkpoint")
    as_the_page_says(keyward, ACCEPT)
    keyward.ok("audit", "checkpoint")
    keyward.ok("audit", "query", "system")
    keyward.ok("audit", "verify")


@test
def P3_a_whole_old_backup_is_noticed_by_the_pin_without_restored_too(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    keyward.kill()
    backup = Backup(keyward)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for _ in range(40):
            admin.access("db")
    keyward.ok("audit", "checkpoint")
    keyward.kill()
    backup.restore()
    keyward.restart()
    said = keyward.refused("audit", "checkpoint")
    assert "pinned" in said and "seen now" in said, said
    keyward.refused("audit", "verify")


# Which folders are old, and what is said about it: by whom it is noticed.
MIXED = (
    (("audit",), "does not extend the checkpoint that store holds"),
    (("store",), "the data folder of store is older than the audit log"),
    (("policy",), "policy's folder ends at revision"),
    (("store", "audit"), "does not extend the checkpoint that policy holds"),
    (("policy", "audit"), "does not extend the checkpoint that store holds"),
    (("store", "policy"), "the data folder of store is older than the audit"),
)


@test
def P3_folders_of_different_days_do_not_start_together(keyward):
    data = keyward.data("").rstrip("/")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    keyward.kill()
    backup = Backup(keyward)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.add("db", b"two")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/db")
        # The store's last change comes before policy's: each has to be missed.
        admin.add("db", b"three")
    keyward.kill()
    newest = os.path.join(keyward.folder, "newest")
    os.rename(data, newest)
    for old, expected in MIXED:
        shutil.copytree(newest, data)
        backup.unpack(old, data)
        refusal(keyward, expected)
        shutil.rmtree(data)
    os.rename(newest, data)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"three"
    keyward.ok("audit", "verify")


def newest_log(folder):
    return max(glob.glob(os.path.join(folder, "*.log")))


# Of each folder, what its newest log has lost when it is cut, and who says so.
CUT = (
    ("store", "the data folder of store is older than the audit log"),
    ("policy", "policy's folder ends at revision"),
    ("audit", "does not extend the checkpoint that"),
)


@test
def P3_a_folder_whose_newest_log_was_cut_is_noticed_by_the_others(keyward):
    """Of this a folder itself knows nothing: it looks like a loss of power."""
    data = keyward.data("").rstrip("/")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        for number in range(10):
            admin.add("db", b"%d" % number)
            admin.bind(f"app{number}", "secrets.accessor", principal("app"),
                       "projects/default/secrets/db")
        admin.add("db", b"last")
    keyward.kill()
    whole = os.path.join(keyward.folder, "whole")
    os.rename(data, whole)
    for folder, expected in CUT:
        shutil.copytree(whole, data)
        log = newest_log(os.path.join(data, folder))
        os.truncate(log, os.path.getsize(log) * 2 // 3)
        refusal(keyward, expected)
        shutil.rmtree(data)
    os.rename(whole, data)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"last"
    keyward.ok("audit", "verify")


@test
def a_store_alone_is_put_back_on_record_and_the_log_keeps_everything(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    keyward.kill()
    backup = Backup(keyward)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.add("db", b"two")
    keyward.ok("audit", "checkpoint")
    keyward.kill()
    backup.unpack(["store"], keyward.data("").rstrip("/"))
    with added_flags(keyward, flags_of_the_page(keyward)):
        keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"one"
        details = [r.detail for r in installation_records(admin)]
        assert any("the folder of store is older than this log" in d
                   for d in details), details
    # No rollback: what was pinned is still in the log.
    keyward.ok("audit", "checkpoint")
    keyward.ok("audit", "verify")
    keyward.kill()
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.add("db", b"three")
        assert admin.access("db") == b"three"


@test
def a_restore_of_nothing_is_refused(keyward):
    keyward.kill()
    shutil.rmtree(keyward.data(""))
    with added_flags(keyward, flags_of_the_page(keyward)):
        refusal(keyward, "put the backup in place")


# -- the root key ----------------------------------------------------------


def _rewrite(path, change):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    os.unlink(path)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(change(content))


def _flip(content):
    content[len(content) // 2] ^= 1
    return content


def _another_installations(keyward, path):
    other = os.path.join(keyward.folder, "other")
    subprocess.run(
        [keyward.binary("keyward-standalone"), "--home", other, "--init"],
        check=True, capture_output=True)
    shutil.copy(os.path.join(other, "keys", "root.key"), path)


# What happens to the file, and what is said to whoever starts then.
DAMAGES = (
    (lambda keyward, path: os.unlink(path), "root key"),
    (lambda keyward, path: _rewrite(path, lambda c: c[:-7]), "restore it"),
    (lambda keyward, path: _rewrite(path, lambda c: b""), "no root key file"),
    (lambda keyward, path: _rewrite(path, _flip), "damaged: restore it"),
    (lambda keyward, path: os.chmod(path, 0o640), "chmod 600"),
    (_another_installations, "root key"),
)


@test
def P8_without_its_own_root_key_nothing_starts_and_nothing_is_lost(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    keyward.kill()
    path = os.path.join(keyward.home, "keys", "root.key")
    safe = os.path.join(keyward.folder, "root.key")
    shutil.copy2(path, safe)
    for damage, expected in DAMAGES:
        damage(keyward, path)
        with open(path, "rb") if os.path.exists(path) else (
                contextlib.nullcontext()) as file:
            damaged = file.read() if file else None
        said = refusal(keyward, expected)
        if damaged is None:
            assert not os.path.exists(path), "a new key was made"
            assert "restore" in said or "put the installation's own" in said
        else:
            with open(path, "rb") as file:
                assert file.read() == damaged, "the key was overwritten"
        # What makes keys and CA makes none for data that has another.
        init = subprocess.run(
            [keyward.binary("keyward-standalone"), "--home", keyward.home,
             "--init"], capture_output=True, check=False)
        assert init.returncode == 1, init
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        shutil.copy2(safe, path)
    _refused_inside_the_data_folder(keyward, path)
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"one"
    keyward.ok("audit", "verify")


def _refused_inside_the_data_folder(keyward, path):
    inside = keyward.data("root.key")
    shutil.copy2(path, inside)
    holders = ["standalone"]
    if keyward.form == "five":
        holders = ["store", "audit"]
    flags = ["--set", f"seal.key_file={inside}"]
    with added_flags(keyward, {name: flags for name in holders}):
        refusal(keyward, "is inside the data folder")
    os.unlink(inside)


@test
def P8_each_holder_of_the_root_key_refuses_anothers(keyward):
    """In five processes the store and audit have it: neither covers for the
    other."""
    holders = ["standalone"] if keyward.form == "standalone" else [
        "store", "audit"]
    keyward.kill()
    other = os.path.join(keyward.folder, "foreign.key")
    _another_installations(keyward, other)
    for holder in holders:
        process = keyward.processes[holder]
        with added_flags(keyward, {
                holder: ["--set", f"seal.key_file={other}"]}):
            process.start()
            error = None
            try:
                process.wait_ready()
            except ProcessFailed as failed:
                error = str(failed)
        assert error and "ended" in error, (holder, error)
        assert "root key" in error, error
