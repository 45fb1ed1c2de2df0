# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What targets with fault points are built with."""

# The local_defines of every target whose sources include fault_point.h. Local:
# what depends on such a target is built as ever, so that a build with the
# points compiles a handful of files and takes the rest from the cache.
FAULT_POINTS = select({
    "//libs/base:with_fault_points": ["KEYWARD_FAULT_POINTS"],
    "//conditions:default": [],
})
