# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Starts that are refused, each saying what is wrong and what to do."""

import os
import shutil
import socket
import subprocess

import forge
from client import Client
from deployment import free_ports
from refusal import (
    Case, all_refused, attempt, binaries_of, in_place_refused, those_of)
from registry import test

# Who keeps what in data/, and who opens which of the keys.
KEEPERS = ("store", "policy", "audit")
SEALED = ("store", "audit")

# What may be opened before it is seen that the network cannot be served.
OPENED = tuple(f"data/{name}" for name in KEEPERS)


def stopped(keyward):
    """The deployment's home with something in it, and no process on it."""
    if keyward.front.running():
        with Client(keyward.address, keyward.identity("admin")) as admin:
            admin.create("db", b"kept")
        keyward.stop()


def serves_what_it_kept(keyward):
    """With what was wrong mended, it starts and has everything."""
    keyward.restart()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"kept"
    keyward.kill()


def write(path, content, mode=0o600):
    """Writes a file as it is, whatever stands there."""
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def folders_of(binary):
    """The folders below data/ that a binary opens."""
    return KEEPERS if binary == "standalone" else (binary,)


# -- addresses and locks -----------------------------------------------------


@test
def a_taken_port_and_a_used_folder_are_refused_by_name(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"kept")
    in_place_refused(keyward, [
        Case(binary, says=(
            f"the data folder {keyward.home}/data/{folders_of(binary)[0]} is "
            "in use by another process; stop it, or name another",))
        for binary in those_of(keyward, *KEEPERS)
    ])
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"kept"
    keyward.stop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = "127.0.0.1:%d" % listener.getsockname()[1]
        cases = []
        for binary in binaries_of(keyward):
            cases += [
                Case(binary, address=taken, opens=OPENED, says=(
                    f"cannot listen on {taken}: Address already in use; stop "
                    "the process that has the port (ss -ltnp shows it) or set "
                    "listen.address to another",)),
                Case(binary, metrics=taken, says=(
                    f"the metrics address {taken} cannot be listened on: it is "
                    "taken", "choose another with --metrics HOST:PORT")),
            ]
        all_refused(keyward, cases)
    serves_what_it_kept(keyward)


# -- the command line and the configuration ----------------------------------

# What a file holds, and what is said of it: {file} is its path.
WRONG_FILES = (
    (b"nonsense: 1\n", "{file}:1:1: nonsense: unknown key"),
    (b"log:\n  levle: info\n",
     '{file}:2:3: log.levle: unknown key; did you mean "level"?'),
    (b"listen: 7\n", "{file}:1:9: listen: must be a map of keys and values"),
    (b"reload:\n  interval: []\n", "{file}:2:13: reload.interval: "),
    (b"reload:\n  interval: 2h\n",
     "{file}:2:13: reload.interval: must be between 1s and 1h"),
    (b"reload:\n  interval: 7\n", "{file}:2:13: reload.interval: "),
    (b"log: {level: loud}\n",
     "{file}:1:14: log.level: must be one of debug, info, warn, error"),
    (b"log: {}\nlog: {}\n", '{file}:2:1: key "log" stands here twice'),
    (b"# " + b"x" * (1 << 20) + b"\n", "{file} is longer than 1048576 bytes"),
    (b"log: [\n", "{file}:2:1: not valid YAML"),
    (b"- log\n", "{file}:1:1: the file must hold keys and values"),
    (b"log:\n\tlevel: info\n", "{file}:2:7: not valid YAML"),
    (b"\x7fELF" + bytes(range(256)),
     "{file}: not UTF-8 text, or it contains control characters"),
)


@test(shared=True)
def a_wrong_configuration_is_refused_with_its_place(keyward):
    stopped(keyward)
    cases = []
    for number, (content, said) in enumerate(WRONG_FILES):
        path = write(os.path.join(keyward.folder, f"{number}.yaml"), content)
        cases += [
            Case(binary, arguments=("--config", path),
                 says=(said.replace("{file}", path),))
            for binary in binaries_of(keyward)
        ]
    nowhere = os.path.join(keyward.folder, "nowhere.yaml")
    for binary in binaries_of(keyward):
        cases += [
            Case(binary, arguments=("--config", nowhere), says=(
                "the configuration file (--config) cannot be used: cannot "
                f"open {nowhere}: No such file",)),
            Case(binary, arguments=("--config", keyward.folder), says=(
                f"{keyward.folder} is not a regular file",)),
            Case(binary, arguments=("--set", "nonsense=1"),
                 says=("--set: nonsense: unknown key",)),
            Case(binary, arguments=("--set", "nonsense"),
                 says=("--set: must be PATH=VALUE",)),
            Case(binary, arguments=("--frobnicate",), exits=2, says=(
                "--frobnicate", f"; see keyward-{binary} --help")),
            Case(binary, arguments=("--config",), exits=2,
                 says=("--config", f"; see keyward-{binary} --help")),
        ]
    all_refused(keyward, cases)
    in_place_refused(keyward, [
        Case(binary, says=("--home: must be an absolute path, not home",))
        for binary in binaries_of(keyward)
    ], home="home")
    serves_what_it_kept(keyward)


# -- the root key ------------------------------------------------------------


def readable_key(home):
    """The root key can be read by others."""
    os.chmod(os.path.join(home, "keys/root.key"), 0o640)


def writable_keys(home):
    """The root key's folder can be written by others."""
    os.chmod(os.path.join(home, "keys"), 0o777)


def key_in_data(home):
    """The root key lies in the data folder."""
    shutil.copy2(os.path.join(home, "keys/root.key"),
                 os.path.join(home, "data/root.key"))


def linked_key(home):
    """The root key is a link, into the data folder at that."""
    path = os.path.join(home, "keys/root.key")
    os.rename(path, os.path.join(home, "data/root.key"))
    os.symlink(os.path.join(home, "data/root.key"), path)


def missing_key(home):
    """The root key is lost."""
    os.unlink(os.path.join(home, "keys/root.key"))


def damaged_key(home):
    """One bit of the root key has flipped."""
    path = os.path.join(home, "keys/root.key")
    with open(path, "r+b") as file:
        file.seek(40)
        byte = file.read(1)[0]
        file.seek(40)
        file.write(bytes([byte ^ 1]))


def foreign_key(home):
    """The root key is another installation's."""
    path = os.path.join(home, "keys/root.key")
    shutil.copy2(os.path.join(os.path.dirname(home), "other/keys/root.key"),
                 path)


@test(shared=True)
def a_root_key_that_cannot_be_trusted_is_refused(keyward):
    stopped(keyward)
    other = os.path.join(keyward.folder, "other")
    subprocess.run([keyward.binary("keyward-standalone"), "--home", other,
                    "--init"], check=True, capture_output=True)
    root = "{home}/keys/root.key"
    cases = []
    for binary in those_of(keyward, *SEALED):
        cases += [
            Case(binary, spoil=readable_key, says=(
                f"{root} is open to other users: run chmod 600 {root}",)),
            Case(binary, spoil=writable_keys, says=(
                "{home}/keys, is writable by other users: run chmod 700",)),
            Case(binary, spoil=key_in_data,
                 arguments=("--set", "seal.key_file={home}/data/root.key"),
                 says=("{home}/data/root.key is inside the data folder",
                       "move the file to a folder of its own")),
            Case(binary, spoil=linked_key, says=("{home}/data",)),
            Case(binary, spoil=missing_key, says=("no root key at " + root,)),
            Case(binary, spoil=damaged_key, says=(
                f"the root key {root} cannot be used, it is damaged: restore",
            )),
        ]
    all_refused(keyward, cases)
    # A foreign key is well formed: it is noticed by what it does not open.
    # The tree is not compared, since the database is opened for that.
    kept = os.path.join(keyward.home, "keys/root.key")
    shutil.move(kept, kept + ".kept")
    foreign_key(keyward.home)
    for binary in those_of(keyward, *SEALED):
        place = {"standalone": "/keys/ca.key"}.get(binary, f"/data/{binary}")
        attempt(keyward, Case(binary, says=(
            keyward.home + place, "root key")), keyward.home, free_ports(2))
    shutil.move(kept + ".kept", kept)
    shutil.rmtree(other)
    serves_what_it_kept(keyward)


# -- data folders ------------------------------------------------------------


def spoiling(folder, what, does):
    """A spoiler of one service's data folder."""

    def spoil(home):
        does(os.path.join(home, "data", folder))

    spoil.__doc__ = f"{folder}: {what}"
    return spoil


def newer(path):
    write(os.path.join(path, "KEYWARD"), b"keyward kv format 2\n")


def damaged_marker(path):
    write(os.path.join(path, "KEYWARD"), b"keyward kv f0rmat 1\n")


def no_marker(path):
    os.unlink(os.path.join(path, "KEYWARD"))


def file_instead(path):
    shutil.rmtree(path)
    write(path, b"")


def open_to_others(path):
    os.chmod(path, 0o750)


def no_current(path):
    os.unlink(os.path.join(path, "CURRENT"))


def another_users(path):
    os.chown(path, 12345, 12345)


@test(shared=True)
def data_that_is_not_this_versions_own_is_refused(keyward):
    stopped(keyward)
    cases = []
    for binary in those_of(keyward, *KEEPERS):
        for folder in folders_of(binary):
            place = "{home}/data/" + folder
            earlier = tuple(
                f"data/{name}" for name in KEEPERS[:KEEPERS.index(folder)])
            ways = [
                (newer, (f"{place} was written by a newer Keyward (format 2",
                         "; start that version, or restore")),
                (damaged_marker, (f"{place}/KEYWARD is damaged; restore",)),
                (no_marker, (f"{place} is not empty and holds no Keyward data",
                             "name another data folder")),
                (file_instead, (f"the data folder {place} is not a folder",)),
                (open_to_others, (f"{place} can be entered by other users; "
                                  f"run: chmod 700 {place}",)),
                (no_current, (f"{place} has lost its CURRENT file; restore",)),
            ]
            if os.geteuid() == 0:
                ways.append((another_users, (
                    f"{place} belongs to user 12345, not to this process's "
                    "user 0; run as that user or change its owner",)))
            cases += [
                Case(binary, says=says, opens=earlier,
                     spoil=spoiling(folder, does.__name__, does))
                for does, says in ways
            ]
    all_refused(keyward, cases)
    serves_what_it_kept(keyward)


@test(shared=True)
def P3_a_folder_in_another_services_place_is_refused(keyward):
    stopped(keyward)
    for binary in those_of(keyward, *KEEPERS):
        for folder in folders_of(binary):
            other = KEEPERS[KEEPERS.index(folder) - 1]
            one, two = keyward.data(folder), keyward.data(other)
            os.rename(one, one + ".kept")
            shutil.copytree(two, one)
            try:
                attempt(keyward, Case(binary, says=(
                    f"the data folder {one} holds the data of {other}, not "
                    f"of {folder}; put the services' folders back",)),
                    keyward.home, free_ports(2))
            finally:
                shutil.rmtree(one)
                os.rename(one + ".kept", one)
    serves_what_it_kept(keyward)


# -- certificates ------------------------------------------------------------


@test(shared=True)
def a_certificate_that_would_not_serve_is_refused(keyward):
    stopped(keyward)
    made = os.path.join(keyward.folder, "made")
    os.makedirs(made, mode=0o700, exist_ok=True)
    issuer = forge.authority("issuer")
    expired, expired_key = forge.Certificate(
        "expired", issuer, days=(-2, -1)).save(made, "expired")
    early, early_key = forge.Certificate(
        "early", issuer, days=(1, 2)).save(made, "early")
    good, good_key = forge.Certificate("good", issuer).save(made, "good")
    nothing = os.path.join(made, "nothing")
    open_key = write(os.path.join(made, "open.key"), issuer.key_pem(), 0o644)

    def tls(certificate, key):
        return ("--set", f"listen.tls.cert_file={certificate}",
                "--set", f"listen.tls.key_file={key}")

    bundle = ("--set", "trust_domains=[{name: keyward.internal, bundle_file: "
              f"'{nothing}'}}]")
    cases = []
    for binary in binaries_of(keyward):
        cases += [
            Case(binary, arguments=arguments, says=says, opens=OPENED)
            for arguments, says in (
                (tls(good, nothing), (f"cannot open {nothing}", "put the")),
                (tls(nothing, good_key), (f"cannot open {nothing}", "put the")),
                (tls(good, expired_key), (
                    "the private key is not that of the certificate", good,
                    expired_key)),
                (tls(expired, expired_key), (
                    "the certificate has expired; issue a new one", expired)),
                (tls(early, early_key), (
                    "the certificate is not valid yet; check this machine's "
                    "clock", early)),
                (tls(good, open_key), (
                    f"{open_key} is open to other users: run chmod 600",)),
                (tls(good_key, good_key), ("not PEM", good_key)),
                (bundle, (f"cannot open {nothing}", "put the file there")),
            )
        ]
    all_refused(keyward, cases)
    serves_what_it_kept(keyward)
