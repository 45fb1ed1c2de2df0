# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# shellcheck shell=bash
# Sourced by the scripts of this folder and by .ci/run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# Bazel and npm keep their caches under HOME, which a CI runner may not set.
if [[ -z ${HOME:-} ]]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
fi
export HOME="${HOME:-/tmp}"

# Where everything that outlives a clone is kept.
export KEYWARD_CACHE=${KEYWARD_CACHE:-$HOME/.cache/keyward}

# Prints a heading that is easy to find in a long log.
heading() {
  printf '\n==== %s ====\n' "$*"
}
