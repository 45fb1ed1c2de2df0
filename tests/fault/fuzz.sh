#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Fuzzes the parsers that see foreign bytes, two targets at a time: see fuzz.py
# for the options.
#
#   tests/fault/fuzz.sh                  every target, 5 seconds each
#   tests/fault/fuzz.sh --seconds 60     longer
#   tests/fault/fuzz.sh --target note    one, or several
#   tests/fault/fuzz.sh --replay FILE    one kept input again, with its trace

set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/fuzz.py" "$@"
