#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Prints the verdicts that it reads, and after each that is bad the command that
# shows it, with its trace, once more. Options are those of the run, of which
# --deep matters.
#
#   model_checker [--deep] | tests/model/again.sh [--deep]

set -euo pipefail

deep=
for option in "$@"; do
  if [[ $option == --deep ]]; then
    deep=' --deep'
  fi
done

# Two models may have a rule of one name.
variant='s/^not ok model\.([a-z]+)\.without\.([a-z_]+)\..*/--model \1 --without \2/p'
whole='s/^not ok model\.([a-z]+)\.holds$/--model \1/p'
# What is judged of all together takes a run of all.
while IFS= read -r line; do
  printf '%s\n' "$line"
  if [[ $line != 'not ok '* ]]; then
    continue
  fi
  which=$(sed -nE -e "$variant" -e "$whole" <<<"$line")
  echo "# again: tests/model/run.sh${which:+ $which}$deep"
done
