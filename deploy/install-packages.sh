#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Installs Debian packages from deploy/packages.txt.
#
#   deploy/install-packages.sh SECTION...     sections: build run test bench lint
#
# Does nothing, and needs no network and no privilege, when all are there.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
list=$root/deploy/packages.txt

if [[ $# -eq 0 ]]; then
  echo "usage: deploy/install-packages.sh SECTION..." >&2
  sed -n 's/^\[\(.*\)\]$/  \1/p' "$list" >&2
  exit 2
fi

# Prints the packages of section $1, without those whose command is there.
packages_of() {
  local line name condition
  while read -r line; do
    read -r name condition <<<"${line%%#*}"
    [[ -n $name ]] || continue
    if [[ $condition == unless:* ]] &&
      command -v "${condition#unless:}" >/dev/null; then
      continue
    fi
    echo "$name"
  done < <(sed -n "/^\[$1\]\$/,/^\[/p" "$list" | grep -v '^\[')
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for section in "$@"; do
  if ! grep -qxF "[$section]" "$list"; then
    echo "install-packages: no section [$section] in $list" >&2
    exit 2
  fi
  while read -r package; do
    is_installed "$package" || missing+=("$package")
  done < <(packages_of "$section")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "install-packages: run this as root, or install sudo; missing:" \
      "${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

# Another apt may be at work, such as the machine's first unattended upgrade.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# Some packages would start a server. None is wanted: what needs one, starts it.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

echo "Installing ${#missing[@]} packages: ${missing[*]}"
apt update
apt install -y --no-install-recommends "${missing[@]}"
