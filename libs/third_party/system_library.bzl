# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A library of Debian's: what to link, and the stamp of its version."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("@debian//:packages.bzl", "STAMPS")

def system_library(name, libraries = [], stamp = None, **kwargs):
    """Declares a library whose headers the compiler finds by itself.

    Args:
      name: of the target.
      libraries: names for the linker's -l, dependents before dependencies.
        Those that nothing refers to are left out of the binary.
      stamp: the entry of STAMPS, when it is not that of the target's name.
      **kwargs: passed on to cc_library.
    """
    stamp = stamp or name
    linkopts = []
    if libraries:
        linkopts = ["-Wl,--push-state,--as-needed"]
        linkopts += ["-l" + library for library in libraries]
        linkopts += ["-Wl,--pop-state"]
    cc_library(
        name = name,
        defines = [
            "KEYWARD_DEBIAN_%s=%s" % (stamp.upper(), STAMPS[stamp]),
        ] + kwargs.pop("defines", []),
        linkopts = linkopts + kwargs.pop("linkopts", []),
        **kwargs
    )
