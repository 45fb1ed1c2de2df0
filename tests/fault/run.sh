#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Shows for seeded violations of each promise that a test finds them: see
# seeds.py for the options.
#
#   tests/fault/run.sh             every seed
#   tests/fault/run.sh --sample    one a promise, chosen by the commit's hash

set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
if [[ ${1:-} == --sample && $# -eq 1 ]]; then
  commit=$(git -C "$here" rev-parse HEAD 2>/dev/null || echo none)
  set -- --sample "$commit"
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/seeds.py" "$@"
