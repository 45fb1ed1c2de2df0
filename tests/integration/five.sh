#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# The integration suite on the five form. Prints `ok NAME` lines.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1
# Debian's own Python: its gRPC is a Debian package.
exec /usr/bin/python3 suite.py five "$@"
