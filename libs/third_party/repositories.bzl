# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Repositories made from what Debian's packages put under /usr."""

# The packages whose content goes into each library of this folder. A compiler
# or libc upgrade changes every object, so those are part of each.
_COMPILER = ["g++-12", "libstdc++-12-dev", "libc6-dev", "binutils"]

_LIBRARIES = {
    "absl": ["libabsl-dev"],
    "boost": ["libboost1.74-dev"],
    "cjose": ["libcjose-dev"],
    "cli11": ["libcli11-dev"],
    "curl": ["libcurl4-openssl-dev"],
    "grpc": ["libgrpc++-dev", "libgrpc-dev"],
    "gtest": ["libgtest-dev", "libgmock-dev"],
    "hiredis": ["libhiredis-dev"],
    "libpq": ["libpq-dev"],
    "mariadb": ["libmariadb-dev"],
    "nlohmann_json": ["nlohmann-json3-dev"],
    "openssl": ["libssl-dev"],
    "prometheus": ["prometheus-cpp-dev"],
    "protobuf": ["libprotobuf-dev"],
    "protoc": ["protobuf-compiler", "protobuf-compiler-grpc", "libprotoc-dev"],
    "re2": ["libre2-dev"],
    "rocksdb": ["librocksdb-dev"],
    "spdlog": ["libspdlog-dev", "libfmt-dev"],
    "yaml_cpp": ["libyaml-cpp-dev"],
}

def _output(repository_ctx, arguments):
    """Returns the standard output of a command, "" when it cannot run."""
    if repository_ctx.which(arguments[0]) == None:
        return ""
    return repository_ctx.execute(arguments).stdout

def _debian_packages_impl(repository_ctx):
    lines = _output(
        repository_ctx,
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n"],
    ).splitlines()
    installed = {}
    for line in lines:
        words = line.split(" ")
        if len(words) == 2:
            installed[words[0]] = words[1]

    stamps = {}
    for library, packages in _LIBRARIES.items():
        versions = [
            name + "=" + installed.get(name, "missing")
            for name in _COMPILER + packages
        ]

        # hash() is 32 bits of a string that nobody hostile chooses: it tells
        # one version of a package from another, no more.
        stamps[library] = "%d" % hash(" ".join(versions))

    absl = _output(
        repository_ctx,
        ["find", "/usr/lib", "-name", "libabsl_*.so", "-printf", "%f\n"],
    ).splitlines()
    repository_ctx.file("BUILD.bazel", "")
    repository_ctx.file("packages.bzl", "\n".join([
        "# Made by //libs/third_party:repositories.bzl.",
        "STAMPS = " + repr(stamps),
        "ABSL_LIBRARIES = " + repr(sorted([
            name[len("lib"):-len(".so")]
            for name in absl
        ])),
        "",
    ]))

# Writes packages.bzl: STAMPS, a number for each library that changes with the
# versions of its packages, and ABSL_LIBRARIES, the names to link. System
# headers are no inputs of Bazel's actions, so without the stamps an object
# from the cache would survive the upgrade of a header it was compiled with.
# Run again at every start of a Bazel server: deploy/install-packages.sh stops
# the servers that could hold an old answer.
debian_packages = repository_rule(
    implementation = _debian_packages_impl,
    local = True,
)

_SHIM = """\
# Bazel 4 has find_cpp_toolchain but not the function that names its type.
def use_cpp_toolchain():
    return ["@bazel_tools//tools/cpp:toolchain_type"]
"""

_UTILS = "@bazel_tools//tools/cpp:toolchain_utils.bzl"

def _patched_rules_cc_impl(repository_ctx):
    source = repository_ctx.attr.path
    copied = repository_ctx.execute(["cp", "-r", source + "/.", "."])
    if copied.return_code != 0:
        fail("%s: install bazel-rules-cc: %s" % (source, copied.stderr))
    if "use_cpp_toolchain" in repository_ctx.read(Label(_UTILS)):
        return

    folder = "cc/private/rules_impl/"
    repository_ctx.file(folder + "use_cpp_toolchain.bzl", _SHIM)
    for name in ["compiler_flag.bzl", "cc_flags_supplier.bzl"]:
        text = repository_ctx.read(folder + name)
        old = 'load("%s", "find_cpp_toolchain", "use_cpp_toolchain")' % _UTILS
        if old not in text:
            fail("%s%s is not as expected" % (folder, name))
        new = 'load("%s", "find_cpp_toolchain")\n' % _UTILS
        new += 'load(":use_cpp_toolchain.bzl", "use_cpp_toolchain")'
        repository_ctx.file(folder + name, text.replace(old, new))

# Debian's rules_cc is newer than Debian's Bazel and loads one name from it
# that is not there yet. A Bazel that has the name gets the rules as they are.
patched_rules_cc = repository_rule(
    implementation = _patched_rules_cc_impl,
    attrs = {"path": attr.string(mandatory = True)},
    local = True,
)

def _empty_coverage_tools_impl(repository_ctx):
    repository_ctx.file("BUILD.bazel", """\
filegroup(
    name = "coverage_report_generator",
    srcs = [],
    visibility = ["//visibility:public"],
)
""")

# Every test depends on the coverage tool, which is downloaded, even when no
# coverage is measured.
empty_coverage_tools = repository_rule(
    implementation = _empty_coverage_tools_impl,
)
