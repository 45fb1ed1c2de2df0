#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Secrets of Keyward from a shell, with grpcurl and jq: the server reflects its
# contracts, so there are no files to get first.
#
#   keyward.sh list                             the services of the server
#   keyward.sh describe SYMBOL                  of a service, method or message
#   keyward.sh secrets                          what there is
#   keyward.sh create|add SECRET [REQUEST_ID]   stores the value on standard input
#   keyward.sh read SECRET                      prints the value
#   keyward.sh batch SECRET...                  prints what became of each
#   keyward.sh watch                            prints what there is, then changes
#
# The server is at KEYWARD_ADDR, and KEYWARD_CA vouches for it; who calls is in
# KEYWARD_CERT and KEYWARD_KEY (mTLS).

set -euo pipefail

readonly SERVICE=keyward.secrets.v1.SecretService
project=projects/${KEYWARD_PROJECT:-default}

# What grpcurl prints has the contracts' names of fields (watch_position), since
# reflection tells no others.

# What describes an error for people; programs branch on code and reason.
# shellcheck disable=SC2016
readonly DESCRIBE='
def describe:
  (["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"][.code]
   + ": " + .message),
  # google.rpc.ErrorInfo: the reason, and what is missing.
  (.details[]? | select(.reason) | "  reason: \(.reason)",
    (.metadata // {} | to_entries | sort_by(.key)[] | "  \(.key): \(.value)")),
  # google.rpc.BadRequest: the fields that are wrong.
  (.details[]?.field_violations[]? | "  field \(.field): \(.description)");'

kw() {
  grpcurl -cacert "$KEYWARD_CA" -cert "$KEYWARD_CERT" -key "$KEYWARD_KEY" "$@"
}

# Calls a method with the JSON on standard input. `-d @` keeps values from the
# arguments, which other users can see. What else is given goes to grpcurl.
call() {
  local method=$1 said
  shift
  # The answer goes on to standard output as it comes; the error is kept.
  { said=$(kw -format-error -d @ "$@" "$KEYWARD_ADDR" "$SERVICE/$method" \
    2>&1 >&3); } 3>&1 && return
  # What grpcurl says of a server that is away is no JSON.
  jq -r "$DESCRIBE describe" <<<"$said" >&2 2>/dev/null || echo "$said" >&2
  return 1
}

# The request for a change. With an id of the request (any text, the same for a
# repetition) the server makes it once. There is no checksum of the value, which
# a shell cannot compute: `data_crc32c` would be its CRC-32C.
change() {
  base64 -w 0 | jq -Rs --arg request_id "$request_id" "$@" \
    '$ARGS.named + {payload: {data: .}}'
}

secrets() {
  local token='' page
  while
    page=$(jq -n --arg parent "$project" --arg page_token "$token" \
      '$ARGS.named' | call ListSecrets -max-time 10) || return
    # Only the first page has the position to watch from.
    position=${position:-$(jq -r .watch_position <<<"$page")}
    jq -r '.secrets[]? | "LISTED \(.name) \(.current_version // 0)"' <<<"$page"
    token=$(jq -r '.next_page_token // ""' <<<"$page")
    [[ -n $token ]]
  do :; done
}

# Every change after the list once and in order. The position of the last
# answer is the one to begin again from when the stream has ended; the reason
# POSITION_COMPACTED or POSITION_FOREIGN means: list again.
watch() {
  local position=''
  secrets
  jq -n --arg parent "$project" --arg position "$position" '$ARGS.named' |
    call WatchSecrets | jq -r --unbuffered '.event // empty |
      "\(.kind | ltrimstr("SECRET_EVENT_KIND_")) \(.name) \(.version // 0)"'
}

usage() {
  sed -n '/^#   keyward.sh/p' "${BASH_SOURCE[0]}" | sed 's/^# *//' >&2
  exit 2
}

secret=$project/secrets/${2:-}
request_id=${3:-}
case $#:${1:-} in
  1:list) kw -max-time 10 "$KEYWARD_ADDR" list ;;
  2:describe) kw -max-time 10 "$KEYWARD_ADDR" describe "$2" ;;
  1:secrets) secrets ;;
  [23]:create)
    change --arg parent "$project" --arg secret_id "$2" |
      call CreateSecret -max-time 10 | jq -r .version.name
    ;;
  [23]:add)
    change --arg parent "$secret" | call AddSecretVersion -max-time 10 |
      jq -r .version.name
    ;;
  2:read)
    jq -n --arg name "$secret" '$ARGS.named' |
      call AccessSecretVersion -max-time 10 | jq -r '.payload.data // ""' |
      base64 -d
    ;;
  *:batch)
    shift
    jq -n --arg project "$project" '
        {names: [$ARGS.positional[] | "\($project)/secrets/\(.)"]}' --args "$@" |
      call BatchAccessSecretVersions -max-time 10 |
      jq -r "$DESCRIBE"'
        # From its base64.
        def size: rtrimstr("=") | rtrimstr("=") | length * 3 / 4 | floor;
        .results[] | "\(.name): " +
        if .error then [.error | describe] | join("\n") else
          .response | "\(.name), \(.payload.data // "" | size) bytes"
        end'
    ;;
  1:watch) watch ;;
  *) usage ;;
esac
