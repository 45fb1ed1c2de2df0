#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# The part of the seeded violations that the test suite runs: that every patch
# applies, and one violation a promise, chosen by the commit's hash.

set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run.sh" --sample
