# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""C++ from .proto files, by Debian's protoc.

Import paths begin below `proto` for our own contracts
(`import "keyward/secrets/v1/secret.proto"`) and below `proto/external` for
those of other systems (`import "google/rpc/status.proto"`). C++ includes our
generated headers from the repository's root
(`#include "proto/keyward/secrets/v1/secret.pb.h"`) and those of other systems
by their own path (`#include "google/rpc/status.pb.h"`).
"""

load("@debian//:packages.bzl", "STAMPS")
load("@rules_cc//cc:defs.bzl", "cc_library")

_ROOT = "proto"
_EXTERNAL_ROOT = "proto/external"

# Generated code is large, is not ours to correct, and is slow to instrument:
# it gets light optimization, no warnings and no sanitizer in every
# configuration.
_COPTS = ["-O1", "-g0", "-w", "-fno-sanitize=all"]

ProtoSourcesInfo = provider(
    "The .proto files of a library and of all that it imports.",
    fields = {"transitive": "depset of File"},
)

def _import_root(package):
    external = package == _EXTERNAL_ROOT
    external = external or package.startswith(_EXTERNAL_ROOT + "/")
    return _EXTERNAL_ROOT if external else _ROOT

def _generate_impl(ctx):
    root = _import_root(ctx.label.package)
    suffix = ".grpc.pb" if ctx.attr.grpc else ".pb"
    sources = []
    headers = []
    for src in ctx.files.srcs:
        stem = src.basename[:-len(".proto")]
        sources.append(ctx.actions.declare_file(stem + suffix + ".cc"))
        headers.append(ctx.actions.declare_file(stem + suffix + ".h"))

    transitive = depset(
        ctx.files.srcs,
        transitive = [dep[ProtoSourcesInfo].transitive for dep in ctx.attr.deps],
    )
    out = ctx.bin_dir.path + "/" + root
    arguments = ctx.actions.args()

    # The longer root first: protoc names a file by the first that fits, and
    # warns of one that is not there. The well-known types are Debian's.
    for folder in [_EXTERNAL_ROOT, _ROOT]:
        if [f for f in transitive.to_list() if f.path.startswith(folder + "/")]:
            arguments.add("-I" + folder)
    arguments.add("-I/usr/include")
    if ctx.attr.grpc:
        arguments.add("--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin")
        arguments.add("--grpc_out=" + out)
    else:
        arguments.add("--cpp_out=" + out)
    arguments.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [arguments],
        inputs = transitive,
        outputs = sources + headers,
        # protoc is no input that Bazel knows of; its version is.
        env = {"KEYWARD_DEBIAN_PROTOC": STAMPS["protoc"]},
        mnemonic = "Protoc",
        progress_message = "Generating C++ of %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(sources + headers)),
        OutputGroupInfo(headers = depset(headers)),
        ProtoSourcesInfo(transitive = transitive),
    ]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "deps": attr.label_list(providers = [ProtoSourcesInfo]),
        "grpc": attr.bool(),
    },
)

def _generated(label):
    """The label of the generating target behind a library's."""
    if ":" not in label:
        label += ":" + label.split("/")[-1]
    return label + "_generated"

def _library(name, srcs, deps, grpc, visibility):
    _generate(
        name = name + "_generated",
        srcs = srcs,
        deps = [_generated(dep) for dep in deps],
        grpc = grpc,
        visibility = visibility,
    )
    native.filegroup(
        name = name + "_headers",
        srcs = [":" + name + "_generated"],
        output_group = "headers",
        visibility = ["//visibility:private"],
    )
    third_party = "//libs/third_party:"
    cc_library(
        name = name,
        srcs = [":" + name + "_generated"],
        hdrs = [":" + name + "_headers"],
        copts = _COPTS,
        # Method and field options are read from the descriptors at run time,
        # and nothing refers to an object that only registers descriptors.
        alwayslink = True,
        visibility = visibility,
        deps = deps + [
            "//%s:import_root" % _import_root(native.package_name()),
            third_party + ("grpc" if grpc else "protobuf"),
        ],
    )

def keyward_proto_library(name, srcs, deps = [], visibility = None):
    """C++ messages (and service descriptors) of .proto files; no gRPC.

    Args:
      name: of the cc_library, such as secrets_cc_proto.
      srcs: .proto files of this package.
      deps: keyward_proto_library targets of all imported files, except
        google/protobuf/*.
      visibility: as usual.
    """
    _library(name, srcs, deps, False, visibility)

def keyward_grpc_library(name, srcs, deps, visibility = None):
    """gRPC stubs and service classes of .proto files.

    Args:
      name: of the cc_library, such as secrets_cc_grpc.
      srcs: the .proto files of this package that have services.
      deps: the keyward_proto_library target that has the same srcs, and
        those of the files they import.
      visibility: as usual.
    """
    _library(name, srcs, deps, True, visibility)
