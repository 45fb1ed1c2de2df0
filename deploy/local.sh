#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Runs Keyward's five services on this machine, each a process of its own, over
# mutual TLS on loopback, with a development CA.
#
#   deploy/local.sh up        build, start, and say how to use it
#   deploy/local.sh status    which service runs and whether it is ready
#   deploy/local.sh down      stop all, keep the data
#
# The folder is $KEYWARD_LOCAL, or ~/.local/share/keyward-local. Ports: gateway
# 7100, store 7101, policy 7102, rotation 7103, audit 7104; metrics 7110 to
# 7114.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=${KEYWARD_LOCAL:-$HOME/.local/share/keyward-local}
readonly root home
# In the order in which they are started: each waits for what it needs, so any
# order works.
readonly services=(store policy audit rotation gateway)
readonly START_SECONDS=60

declare -A metrics=([gateway]=7110 [store]=7111 [policy]=7112 [rotation]=7113
  [audit]=7114)

fail() {
  echo "local.sh: $1" >&2
  exit 1
}

pid_file() { echo "$home/run/$1.pid"; }

# The process id of service $1 if it is running and is ours: an id can have
# been given to another program meanwhile.
running() {
  local pid
  [[ -r $(pid_file "$1") ]] || return 1
  pid=$(<"$(pid_file "$1")")
  [[ -e /proc/$pid/exe ]] || return 1
  [[ $(readlink "/proc/$pid/exe") == *"keyward-$1"* ]] || return 1
  echo "$pid"
}

ready() {
  curl -fsS --max-time 2 "http://127.0.0.1:${metrics[$1]}/metrics" 2>/dev/null |
    grep -q '^keyward_ready.* 1$'
}

binary() { echo "$root/bazel-bin/services/$1/keyward-$1"; }

build() {
  local targets=(//services/standalone:keyward-standalone //services/cli:keyward)
  local service
  for service in "${services[@]}"; do
    targets+=("//services/$service:keyward-$service")
  done
  (cd "$root" && bazel build "${targets[@]}")
}

start() {
  local service=$1 pid
  if pid=$(running "$service"); then
    echo "$service is running already (process $pid)"
    return
  fi
  setsid "$(binary "$service")" --home "$home" \
    >>"$home/log/$service.log" 2>&1 </dev/null &
  echo $! >"$(pid_file "$service")"
}

wait_ready() {
  local service=$1 end=$((SECONDS + START_SECONDS))
  until ready "$service"; do
    running "$service" >/dev/null ||
      fail "$service ended; the last lines of $home/log/$service.log:
$(tail -n 5 "$home/log/$service.log")"
    ((SECONDS < end)) ||
      fail "$service is not ready after $START_SECONDS s; see $home/log/$service.log"
    sleep 0.2
  done
  echo "✓ $service is ready"
}

up() {
  local service
  "$root/deploy/install-packages.sh" build run
  command -v curl >/dev/null || fail "curl is missing: apt-get install curl"
  build
  mkdir -p "$home/run" "$home/log"
  chmod 700 "$home"
  # Makes keys, CA and identities if they are not there; starts nothing.
  "$(binary standalone)" --home "$home" --init
  for service in "${services[@]}"; do start "$service"; done
  for service in "${services[@]}"; do wait_ready "$service"; done
  cat <<EOF

Keyward runs as five processes in $home. As its administrator:

export KEYWARD_ADDR=127.0.0.1:7100
export KEYWARD_CA=$home/keys/ca.pem
export KEYWARD_CERT=$home/tls/admin.pem
export KEYWARD_KEY=$home/tls/admin.key
export KEYWARD_DATA=$home/data
export PATH=$root/bazel-bin/services/cli:\$PATH

Then, for example: keyward secret create hello --generate
Stop it with: deploy/local.sh down
EOF
}

status() {
  local service pid state failed=0
  printf '%-10s %-10s %s\n' SERVICE PROCESS STATE
  for service in "${services[@]}"; do
    if pid=$(running "$service"); then
      state="not ready"
      if ready "$service"; then state=ready; else failed=1; fi
    else
      pid=-
      state=stopped
      failed=1
    fi
    printf '%-10s %-10s %s\n' "$service" "$pid" "$state"
  done
  return $failed
}

down() {
  local service pid end i
  # The gateway first: it drains while the others still answer it.
  for ((i = ${#services[@]} - 1; i >= 0; i--)); do
    service=${services[i]}
    if ! pid=$(running "$service"); then continue; fi
    kill -TERM "$pid"
    end=$((SECONDS + 20))
    while running "$service" >/dev/null; do
      ((SECONDS < end)) || fail "$service (process $pid) does not stop"
      sleep 0.1
    done
    rm -f "$(pid_file "$service")"
    echo "✓ $service has stopped"
  done
}

case ${1:-} in
  up) up ;;
  status) status ;;
  down) down ;;
  *)
    sed -n '5,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
