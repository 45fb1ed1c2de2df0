#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Installs what the tests need, builds everything and runs all tests.
#
#   tests/run.sh              all stages
#   tests/run.sh STAGE...     some of: packages build unit asan tsan fuzz
#                             model integration faults interop bench seeds
#
# Ends in `N passed, N failed` (and `, N skipped` if any), where N counts test
# cases: a case that runs plain and under sanitizers is one case, and passed if
# it passed each time. Exits 1 unless none failed.

set -euo pipefail
# shellcheck source=tests/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# A suite that hangs ends the stage, not the patience of whoever waits for it.
readonly SUITE_TIMEOUT=30m
# Caches grow with every change; beyond this the least recently used goes.
readonly CACHE_BYTES=$((10 << 30))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=$work/results
times=$work/times
touch "$results" "$times"

# Runs stage $1, the function stage_$1, and notes its wall time.
run_stage() {
  local began=$SECONDS
  heading "$1"
  "stage_$1"
  echo "$1 $((SECONDS - began))" >>"$times"
}

# A failed stage without which the others mean nothing.
give_up() {
  echo
  echo "tests/run.sh: $1"
  echo "0 passed, 1 failed"
  exit 1
}

stage_packages() {
  deploy/install-packages.sh build run test ||
    give_up "the packages could not be installed"
}

stage_build() {
  # Debian's packages may have changed under a server that still runs.
  bazel sync --only=debian || give_up "Bazel does not start"
  bazel build //... || give_up "the build failed"
}

# Runs the tests of configuration $2 (or none) as stage $1.
bazel_tests() {
  local status=0 events=$work/$1.json
  bazel test --keep_going --build_event_json_file="$events" \
    ${2:+"--config=$2"} //... || status=$?
  # 3: tests failed, which the events tell; 4: no test matches.
  case $status in
    0 | 3 | 4) ;;
    *) echo "failed $1: bazel test exits $status" >>"$results" ;;
  esac
  python3 tests/results.py bazel "$1" "$events" >>"$results"
}

stage_unit() { bazel_tests unit; }
stage_asan() { bazel_tests asan asan; }
stage_tsan() { bazel_tests tsan tsan; }

# Runs each of the scripts, which print `ok NAME` and `not ok NAME` lines.
shell_suites() {
  local suite status
  KEYWARD_BIN=$(bazel info bazel-bin)
  export KEYWARD_BIN
  for suite in "$@"; do
    [[ -x $suite ]] || continue
    echo "-- $suite"
    status=0
    timeout -k 10 "$SUITE_TIMEOUT" "$suite" </dev/null 2>&1 |
      tee "$work/suite.log" || status=$?
    python3 tests/results.py suite "$suite" "$status" "$work/suite.log" \
      >>"$results"
  done
}

stage_fuzz() { shell_suites tests/fault/fuzz.sh; }
stage_model() { shell_suites tests/model/run.sh; }
stage_integration() { shell_suites tests/integration/*.sh; }
stage_faults() { shell_suites tests/fault/attacks.sh; }
stage_interop() { shell_suites tests/interop/run.sh; }
stage_bench() { shell_suites tests/bench/smoke.sh; }
stage_seeds() { shell_suites tests/fault/sample.sh; }

# Deletes from Bazel's disk cache what was not used for longest.
bound_cache() {
  local folder=$HOME/.cache/keyward/bazel
  [[ -d $folder ]] || return 0
  find "$folder" -type f -printf '%A@ %s %p\n' | sort -rn |
    awk -v bound="$CACHE_BYTES" '(sum += $2) > bound { print $3 }' |
    xargs -r rm -f
}

stages=("$@")
if [[ ${#stages[@]} -eq 0 ]]; then
  stages=(packages build unit asan tsan fuzz model integration faults interop
    bench seeds)
fi
for stage in "${stages[@]}"; do
  if ! declare -F "stage_$stage" >/dev/null; then
    echo "tests/run.sh: no stage $stage" >&2
    exit 2
  fi
done
for stage in "${stages[@]}"; do
  run_stage "$stage"
done
bound_cache

heading "wall time"
awk '{ printf "%-12s %2d min %02d s\n", $1, $2 / 60, $2 % 60 }' "$times"
echo
python3 tests/results.py summary "$results"
