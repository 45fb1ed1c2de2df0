#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A check of links that finds nothing would go unnoticed."""

import unittest

import links

FILES = {
    "README.md": "# Title\n[format](libs/kv/FORMAT.md#the-log-file)\n",
    "libs/kv/FORMAT.md": "# Bytes\n## The log, file\n[up](../../README.md)\n",
    "libs/kv/kv.h": "",
}


def offences(**changed):
    """Offences when README.md has this text instead."""
    files = dict(FILES, **{"README.md": changed.get("readme", "")})
    return list(
        links.offences(["README.md"], links.with_folders(files), files.__getitem__)
    )


class LinksTest(unittest.TestCase):
    def test_files_folders_and_headings_are_found(self):
        documents = [path for path in FILES if path.endswith(".md")]
        present = links.with_folders(FILES)
        found = list(links.offences(documents, present, FILES.__getitem__))
        self.assertEqual(found, [])
        self.assertEqual(offences(readme="[a](libs/kv) [b](libs/kv/)"), [])

    def test_missing_files_are_told_with_their_place(self):
        found = offences(readme="fine\n| a | [x](libs/kv/gone.h) |\n")
        self.assertEqual(found, ["README.md:2: libs/kv/gone.h is not there"])

    def test_each_link_of_a_line_counts(self):
        self.assertEqual(len(offences(readme="[a](b), [c](d)")), 2)

    def test_missing_headings_are_told(self):
        self.assertEqual(len(offences(readme="[x](libs/kv/FORMAT.md#no)")), 1)
        self.assertEqual(len(offences(readme="# A b\n[x](#a-c)")), 1)
        self.assertEqual(offences(readme="# A b\n[x](#a-b)"), [])

    def test_paths_that_leave_the_repository_are_told(self):
        self.assertEqual(len(offences(readme="[x](../other/README.md)")), 1)
        self.assertEqual(len(offences(readme="[x](/etc/hosts)")), 1)

    def test_other_sites_and_code_are_left_alone(self):
        text = "[x](https://a.b/c) `[x](gone)`\n```\n[x](gone)\n```\n"
        self.assertEqual(offences(readme=text), [])


if __name__ == "__main__":
    unittest.main()
