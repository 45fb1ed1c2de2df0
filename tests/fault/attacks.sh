#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# The attacks on running services, as long as the test suite has time for: all
# of run.sh but the seeded violations, of which sample.sh runs some.

set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run.sh" \
  --suite kills --suite histories --suite plaintext --suite stalls "$@"
