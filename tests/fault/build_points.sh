#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Builds the programs with fault points, and prints the folder of the outputs.
# In an output base of its own: bazel-bin keeps what is deployed. Its objects
# are those of the release but for the few that have points, and come from the
# same disk cache.

set -euo pipefail
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

base=$(bazel info output_base)-points
points() {
  bazel --output_base="$base" "$@" --config=points
}
# The server has nothing more to do afterwards, and a machine may be small.
trap 'bazel --output_base="$base" shutdown >&2' EXIT

mapfile -t programs < <(python3 tests/fault/point_names.py labels)
points build "${programs[@]}" >&2
points info bazel-bin
