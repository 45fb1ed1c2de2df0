#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Whether the benchmark works: a short run of every row. Looks at no speed.
# Prints `ok NAME` lines. KEYWARD_BIN is the folder of Bazel's outputs.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1
# Debian's own Python: its gRPC is a Debian package.
exec /usr/bin/python3 smoke.py
