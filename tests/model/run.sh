#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Checks the models of the protocol, and prints a counterexample for each rule
# that is left out, a table of all, and `ok NAME` lines; after `not ok NAME`
# the command that shows that one again. See README.md.
#
#   tests/model/run.sh                       under a minute
#   tests/model/run.sh --deep                greater bounds too: minutes, 1 GiB
#   tests/model/run.sh --model NAME          one model
#   tests/model/run.sh --without RULE        one variant, with its trace

set -euo pipefail
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

bazel build --noshow_progress --ui_event_filters=-info \
  //tests/model:model_checker
checker=$(bazel info bazel-bin 2>/dev/null)/tests/model/model_checker

# Every rule's seed is there, and takes something out of the file that the rule
# names.
check_rules() {
  local model rule file seed good=0
  while read -r model rule file seed; do
    if [[ ! -f $file ]]; then
      echo "# $model.$rule: $file is not there"
      good=1
    elif [[ $seed != - ]] &&
      ! grep -qxF "+++ b/$file" "tests/fault/seeds/$seed.patch"; then
      echo "# $model.$rule: the seed $seed does not touch $file"
      good=1
    fi
  done < <("$checker" --rules)
  return "$good"
}

status=0
if [[ $# -eq 0 ]]; then
  if check_rules; then
    echo "ok model.rules_name_code_and_seeds"
  else
    tests/model/again.sh <<<"not ok model.rules_name_code_and_seeds"
    status=1
  fi
fi
"$checker" "$@" | tests/model/again.sh "$@" || status=$?
exit "$status"
