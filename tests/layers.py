#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Checks of tests/lint.sh that read the sources.

  layers.py licences   every source begins with the licence lines
  layers.py layers     files are where they belong and include what they may
  layers.py locking    of the paths on stdin, those that use locks; no tests,
                       which may take locks in ways clang cannot follow

Prints each offence as PATH:LINE: TEXT and exits 1 if there is any.
"""

import os
import re
import subprocess
import sys

LICENCE = ("Copyright 2026 The Keyward Authors", "SPDX-License-Identifier: Apache-2.0")
LICENSED = (
    ".cc", ".h", ".proto", ".bzl", ".bazel", ".sh", ".py", ".yaml", ".yml",
    ".go", ".js",
)
LICENSED_NAMES = ("WORKSPACE", ".bazelrc", "packages.txt", "run")

TOP_LEVEL = {
    ".bazelrc",
    ".ci",
    ".clang-format",
    ".gitignore",
    "BUILD.bazel",
    "LICENSE",
    "README.md",
    "WORKSPACE",
    "deploy",
    "libs",
    "proto",
    "services",
    "tests",
}

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')

# What only some folders may include: (what, where, why).
FENCES = [
    (
        re.compile(r"openssl/"),
        re.compile(r"(libs/(crypto|rpc)|tests)/"),
        "OpenSSL is used behind libs/crypto and libs/rpc only",
    ),
    (
        re.compile(r"rocksdb/"),
        re.compile(r"libs/kv/"),
        "RocksDB is used behind libs/kv only",
    ),
    (
        re.compile(r"(postgresql/)?libpq-fe\.h"),
        re.compile(r"libs/target/postgres/"),
        "a target's client library is used by the folder of its kind only",
    ),
    (
        re.compile(r"(mariadb|mysql)/"),
        re.compile(r"libs/target/mysql/"),
        "a target's client library is used by the folder of its kind only",
    ),
    (
        re.compile(r"hiredis/"),
        re.compile(r"libs/target/redis/"),
        "a target's client library is used by the folder of its kind only",
    ),
    (
        re.compile(r"(grpc|grpcpp|grpc\+\+)/|.*\.grpc\.pb\.h$"),
        # In a service only its face to the network and its main, never its
        # core; the command line is all client.
        re.compile(
            r"(libs/(rpc|client)|tests)/"
            r"|services/(standalone|cli|agent|csi)/"
            r"|services/[^/]+/(.*/)?(main|[^/]*_main|[^/]*face[^/]*)\.(cc|h)$"
            r"|services/[^/]+/(.*/)?face/"
            r"|services/[^/]+/[^/]*face[^/]*_test\.cc$"
        ),
        "gRPC belongs to libs/rpc, libs/client and a service's face and main",
    ),
]

# Services that are made of the others.
COMPOSED = {"standalone"}


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    # A file deleted but not committed yet is still listed.
    return [path for path in listed.stdout.split("\0") if os.path.isfile(path)]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def licence_offences():
    for path in tracked():
        name = os.path.basename(path)
        if not (name.endswith(LICENSED) or name in LICENSED_NAMES):
            continue
        head = "\n".join(read(path).splitlines()[:5])
        if not all(line in head for line in LICENCE):
            yield f"{path}:1: does not begin with the licence lines"


def layer(path):
    """(layer, part) such as ("services", "store"); part "" when none."""
    parts = path.split("/")
    return parts[0], parts[1] if len(parts) > 2 else ""


def layer_offence(path, included):
    """Why `path` may not include `included`, None if it may."""
    source, source_part = layer(path)
    target, target_part = layer(included)
    if target not in ("services", "libs", "proto", "tests"):
        return None
    if source == "tests" or source == target and source_part == target_part:
        return None
    if target == "tests":
        return "only tests include tests"
    if source == "libs" and target == "services":
        return "libs include no service"
    if source == "proto":
        return "proto includes nothing above it"
    if source == target == "services" and source_part not in COMPOSED:
        return "a service includes no other service"
    if (source, source_part) == ("libs", "base") and target == "libs":
        return "libs/base includes no other library"
    return None


def layer_offences():
    for path in tracked():
        top = path.split("/")[0]
        if top not in TOP_LEVEL:
            yield f"{path}:1: nothing else belongs at the top level"
        if not path.endswith((".cc", ".h")):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            included = found.group(1)
            reasons = [
                why
                for what, where, why in FENCES
                if what.match(included) and not where.match(path)
            ]
            reasons.append(layer_offence(path, included))
            for reason in filter(None, reasons):
                yield f"{path}:{number}: {included}: {reason}"


def uses_locks(path):
    """Whether a source or its header names a lock or a guarded field."""
    pattern = re.compile(r"\b(MutexLock|GUARDED_BY|ABSL_GUARDED_BY)\b")
    header = path[: -len(".cc")] + ".h"
    return any(
        pattern.search(read(file)) for file in (path, header) if os.path.isfile(file)
    )


def main(arguments):
    if arguments == ["locking"]:
        for path in sys.stdin.read().split():
            if not path.endswith("_test.cc") and uses_locks(path):
                print(path)
        return 0
    checks = {"licences": licence_offences, "layers": layer_offences}
    if len(arguments) != 1 or arguments[0] not in checks:
        print(__doc__, file=sys.stderr)
        return 2
    offences = list(checks[arguments[0]]())
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
