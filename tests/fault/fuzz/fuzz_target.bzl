# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A fuzz target: one function, run by a fuzzer and by a test."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, deps, data = []):
    """Declares NAME_fuzz and NAME_corpus_test.

    NAME_fuzz is built with --config=fuzz alone, whose compiler has libFuzzer;
    tests/fault/fuzz.sh runs it. NAME_corpus_test is an ordinary unit test.

    Args:
      name: of the target; its source is NAME_fuzz.cc, its corpus corpus/NAME.
      deps: what the source includes.
      data: files that it reads, besides the corpus.
    """
    cc_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        data = data,
        # The fuzzer's runtime, which calls it, comes first on the linker's
        # command line.
        alwayslink = True,
        deps = deps + [
            ":fuzz",
            "//libs/third_party:absl",
        ],
    )
    cc_test(
        name = name + "_corpus_test",
        size = "medium",
        args = [native.package_name() + "/corpus/" + name],
        data = native.glob(["corpus/" + name + "/**"]),
        tags = ["unit"],
        deps = [
            ":corpus_test",
            ":" + name + "_target",
        ],
    )
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = [
            "fuzz",
            "manual",
        ],
        deps = [":" + name + "_target"],
    )
