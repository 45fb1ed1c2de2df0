#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Attacks the promises and prints what was tried and found: run.py has the
# options and the suites.
#
#   tests/fault/run.sh [--kills N] [--operations N] [--fuzz-seconds N]
#                      [--json FILE]
#   tests/fault/run.sh --suite NAME... [--random-seed N]
#   tests/fault/run.sh --sample    one seeded violation a promise, chosen by the
#                                  commit's hash

set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
arguments=()
for argument in "$@"; do
  arguments+=("$argument")
  if [[ $argument == --sample ]]; then
    arguments+=("$(git -C "$here" rev-parse HEAD 2>/dev/null || echo none)")
  fi
done
# Debian's own Python: its gRPC is a Debian package.
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/run.py" "${arguments[@]}"
