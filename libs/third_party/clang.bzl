# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Debian's clang as a second toolchain, for what GCC does not have: libFuzzer.

Everything that is deployed and every other test is built by GCC. Nothing of
this is looked at before `--config=fuzz` asks for it, so a machine without clang
builds all the rest.
"""

load("@bazel_tools//tools/cpp:cc_configure.bzl", "cc_autoconf_impl")

# A line of the generated BUILD file, which every compilation has.
_FIRST_FLAG = '"-U_FORTIFY_SOURCE",'

def _clang_toolchain_impl(repository_ctx):
    clang = repository_ctx.which("clang")
    if clang == None:
        fail("clang is not there: deploy/install-packages.sh test")
    cc_autoconf_impl(repository_ctx, {"gcc": str(clang)})

    # As in repositories.bzl: the compiler is no input of Bazel's actions, and
    # without its version an object from the cache would survive an upgrade.
    version = repository_ctx.execute([clang, "--version"]).stdout
    build = repository_ctx.read("BUILD")
    if _FIRST_FLAG not in build:
        fail("Bazel's own C++ toolchain is not as expected")
    stamp = '"-DKEYWARD_DEBIAN_CLANG=%d",\n    ' % hash(version)
    repository_ctx.file("BUILD", build.replace(
        _FIRST_FLAG,
        stamp + _FIRST_FLAG,
        1,
    ))

# The toolchain that Bazel makes of the compiler it finds, made of clang.
clang_toolchain = repository_rule(
    implementation = _clang_toolchain_impl,
    local = True,
)
