#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# deploy/local.sh with the five real services. Prints `ok NAME` lines.
# KEYWARD_BIN is the folder of Bazel's outputs.

# Tests are called by their names, which shellcheck does not see.
# shellcheck disable=SC2317

set -euo pipefail
script=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/deploy/local.sh
work=$(mktemp -d)
export KEYWARD_LOCAL=$work/installation
export HOME=$work
readonly script work
failed=0

# The first of 15 ports in a row of which none is in use, below those that
# Linux gives to connections.
free_ports() {
  python3 - <<'END'
import contextlib
import random
import socket

for first in range(10000 + random.randrange(1000) * 20, 32000, 20):
    with contextlib.ExitStack() as stack:
        try:
            for port in range(first, first + 15):
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(first)
    break
END
}

KEYWARD_LOCAL_PORT=$(free_ports)
export KEYWARD_LOCAL_PORT

# Whatever happens, nothing is left running.
end() {
  "$script" down --remove >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap end EXIT

local_sh() { timeout 120 "$script" "$@" >"$work/output" 2>&1; }

refused() {
  local status=0
  local_sh "$@" || status=$?
  [[ $status -eq 1 ]] && return
  echo "local.sh $*: ended with $status, not 1"
  return 1
}

pids() { cat "$KEYWARD_LOCAL"/run/*.pid | sort; }

says() {
  grep -qF -- "$1" "$work/output" && return
  echo "not said: $1"
  return 1
}

keyward() {
  (
    eval "$("$script" env)"
    command keyward "$@"
  ) >"$work/output" 2>&1
}

# Runs the function $1 as the test of that name. Not in a condition, where
# Bash would not end it at its first failing line.
check() {
  local name=$1 status=0
  set +e
  (
    set -e
    "$name"
  )
  status=$?
  set -e
  if [[ $status -eq 0 ]]; then
    echo "ok $name"
  else
    echo "-- the last output:"
    cat "$work/output"
    tail -n 3 "$KEYWARD_LOCAL"/log/*.log 2>/dev/null || true
    echo "not ok $name"
    failed=1
  fi
}

binaries_that_are_not_built_are_named() {
  mkdir "$work/empty"
  KEYWARD_BIN=$work/empty refused up
  says "$work/empty/services/standalone/keyward-standalone is not built"
  [[ ! -e $KEYWARD_LOCAL ]]
}

a_folder_of_someone_else_is_left_alone() {
  mkdir "$work/foreign"
  touch "$work/foreign/file"
  KEYWARD_LOCAL=$work/foreign refused up
  says "$work/foreign is there and was not made by local.sh"
  KEYWARD_LOCAL=$work/foreign refused down --remove
  [[ $(ls -A "$work/foreign") == file ]]
}

before_up_nothing_is_there() {
  refused env
  says "run deploy/local.sh up first"
  refused status
  [[ $(grep -c ' stopped$' "$work/output") == 5 ]]
  local_sh down
}

up_starts_five_services_that_serve() {
  local_sh up
  local_sh status
  [[ $(grep -c ' serves$' "$work/output") == 5 ]]
}

env_makes_the_command_line_work() {
  keyward secret create hello --generate
  keyward secret access hello
  keyward audit verify
}

up_again_starts_nothing_twice() {
  local before
  before=$(pids)
  local_sh up
  [[ $(pids) == "$before" ]]
}

status_tells_of_a_killed_service_and_up_starts_it() {
  local pid
  pid=$(<"$KEYWARD_LOCAL/run/store.pid")
  kill -KILL "$pid"
  refused status
  grep -q '^store  *-  .*stopped$' "$work/output"
  local_sh up
  [[ $(<"$KEYWARD_LOCAL/run/store.pid") != "$pid" ]]
  local_sh status
  keyward secret access hello
}

status_tells_of_a_service_that_hangs() {
  local pid
  pid=$(<"$KEYWARD_LOCAL/run/audit.pid")
  kill -STOP "$pid"
  local status=0
  local_sh status || status=$?
  kill -CONT "$pid"
  [[ $status -eq 1 ]]
  grep -q '^audit .*does not serve' "$work/output"
}

# A number that was written down is not a process of ours.
down_ends_no_process_of_someone_else() {
  sleep 60 &
  local bystander=$! before
  before=$(<"$KEYWARD_LOCAL/run/rotation.pid")
  kill -KILL "$before"
  echo "$bystander" >"$KEYWARD_LOCAL/run/rotation.pid"
  local_sh down
  kill -0 "$bystander"
  kill "$bystander"
}

down_ends_all_and_keeps_the_data() {
  refused status
  [[ $(grep -c ' stopped$' "$work/output") == 5 ]]
  [[ -z $(ls -A "$KEYWARD_LOCAL/run") ]]
  local_sh up
  keyward secret access hello
}

every_line_of_the_logs_is_json() {
  jq -es 'all(.[]; has("time") and has("level") and has("service") and
    has("msg"))' "$KEYWARD_LOCAL"/log/*.log >"$work/output"
}

# The gateway asks the store every now and then, and says 0 before it knows.
incarnation_is() {
  local told=0 end=$((SECONDS + 15))
  while [[ $told == 0 ]] && ((SECONDS < end)); do
    keyward operator status --output json
    told=$(jq -r .incarnation "$work/output")
    sleep 0.2
  done
  [[ $told == "$1" ]] && return
  echo "the incarnation is not $1"
  return 1
}

env_names_all_that_the_command_line_takes() {
  local_sh env
  says "export KEYWARD_HOME=$KEYWARD_LOCAL"
  says "export KEYWARD_DATA=$KEYWARD_LOCAL/data"
  # What it is for: issuing is offline, and asks no running service.
  keyward identity issue local-test --out "$work/ids"
  [[ -f $work/ids/local-test.pem ]]
}

up_restored_is_refused_while_a_service_runs() {
  refused up --restored
  says "deploy/local.sh down first"
  incarnation_is 1
}

up_restored_starts_once_from_a_backup() {
  local_sh down
  tar -C "$KEYWARD_LOCAL" -cf "$work/data.tar" data
  local_sh up
  keyward secret create lost --generate
  local_sh down
  rm -rf "$KEYWARD_LOCAL/data"
  refused up --restored
  says "put the backup in place first"
  tar -C "$KEYWARD_LOCAL" -xpf "$work/data.tar"
  local_sh up --restored
  local_sh status
  incarnation_is 2
  keyward audit checkpoint --accept-rollback
  keyward secret access hello
  if keyward secret access lost; then
    echo "what came after the backup is there"
    return 1
  fi
  # From then on as usual.
  local_sh down
  local_sh up
  incarnation_is 2
}

down_removes_what_it_made_and_nothing_else() {
  touch "$work/bystander"
  local_sh down --remove
  [[ ! -e $KEYWARD_LOCAL && -e $work/bystander ]]
  local_sh down --remove
}

a_taken_port_is_named() {
  python3 -c 'import socket, sys, time
taken = socket.socket()
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind(("127.0.0.1", int(sys.argv[1])))
taken.listen()
print("taken", flush=True)
time.sleep(60)' "$((KEYWARD_LOCAL_PORT + 1))" >"$work/taken" &
  local holder=$! status=0
  # The other Bash expands it.
  # shellcheck disable=SC2016
  timeout 10 bash -c 'until [[ -s $0 ]]; do sleep 0.1; done' "$work/taken"
  local_sh up || status=$?
  kill "$holder"
  [[ $status -eq 1 ]]
  says "store has ended"
  says "cannot listen on 127.0.0.1:$((KEYWARD_LOCAL_PORT + 1))"
  local_sh down --remove
}

for name in \
  binaries_that_are_not_built_are_named \
  a_folder_of_someone_else_is_left_alone \
  before_up_nothing_is_there \
  up_starts_five_services_that_serve \
  env_makes_the_command_line_work \
  up_again_starts_nothing_twice \
  status_tells_of_a_killed_service_and_up_starts_it \
  status_tells_of_a_service_that_hangs \
  down_ends_no_process_of_someone_else \
  down_ends_all_and_keeps_the_data \
  every_line_of_the_logs_is_json \
  env_names_all_that_the_command_line_takes \
  up_restored_is_refused_while_a_service_runs \
  up_restored_starts_once_from_a_backup \
  down_removes_what_it_made_and_nothing_else \
  a_taken_port_is_named; do
  check "$name"
done
exit $failed
