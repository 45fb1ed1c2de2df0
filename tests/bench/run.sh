#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Measures Keyward under load beside a bare gRPC echo, and prints a table of
# ratios. See README.md.
#
#   tests/bench/run.sh [--seconds N] [--json FILE]     the whole table
#   tests/bench/run.sh --growth                        how it grows instead
#   tests/bench/run.sh --only OPERATION --deployment FORM --in-flight N
#
# `--help` tells of all options. If KEYWARD_BIN names a folder of Bazel's
# outputs, those are measured; otherwise it installs what is missing and builds.

set -euo pipefail
caller=$PWD
[[ -z ${KEYWARD_BIN:-} ]] || KEYWARD_BIN=$(realpath "$KEYWARD_BIN")
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

if [[ -z ${KEYWARD_BIN:-} ]]; then
  deploy/install-packages.sh build bench
  bazel build --noshow_progress --ui_event_filters=-info \
    //services/audit:keyward-audit //services/cli:keyward \
    //services/gateway:keyward-gateway //services/policy:keyward-policy \
    //services/rotation:keyward-rotation \
    //services/standalone:keyward-standalone //services/store:keyward-store \
    //tests/bench:bench_echo //tests/bench:bench_load
  KEYWARD_BIN=$(bazel info bazel-bin 2>/dev/null)
fi
export KEYWARD_BIN PYTHONDONTWRITEBYTECODE=1
# Files are the caller's, wherever this script is.
cd "$caller"
# Debian's own Python: its gRPC is a Debian package.
exec /usr/bin/python3 "$root/tests/bench/bench.py" "$@"
