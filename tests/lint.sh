#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Checks what compilers and tests do not: style, licences, layers, links, locks,
# and what is in the programs.
#
#   tests/lint.sh            all checks
#   tests/lint.sh CHECK...   some of: buf format shell licences layers tags
#                            links locks points
#
# Prints `ok CHECK` or `not ok CHECK` for each and ends in
# `N passed, N failed` (and `, N skipped` if any). Exits 1 unless none failed.

set -euo pipefail
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly BUF_VERSION=1.75.0
# The status of a check that could not be made here; any other is its verdict.
readonly CANNOT=75

# Prints the paths in git that match the patterns.
files() {
  git ls-files -- "$@"
}

# Every script, whatever its name: those whose first line names a shell, and
# those made to be sourced.
shell_scripts() {
  files | while read -r path; do
    [[ -f $path ]] || continue
    if [[ $path == *.sh ]] || head -c 64 "$path" | head -n 1 |
      grep -aqE '^#!.*\b(ba)?sh\b'; then
      echo "$path"
    fi
  done
}

# buf comes from npm into a folder outside of the repository, once.
check_buf() {
  local folder=$KEYWARD_CACHE/buf-$BUF_VERSION
  local buf=$folder/node_modules/.bin/buf
  if [[ ! -x $buf ]]; then
    npm install --loglevel=error --no-fund --no-audit --prefix "$folder" \
      "@bufbuild/buf@$BUF_VERSION" || return "$CANNOT"
  fi
  (cd proto && "$buf" lint)
}

check_format() {
  local unformatted
  files '*.cc' '*.h' | xargs -r clang-format --dry-run -Werror || return 1
  unformatted=$(files '*.go' | xargs -r gofmt -l) || return 1
  [[ -z $unformatted ]] || {
    echo "gofmt would change: $unformatted"
    return 1
  }
}

check_shell() {
  shell_scripts | xargs -r shellcheck -x
}

check_licences() {
  python3 tests/layers.py licences
}

check_layers() {
  python3 tests/layers.py layers
}

check_links() {
  python3 tests/links.py
}

# A unit test without the tag would silently never run under sanitizers.
check_tags() {
  local query untagged
  query='kind(cc_test, //... except //tests/...)'
  query="$query except attr(tags, '\\b(unit|process)\\b', $query)"
  untagged=$(bazel query --noshow_progress "$query" 2>"$errors") || {
    cat "$errors"
    return 1
  }
  if [[ -n $untagged ]]; then
    echo "tag these cc_tests 'unit', or 'process' when they start programs:"
    echo "$untagged"
    return 1
  fi
}

# Clang's thread safety analysis: a guarded field is touched only under its
# lock. GCC, which builds everything, ignores the annotations.
check_locks() {
  local generated
  bazel build --noshow_progress //proto/... || return 1
  generated=$(bazel info bazel-bin 2>"$errors") || return 1
  files '*.cc' | python3 tests/layers.py locking |
    xargs -r -P 2 -n 8 clang++ -std=c++17 -fsyntax-only -Wno-everything \
      -Wthread-safety -Werror=thread-safety \
      -DSPDLOG_FMT_EXTERNAL -DSPDLOG_COMPILED_LIB -DSPDLOG_SHARED_LIB \
      -iquote . -iquote "$generated" -isystem "$generated/proto" \
      -isystem "$generated/proto/external"
}

# What makes a process crash where a test says so is in nothing that is
# deployed.
check_points() {
  local folder programs
  python3 tests/fault/point_names.py sources || return 1
  mapfile -t programs < <(python3 tests/fault/point_names.py labels)
  bazel build --noshow_progress "${programs[@]}" || return 1
  folder=$(bazel info bazel-bin 2>"$errors") || return 1
  python3 tests/fault/point_names.py absent "$folder"
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

deploy/install-packages.sh build test lint

checks=("$@")
if [[ ${#checks[@]} -eq 0 ]]; then
  checks=(buf format shell licences layers tags links locks points)
fi
passed=0 failed=0 skipped=0
for check in "${checks[@]}"; do
  if ! declare -F "check_$check" >/dev/null; then
    echo "tests/lint.sh: no check $check" >&2
    exit 2
  fi
  status=0
  output=$("check_$check" 2>&1) || status=$?
  case $status in
    0)
      echo "ok $check"
      passed=$((passed + 1))
      continue
      ;;
    "$CANNOT")
      echo "ok $check # SKIP its tool could not be fetched"
      skipped=$((skipped + 1))
      ;;
    *)
      echo "not ok $check"
      failed=$((failed + 1))
      ;;
  esac
  printf '%s\n' "$output"
done
closing="$passed passed, $failed failed"
[[ $skipped -eq 0 ]] || closing="$closing, $skipped skipped"
echo "$closing"
[[ $failed -eq 0 ]]
