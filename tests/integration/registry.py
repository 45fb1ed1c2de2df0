# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The tests of the suite, in the order in which they run."""

TESTS = []


class Skip(Exception):
    """What a test raises, with the reason, if it cannot be run here."""


def test(function=None, *, prepare=None, shared=False, form=None):
    """Marks a function of a running deployment as a test.

    prepare(deployment) is called before the processes are started, to write
    files and to add settings. Tests that are `shared` use one deployment if
    they follow each other with the same `prepare`: they must leave behind
    nothing that the next one would see, and get a new one after a failure.
    With a `form` the test is one of that form alone.
    """

    def add(function):
        function.prepare = prepare
        function.shared = shared
        function.form = form
        TESTS.append(function)
        return function

    return add if function is None else add(function)
