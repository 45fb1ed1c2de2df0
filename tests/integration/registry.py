# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The tests of the suite, in the order in which they run."""

TESTS = []


def test(function):
    """Marks a function of a running deployment as a test."""
    TESTS.append(function)
    return function
