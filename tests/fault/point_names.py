#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Fault points: which there are, and that nothing that is deployed has any.

  point_names.py sources         README.md lists the points of the sources,
                                 each once, and no others
  point_names.py absent FOLDER   no program below Bazel's FOLDER has a point,
                                 nor what makes one crash or stall
  point_names.py present FOLDER  every point is in a program below FOLDER, and
                                 every service has what makes it crash or stall
  point_names.py labels          the programs, as Bazel names them

Prints each offence on a line and exits 1 if there is any.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Every program that is deployed, below Bazel's folder.
PROGRAMS = (
    "services/audit/keyward-audit",
    "services/cli/keyward",
    "services/gateway/keyward-gateway",
    "services/policy/keyward-policy",
    "services/rotation/keyward-rotation",
    "services/standalone/keyward-standalone",
    "services/store/keyward-store",
)
# Those that keep state or serve callers.
WITH_POINTS = tuple(
    path for path in PROGRAMS if not path.endswith(("keyward", "rotation")))

POINT = re.compile(r'KEYWARD_FAULT_POINT\(\s*"([^"]*)"')
NAME = re.compile(r"[a-z]+\.[a-z]+\.[a-z_]+")
# The first column of README.md's table.
ROW = re.compile(r"\| `([^`]+)` \|")

# Of the registry: its namespace in symbols, and what it reads.
REGISTRY = (b"7keyward5fault", b"KEYWARD_FAULT_PLAN", b"KEYWARD_FAULT_LOG")


def listed():
    """The names in README.md, in its order."""
    with open(os.path.join(ROOT, "tests/fault/README.md"),
              encoding="utf-8") as readme:
        section = readme.read().split("\n## Fault points\n", 1)[1]
    section = section.split("\n## ", 1)[0]
    return [name for name in ROW.findall(section) if NAME.fullmatch(name)]


def in_sources():
    """The names of all points, with repetitions."""
    # Not asked of git: the seeds' scratch copy is no working copy of it.
    files = sorted(
        os.path.relpath(os.path.join(folder, file), ROOT)
        for top in ("libs", "services")
        for folder, _, files in os.walk(os.path.join(ROOT, top))
        for file in files if file.endswith((".cc", ".h")))
    for path in files:
        # The registry's own test has points of its own, and its header shows
        # how to write one.
        if path.endswith("_test.cc") or path == "libs/base/fault_point.h":
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as source:
            yield from POINT.findall(source.read())


def source_offences():
    rows = listed()
    points = list(in_sources())
    for name in sorted(set(rows + points)):
        if not NAME.fullmatch(name):
            yield f"{name}: a point's name is SERVICE.THING.STEP"
        if points.count(name) == 0:
            yield f"{name}: README.md lists it, and no source has it"
        elif rows.count(name) != 1:
            yield f"{name}: README.md lists it {rows.count(name)} times"
        if points.count(name) > 1:
            yield f"{name}: names {points.count(name)} places"
    if not points:
        yield "no point was found"


def read(folder, path):
    with open(os.path.join(folder, path), "rb") as program:
        return program.read()


def absent_offences(folder):
    wanted = [name.encode() for name in listed()] + list(REGISTRY)
    for path in PROGRAMS:
        content = read(folder, path)
        for text in wanted:
            if text in content:
                yield f"{path}: has {text.decode()}"


def present_offences(folder):
    contents = {path: read(folder, path) for path in WITH_POINTS}
    for path, content in contents.items():
        for text in REGISTRY:
            if text not in content:
                yield f"{path}: lacks {text.decode()}"
    for name in listed():
        if not any(name.encode() in content for content in contents.values()):
            yield f"{name}: is in no program"


def main(arguments):
    if arguments == ["labels"]:
        for path in PROGRAMS:
            print("//" + ":".join(path.rsplit("/", 1)))
        return 0
    if arguments == ["sources"]:
        offences = list(source_offences())
    elif len(arguments) == 2 and arguments[0] == "absent":
        offences = list(absent_offences(arguments[1]))
    elif len(arguments) == 2 and arguments[0] == "present":
        offences = list(present_offences(arguments[1]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
