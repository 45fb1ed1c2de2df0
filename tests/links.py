#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Checks that what the documents link to is there.

The README's promises rest on links to the code that keeps them and the tests
that break without it; a link that leads nowhere is a claim without proof.
Every relative link of every Markdown file in git must lead to a file or folder
in git, and its #anchor, if it has one, to a heading. Links to other sites are
not followed.

Prints each offence as PATH:LINE: TEXT and exits 1 if there is any.
"""

import os
import re
import subprocess
import sys

# [text](target) and ![text](target); a title after the target is not used.
LINK = re.compile(r"\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
CODE = re.compile(r"`[^`]*`")


def prose(text):
    """(line number, line) of what is no code."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in (None, mark):
            fence = None if fence else mark
        elif not fence:
            yield number, line


def anchors(text):
    """The anchors of the headings, as forges make them."""
    found = set()
    for _, line in prose(text):
        heading = HEADING.match(line)
        if heading:
            words = re.sub(r"[^\w\- ]", "", heading.group(1).lower())
            found.add(words.replace(" ", "-"))
    return found


def links(text):
    """(line number, target) of each link."""
    for number, line in prose(text):
        for target in LINK.findall(CODE.sub("", line)):
            yield number, target


def offences(documents, present, read):
    """Offences in `documents`; `present` are all paths, `read` opens one."""
    for path in documents:
        for number, target in links(read(path)):
            if ELSEWHERE.match(target):
                continue
            file, _, anchor = target.partition("#")
            if file.startswith("/"):
                yield f"{path}:{number}: {target} is not relative"
                continue
            folder = os.path.dirname(path)
            file = os.path.normpath(os.path.join(folder, file)) if file else path
            if file not in present:
                yield f"{path}:{number}: {target} is not there"
            elif anchor and anchor not in anchors(read(file)):
                yield f"{path}:{number}: {target} has no such heading"


def with_folders(files):
    """The files and every folder that holds one."""
    present = set(files)
    for file in files:
        folder = os.path.dirname(file)
        while folder:
            present.add(folder)
            folder = os.path.dirname(folder)
    return present


def main():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    files = [path for path in listed.stdout.split("\0") if os.path.isfile(path)]

    def read(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    documents = [path for path in files if path.endswith(".md")]
    found = list(offences(documents, with_folders(files), read))
    for offence in found:
        print(offence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
