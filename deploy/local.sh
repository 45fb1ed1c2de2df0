#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Runs Keyward's five services on this machine, each a process of its own, over
# mutual TLS on loopback, with a development CA.
#
#   deploy/local.sh up             build and start; starts again what has ended
#   deploy/local.sh up --restored  start once after a backup was put back
#                                  (deploy/BACKUP.md); all must have stopped
#   deploy/local.sh env            lines for a shell: eval "$(... env)"
#   deploy/local.sh status         how each service is; exits 1 unless all serve
#   deploy/local.sh down           stop all, keep the data
#   deploy/local.sh down --remove  stop all, and remove all that it stored
#
# KEYWARD_LOCAL is the folder, ~/.local/share/keyward-local if it is not set.
# KEYWARD_LOCAL_PORT is the gateway's port, 7100 if it is not set; store,
# policy, rotation and audit have the next four, and metrics are 10 above each.
# KEYWARD_BIN is the folder of built binaries, services/NAME/keyward-NAME below
# it; if it is set, nothing is installed or built.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -z ${HOME:-} ]]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
  export HOME
fi
home=$(realpath -m -- "${KEYWARD_LOCAL:-$HOME/.local/share/keyward-local}")
port=${KEYWARD_LOCAL_PORT:-7100}
bin=${KEYWARD_BIN:-$root/bazel-bin}
# Nothing is used or removed that has not this file: KEYWARD_LOCAL may be
# mistyped.
marker=$home/.keyward-local
readonly root home port bin marker

# In the order in which they are started: each waits for what it needs, so any
# order works.
readonly services=(store policy audit rotation gateway)
readonly START_SECONDS=60
# Above what a service takes to drain.
readonly STOP_SECONDS=20

declare -rA offset=([gateway]=0 [store]=1 [policy]=2 [rotation]=3 [audit]=4)
# Those that have state, and are told that it was put back.
readonly keepers=(store policy audit)
# What a service calls.
declare -rA peers=([gateway]="store policy rotation audit" [store]="audit"
  [policy]="store rotation audit" [audit]="store policy" [rotation]="gateway")

usage() {
  sed -n '/^#   deploy/,/^$/p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

fail() {
  echo "local.sh: $1" >&2
  exit 1
}

address() { echo "127.0.0.1:$((port + offset[$1]))"; }
metrics_port() { echo $((port + 10 + offset[$1])); }
binary() { echo "$bin/services/$1/keyward-$1"; }
pid_file() { echo "$home/run/$1.pid"; }
log_file() { echo "$home/log/$1.log"; }

# The process id of service $1 if it runs and is ours: the number can have been
# given to another program since, or to a Keyward with another folder.
running() {
  local pid command
  [[ -r $(pid_file "$1") ]] || return 1
  pid=$(<"$(pid_file "$1")")
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  # Bash itself warns of the zero bytes between the words.
  command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
  [[ $command == *"/keyward-$1 --home $home "* ]] || return 1
  echo "$pid"
}

# Whether service $1 serves, as its metrics tell. Bash's own connection: curl
# is on no bare machine.
ready() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$(metrics_port "$1")" || exit 1
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    timeout 2 grep -q '^keyward_ready.* 1$' <&3
  ) 2>/dev/null
}

build() {
  [[ -z ${KEYWARD_BIN:-} ]] || return 0
  "$root/deploy/install-packages.sh" build run
  local targets=(//services/standalone:keyward-standalone
    //services/cli:keyward)
  local service
  for service in "${services[@]}"; do
    targets+=("//services/$service:keyward-$service")
  done
  (cd "$root" && bazel build "${targets[@]}") || fail "the build failed"
}

check_built() {
  local name file
  for name in standalone "${services[@]}" cli; do
    file=$(binary "$name")
    [[ $name != cli ]] || file=$bin/services/cli/keyward
    [[ -x $file ]] || fail "$file is not built: unset KEYWARD_BIN to have it \
built, or run: bazel build //services/..."
  done
}

check_folder() {
  [[ ! -e $home || -f $marker || -z $(ls -A -- "$home") ]] ||
    fail "$home is there and was not made by local.sh: set KEYWARD_LOCAL to \
another folder"
  mkdir -p -- "$home"
  chmod 700 -- "$home"
  touch -- "$marker"
  mkdir -p -- "$home/run" "$home/log"
}

# Starts service $1; what else is given are flags of it.
start() {
  local service=$1 pid peer arguments
  shift
  if pid=$(running "$service"); then
    echo "  $service runs already (process $pid)"
    return
  fi
  arguments=(--home "$home" --listen "$(address "$service")"
    --metrics "127.0.0.1:$(metrics_port "$service")")
  for peer in ${peers[$service]}; do
    arguments+=(--set "$peer.address=$(address "$peer")")
  done
  arguments+=("$@")
  setsid "$(binary "$service")" "${arguments[@]}" \
    >>"$(log_file "$service")" 2>&1 </dev/null &
  pid=$!
  disown "$pid"
  echo "$pid" >"$(pid_file "$service")"
}

wait_ready() {
  local service=$1 pid end=$((SECONDS + START_SECONDS))
  pid=$(<"$(pid_file "$service")")
  until ready "$service"; do
    kill -0 "$pid" 2>/dev/null ||
      fail "$service has ended; the last line of $(log_file "$service"):
$(tail -n 1 "$(log_file "$service")")
What else was started still runs: deploy/local.sh down stops it."
    ((SECONDS < end)) ||
      fail "$service does not serve after $START_SECONDS s; see \
$(log_file "$service")"
    sleep 0.1
  done
  echo "✓ $service serves on $(address "$service")"
}

# What was put back is told to all that keep a part of it, and to each when it
# starts: one that runs already would go on as if nothing had happened.
check_restorable() {
  local service pid
  [[ -d $home/data ]] ||
    fail "there is no $home/data: put the backup in place first (deploy/BACKUP.md)"
  for service in "${services[@]}"; do
    ! pid=$(running "$service") ||
      fail "$service runs (process $pid): deploy/local.sh down first"
  done
}

up() {
  local service restored=${1:-}
  [[ -z $restored ]] || check_restorable
  build
  check_built
  check_folder
  # Makes keys, CA and identities if they are not there; starts nothing.
  "$(binary standalone)" --home "$home" --init
  for service in "${services[@]}"; do
    if [[ -n $restored && " ${keepers[*]} " == *" $service "* ]]; then
      start "$service" --restored
    else
      start "$service"
    fi
  done
  for service in "${services[@]}"; do wait_ready "$service"; done
  cat <<END

Keyward runs as five processes; all they have is in $home.

To be its administrator in this shell:
  eval "\$($0 env)"
  keyward secret create hello --generate
  keyward audit tail

Stop it: $0 down
END
}

print_env() {
  [[ -f $home/tls/admin.pem ]] ||
    fail "nothing is there yet: run deploy/local.sh up first"
  printf 'export %s=%q\n' KEYWARD_ADDR "$(address gateway)" \
    KEYWARD_CA "$home/keys/ca.pem" KEYWARD_CERT "$home/tls/admin.pem" \
    KEYWARD_KEY "$home/tls/admin.key" KEYWARD_DATA "$home/data" \
    KEYWARD_HOME "$home"
  # The caller's PATH, not the present one.
  # shellcheck disable=SC2016
  printf 'export PATH=%q:"$PATH"\n' "$bin/services/cli"
}

status() {
  local service pid state failed=0
  printf '%-10s %-10s %-17s %s\n' SERVICE PROCESS ADDRESS STATE
  for service in "${services[@]}"; do
    state=serves
    if ! pid=$(running "$service"); then
      pid=-
      state=stopped
      failed=1
    elif ! ready "$service"; then
      state="does not serve; see $(log_file "$service")"
      failed=1
    fi
    printf '%-10s %-10s %-17s %s\n' "$service" "$pid" "$(address "$service")" \
      "$state"
  done
  return $failed
}

# Ends service $1: it lets calls in flight finish.
stop() {
  local service=$1 pid end=$((SECONDS + STOP_SECONDS))
  if pid=$(running "$service"); then
    kill -TERM "$pid"
    while running "$service" >/dev/null; do
      if ((SECONDS >= end)); then
        # Nothing that was acknowledged is lost by it.
        kill -KILL "$pid"
        echo "✗ $service (process $pid) did not end and was killed"
        end=$((SECONDS + STOP_SECONDS))
      fi
      sleep 0.1
    done
    echo "✓ $service has stopped"
  fi
  rm -f -- "$(pid_file "$service")"
}

down() {
  local i
  if [[ ! -f $marker ]]; then
    [[ ! -e $home ]] || fail "$home was not made by local.sh: left alone"
    echo "✓ nothing is there to stop"
    return
  fi
  # The gateway first: it drains while the others still answer it.
  for ((i = ${#services[@]} - 1; i >= 0; i--)); do stop "${services[i]}"; done
  [[ ${1:-} == --remove ]] || return 0
  rm -rf -- "$home"
  echo "✓ removed $home"
}

if [[ ! $port =~ ^[0-9]+$ ]] || ((port < 1 || port > 65521)); then
  fail "KEYWARD_LOCAL_PORT takes a number from 1 to 65521"
fi
case "$*" in
  up | 'up --restored') up "${2:-}" ;;
  env) print_env ;;
  status) status ;;
  down | 'down --remove') down "${2:-}" ;;
  *)
    usage >&2
    exit 2
    ;;
esac
