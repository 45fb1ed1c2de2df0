#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Clients that others made: grpcurl, the examples of deploy/examples in Python,
# Node.js and Go, and nginx before the gateway; at one process and at five.
# Prints `ok NAME` lines.
#
#   tests/interop/run.sh [FORM [NAME...]]    FORM is standalone or five, both if
#                                            none is given; NAME picks tests
#
# KEYWARD_BIN is the folder of Bazel's outputs; what is fetched from the
# languages' registries is kept under KEYWARD_CACHE.

set -euo pipefail
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
export PYTHONDONTWRITEBYTECODE=1
# Debian's own Python: the harness's gRPC is a Debian package.
suite=(/usr/bin/python3 tests/interop/suite.py)
if [[ $# -gt 0 ]]; then
  exec "${suite[@]}" "$@"
fi
status=0
for form in standalone five; do
  "${suite[@]}" "$form" || status=1
done
exit $status
