#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Keyward in one command: builds it, starts it on this machine, and shows what
# it does, one line a step.
#
#   deploy/quickstart.sh          build, start, show; safe to run again
#   deploy/quickstart.sh --env    lines for a shell: eval "$(... --env)"
#   deploy/quickstart.sh --down   stop it and remove all that it stored
#
#   --port PORT       of the gateway, on loopback (7443); metrics are on the
#                     port 10 above it
#   --folder FOLDER   for everything it makes
#                     (~/.local/share/keyward-quickstart)

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -z ${HOME:-} ]]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
  export HOME
fi

action=up
port=7443
folder=$HOME/.local/share/keyward-quickstart

usage() {
  sed -n '/^#   deploy/,/^$/p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --env) action='env' ;;
    --down) action=down ;;
    --port) port=${2:?--port needs a number} && shift ;;
    --folder) folder=${2:?--folder needs a path} && shift ;;
    -h | --help) usage && exit 0 ;;
    *)
      echo "quickstart: no option $1" >&2
      usage >&2
      exit 2
      ;;
  esac
  shift
done
if [[ ! $port =~ ^[0-9]+$ ]] || ((port < 1 || port > 65525)); then
  echo "quickstart: --port takes a number from 1 to 65525" >&2
  exit 2
fi
folder=$(realpath -m -- "$folder")

# Nothing is removed that has not this file: --folder may be mistyped.
marker=$folder/.keyward-quickstart
home=$folder/home
bin=$folder/bin
log=$folder/standalone.log
pid_file=$folder/standalone.pid

# What the caller's shell points at is none of the quick start's business; its
# pinned checkpoints lie in its own folder.
unset KEYWARD_TOKEN_FILE KEYWARD_PROJECT
export XDG_CONFIG_HOME=$folder/config
export KEYWARD_ADDR=127.0.0.1:$port
export KEYWARD_CA=$home/keys/ca.pem
export KEYWARD_CERT=$home/tls/admin.pem
export KEYWARD_KEY=$home/tls/admin.key
export KEYWARD_DATA=$home/data
export KEYWARD_HOME=$home

fail() {
  printf '✗ %s\n' "$1" >&2
  shift
  [[ $# -eq 0 ]] || printf '%s\n' "$@" | sed 's/^/    /' >&2
  exit 1
}

ok() {
  printf '✓ %s\n' "$*"
}

# The rest of a step's output, for whoever wants to look closer.
detail() {
  sed 's/^/    /'
}

# Runs a command that must succeed; prints its output only if it does not.
must() {
  local what=$1 output
  shift
  output=$("$@" 2>&1) || fail "$what" "$output"
}

# Runs keyward as the identity $1.
as() {
  local name=$1
  shift
  KEYWARD_CERT=$folder/ids/$name.pem KEYWARD_KEY=$folder/ids/$name.key \
    "$bin/keyward" "$@"
}

# The process that the pid file names, if it is our server and not another
# program that has got its number since.
server_pid() {
  local pid
  [[ -f $pid_file ]] || return 1
  pid=$(<"$pid_file")
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  # A rebuilt program's old file reads as "... (deleted)".
  [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == "$bin/keyward-standalone"* ]] ||
    return 1
  echo "$pid"
}

# Ends the server by signal $1 and waits until it is gone, at most 90 s: it
# lets calls in flight finish.
stop_server() {
  local pid
  pid=$(server_pid) || return 0
  kill "-$1" "$pid"
  for _ in $(seq 900); do
    server_pid >/dev/null || return 0
    sleep 0.1
  done
  fail "the server (process $pid) does not stop"
}

# Starts the server and waits until it answers.
start_server() {
  setsid "$bin/keyward-standalone" --home "$home" \
    --listen "127.0.0.1:$port" --metrics "127.0.0.1:$((port + 10))" \
    >>"$log" 2>&1 </dev/null &
  local pid=$!
  # This shell need not report what becomes of it.
  disown "$pid"
  echo "$pid" >"$pid_file"
  for _ in $(seq 300); do
    if ! kill -0 "$pid" 2>/dev/null; then
      fail "the server did not start" "$(tail -n 5 "$log")"
    fi
    if "$bin/keyward" auth whoami --timeout 2s >/dev/null 2>&1; then
      return 0
    fi
    sleep 0.2
  done
  fail "the server does not answer" "$(tail -n 5 "$log")" \
    "$("$bin/keyward" auth whoami 2>&1 || true)"
}

print_env() {
  [[ -f $KEYWARD_CERT ]] ||
    fail "nothing is there yet: run deploy/quickstart.sh first"
  local name
  for name in KEYWARD_ADDR KEYWARD_CA KEYWARD_CERT KEYWARD_KEY KEYWARD_DATA \
    KEYWARD_HOME; do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
  # The caller's PATH, not the present one.
  # shellcheck disable=SC2016
  printf 'export PATH=%q:"$PATH"\n' "$bin"
}

take_down() {
  if [[ ! -e $folder ]]; then
    ok "nothing is there to remove"
    return
  fi
  [[ -f $marker ]] || fail "$folder was not made by the quick start: left alone"
  stop_server TERM
  rm -rf -- "$folder"
  ok "stopped the server and removed $folder"
}

build() {
  echo "Installing packages and building (progress follows) ..."
  local begin=$SECONDS
  "$root/deploy/install-packages.sh" build run
  (cd "$root" && bazel build //services/standalone:keyward-standalone \
    //services/cli:keyward)
  mkdir -p -- "$folder" "$bin"
  chmod 700 -- "$folder"
  touch -- "$marker"
  # Copies, so that a later build does not change a running server.
  install -m 755 "$root/bazel-bin/services/standalone/keyward-standalone" \
    "$root/bazel-bin/services/cli/keyward" "$bin/"
  ok "built keyward-standalone and keyward in $((SECONDS - begin)) s"
}

# Makes the values of this run in $files: a TLS key pair, a database
# credential, an API key.
make_values() {
  files=$(mktemp -d "$folder/values.XXXXXX")
  trap 'rm -rf -- "$files"' EXIT
  # OpenSSL's own configuration would make it an authority's certificate.
  printf '[req]\ndistinguished_name=dn\n[dn]\n' >"$files/openssl.cnf"
  must "cannot make a TLS key pair" openssl req -x509 -newkey ec \
    -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -config "$files/openssl.cnf" -subj /CN=payments.example \
    -addext basicConstraints=critical,CA:FALSE \
    -addext subjectAltName=DNS:payments.example \
    -keyout "$files/tls.key" -out "$files/tls.crt"
  cat "$files/tls.crt" "$files/tls.key" >"$files/payments-tls"
  password=$(openssl rand -hex 16)
  printf '{"engine":"postgresql","host":"db.example","port":5432,' \
    >"$files/payments-db"
  printf '"username":"payments","password":"%s"}' "$password" \
    >>"$files/payments-db"
  api_key=sk_live_$(openssl rand -hex 20)
  printf '%s' "$api_key" >"$files/payments-api-key"
}

# Stores the file of the same name as secret $1 of type $2; a new version if
# an earlier run has made it.
store() {
  if "$bin/keyward" secret describe "$1" >/dev/null 2>&1; then
    must "cannot store $1" "$bin/keyward" secret put "$1" \
      --from-file "$files/$1"
  else
    must "cannot store $1" "$bin/keyward" secret create "$1" --type "$2" \
      --from-file "$files/$1"
  fi
}

store_values() {
  make_values
  store payments-tls tls-certificate
  store payments-db database-credentials
  store payments-api-key api-key
  ok "stored a TLS key pair, a database credential and an API key from files"
}

issue_identities() {
  local name
  for name in payments-api intruder; do
    must "cannot issue $name" "$bin/keyward" identity issue "$name" \
      --out "$folder/ids"
  done
  ok "issued two identities: payments-api and intruder"
}

readonly PRINCIPAL=spiffe://keyward.internal/workload/payments-api
readonly GRANT=("$PRINCIPAL" secrets.accessor 'secrets/payments-*')

grant() {
  must "cannot grant" "$bin/keyward" policy grant "${GRANT[@]}"
  ok "granted payments-api to read secrets/payments-*"
}

# The value that payments-api reads is the one that was stored, byte for byte.
read_as_workload() {
  local name
  for name in payments-tls payments-db payments-api-key; do
    as payments-api secret access "$name" 2>"$files/error" |
      cmp -s - "$files/$name" ||
      fail "payments-api cannot read $name" "$(<"$files/error")"
  done
  ok "payments-api reads all three, byte for byte"
}

run_program() {
  local digest expected
  expected=$(printf '%s' "$api_key" | sha256sum)
  # The program's own shell expands it, not this one.
  # shellcheck disable=SC2016
  digest=$(as payments-api run --secret API_KEY=payments-api-key -- \
    sh -c 'printf "%s" "$API_KEY" | sha256sum' 2>&1) ||
    fail "keyward run failed" "$digest"
  [[ $digest == "$expected" ]] ||
    fail "the program got another value" "$digest"
  [[ -z ${API_KEY:-} ]] || fail "the value is in this shell's environment"
  ok "started a program with the API key in its environment, and only there"
}

# $1 is refused, by the policy and naming what it lacks.
refused() {
  local refusal
  if refusal=$(as "$1" secret access payments-db 2>&1 >"$files/stolen"); then
    fail "$1 was not refused"
  fi
  [[ ! -s $files/stolen && $refusal == *PERMISSION_DENIED* &&
    $refusal == *secrets.access* ]] ||
    fail "$1 was refused for another reason" "$refusal"
  printf '%s\n' "$refusal" | head -n 1 >"$files/refusal"
}

refuse_intruder() {
  refused intruder
  ok "intruder is refused:"
  detail <"$files/refusal"
}

revoke() {
  must "cannot revoke" "$bin/keyward" policy revoke "${GRANT[@]}"
  refused payments-api
  ok "revoked payments-api, and its very next read is refused"
}

# What happened is on record, in order: the policy's changes, reads, refusals.
show_audit() {
  local records pattern
  records=$("$bin/keyward" audit query system --since 15m --limit 1000 2>&1) ||
    fail "cannot read the audit log" "$records"
  for pattern in 'user/admin .*policy.apply .*applied' \
    'workload/payments-api .*secrets.access .*allow' \
    'workload/intruder .*secrets.access .*deny' \
    'workload/payments-api .*secrets.access .*deny'; do
    grep -q "$pattern" <<<"$records" ||
      fail "not on record: $pattern" "$records"
  done
  ok "all of it is in the audit log; the newest about reads and policy:"
  grep -E '^INDEX|secrets.access|policy.apply' <<<"$records" | head -n 11 |
    cut -c 1-180 | detail
}

verify_audit() {
  local report
  must "the log was rolled back" "$bin/keyward" audit checkpoint
  report=$("$bin/keyward" audit verify 2>&1) ||
    fail "the audit log does not verify" "$report"
  ok "verified the audit log against the pinned checkpoint:"
  detail <<<"$report"
}

crash_and_recover() {
  stop_server KILL
  start_server
  "$bin/keyward" secret access payments-db 2>"$files/error" |
    cmp -s - "$files/payments-db" ||
    fail "payments-db is lost" "$(<"$files/error")"
  ok "killed the server with kill -9, started it, and read again"
}

# Prints a line for every form in which $1 could lie in a file: as it is, in
# hexadecimal, and in base64 wherever it begins in what was encoded.
forms_of() {
  local hex text padding
  printf '%s\n' "$1"
  hex=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')
  printf '%s\n%s\n' "$hex" "${hex^^}"
  for padding in '' x xx; do
    text=$(printf '%s%s' "$padding" "$1" | base64 -w 0)
    text=${text%%=*}
    # The first and last characters also depend on what stands beside it.
    [[ -z $padding ]] || text=${text:4}
    printf '%s\n' "${text%??}"
  done
}

# Whether any form of the lines on stdin is in any file of the data folder:
# nothing is excluded, not even RocksDB's own logs.
search_data() {
  local needle
  while IFS= read -r needle; do
    forms_of "$needle"
  done >"$files/needles"
  grep -raFoh -f "$files/needles" -- "$KEYWARD_DATA" | sort -u
}

# What is secret of the three values, a line each: of the key pair, the lines
# of the key. Short ones would be found anywhere by chance.
secrets_of_this_run() {
  printf '%s\n%s\n' "$password" "$api_key"
  grep -v -e '^-----' "$files/tls.key" | grep -E '^.{16,}$'
}

search_values() {
  local planted found
  found=$(secrets_of_this_run | search_data || true)
  [[ -z $found ]] || fail "a value lies in $KEYWARD_DATA" "$found"
  # A search that finds nothing proves nothing, unless it can find something:
  # annotations are no secret, and are stored as they are.
  planted=planted$(openssl rand -hex 8)
  must "cannot plant a value" "$bin/keyward" secret update payments-api-key \
    --annotation "raw=$planted" \
    --annotation "hex=$(printf '%s' "$planted" | od -An -v -tx1 | tr -d ' \n')" \
    --annotation "base64=$(printf '%s' "$planted" | base64 -w 0)"
  found=$(search_data <<<"$planted" | wc -l)
  ((found >= 3)) ||
    fail "the search does not find a value that was planted ($found of 3 forms)"
  ok "none of the three values is anywhere in the data folder" \
    "(raw, hex, base64); the same search finds one planted on purpose"
}

what_next() {
  local self=${BASH_SOURCE[0]} options=
  [[ $port == 7443 ]] || options+=" --port $port"
  [[ $folder == "$HOME/.local/share/keyward-quickstart" ]] ||
    options+=" --folder $folder"
  cat <<EOF

Keyward runs on 127.0.0.1:$port (process $(server_pid)); its log is $log.

Try next:
  eval "\$($self --env$options)"     be its administrator in this shell
  keyward secret list
  keyward secret create my-token --generate
  keyward secret access my-token
  keyward audit tail
  keyward --help

Stop it and remove everything:
  $self --down$options
EOF
}

case $action in
  env) print_env && exit ;;
  down) take_down && exit ;;
esac

if [[ -e $folder && ! -f $marker && -n $(ls -A -- "$folder") ]]; then
  fail "$folder is there and was not made by the quick start: choose another"
fi
build
stop_server TERM
start_server
ok "started the server on 127.0.0.1:$port, everything in $folder"
store_values
issue_identities
grant
read_as_workload
run_program
refuse_intruder
revoke
show_audit
verify_audit
crash_and_recover
search_values
what_next
