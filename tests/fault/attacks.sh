#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# The part of the attacks that the test suite runs: all but the seeds, which are
# sample.sh's, each as far as it goes in a minute or two. Their random choices
# come from the commit's hash, so that a commit that passed passes again, and
# each commit tries something else.

set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
commit=$(git -C "$here" rev-parse HEAD 2>/dev/null || echo 0)
exec "$here/run.sh" --random-seed $((16#${commit:0:7})) \
  --suite kills --suite histories --suite plaintext --suite stalls \
  --suite hostile --suite points --suite power_cuts "$@"
