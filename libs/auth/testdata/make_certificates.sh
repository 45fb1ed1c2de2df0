#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Makes the certificates that the tests of this folder's parent read: good ones,
# and ones that no proper authority would issue. Run it by hand when a case is
# added; the results are kept, so that the tests do not depend on a tool or on
# the date. The keys are thrown away: the tests only read certificates.
#
# Authorities are valid from 2020 to 2120, leaves on the first of January 2030;
# what is short ends at 18:00 of that day.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=$PWD
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
: >index.txt
cat >ca.cnf <<'CNF'
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = optional
CNF

readonly LEAF_DAYS=(-startdate 20300101000000Z -enddate 20300102000000Z)

# key NAME: a key and a request of that name.
key() {
  openssl ecparam -genkey -name prime256v1 -noout -out "$1.key" 2>/dev/null
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
}

# sign NAME ISSUER EXTENSIONS...: the certificate NAME.pem, by ISSUER, which is
# NAME itself for one that is self-signed. Each extension is a line.
sign() {
  local name=$1 issuer=$2
  shift 2
  printf '%s\n' '[v3]' "${extensions[@]}" "$@" >"$name.ext"
  local by=(-cert "$out/$issuer.pem" -keyfile "$issuer.key")
  if [[ $name == "$issuer" ]]; then
    by=(-selfsign -keyfile "$name.key")
  fi
  openssl ca -batch -notext -config ca.cnf "${by[@]}" "${days[@]}" \
    -in "$name.csr" -extfile "$name.ext" -extensions v3 -out "$out/$name.pem" \
    2>/dev/null
}

# authority NAME ISSUER EXTENSIONS...: ends in 2120, or at `end`.
authority() {
  local days=(-startdate 20200101000000Z -enddate "${end:-21200101000000Z}")
  local extensions=()
  key "$1"
  sign "$@" 'basicConstraints=critical,CA:TRUE' \
    'keyUsage=critical,keyCertSign,cRLSign' 'subjectKeyIdentifier=hash'
}

# leaf NAME ISSUER EXTENSIONS...: as it should be, but for the extensions.
leaf() {
  local days=("${LEAF_DAYS[@]}") extensions=()
  local name=$1 issuer=$2
  shift 2
  local given=" $* " line
  for line in 'basicConstraints=critical,CA:FALSE' \
    'keyUsage=critical,digitalSignature' \
    'extendedKeyUsage=serverAuth,clientAuth'; do
    [[ $given == *" ${line%%=*}="* ]] || extensions+=("$line")
  done
  # "NAME=" takes the extension out.
  local kept=()
  for line in "$@"; do
    [[ $line == *= ]] || kept+=("$line")
  done
  key "$name"
  sign "$name" "$issuer" "${kept[@]}"
}

readonly PAYMENTS='subjectAltName=URI:spiffe://corp/payments'

authority corp-ca corp-ca 'subjectAltName=URI:spiffe://corp'
authority other-ca other-ca 'subjectAltName=URI:spiffe://other'
authority intermediate corp-ca
end=20300101180000Z authority short-intermediate corp-ca
authority intermediate-with-id corp-ca 'subjectAltName=URI:spiffe://corp/admin'

leaf payments corp-ca "$PAYMENTS"
leaf payments-no-eku corp-ca "$PAYMENTS" 'extendedKeyUsage='
leaf payments-with-dns corp-ca "$PAYMENTS,DNS:payments.corp,email:a@corp"
leaf payments-by-intermediate intermediate "$PAYMENTS"
leaf payments-by-short-intermediate short-intermediate "$PAYMENTS"
leaf store corp-ca 'subjectAltName=URI:spiffe://corp/service/store'

leaf by-other-domain other-ca "$PAYMENTS"
leaf by-nobody by-nobody "$PAYMENTS"
leaf by-intermediate-with-id intermediate-with-id "$PAYMENTS"
leaf by-a-leaf payments "$PAYMENTS"
leaf unknown-domain corp-ca 'subjectAltName=URI:spiffe://nowhere/payments'
leaf two-ids corp-ca "$PAYMENTS,URI:spiffe://corp/admin"
leaf id-and-url corp-ca "$PAYMENTS,URI:https://corp/payments"
leaf no-name corp-ca
leaf dns-only corp-ca 'subjectAltName=DNS:payments.corp'
leaf url-only corp-ca 'subjectAltName=URI:https://corp/payments'
leaf domain-only corp-ca 'subjectAltName=URI:spiffe://corp'
leaf encoded-id corp-ca 'subjectAltName=URI:spiffe://corp/pay%6dents'
leaf dotted-id corp-ca 'subjectAltName=URI:spiffe://corp/x/../payments'
leaf authority-leaf corp-ca "$PAYMENTS" 'basicConstraints=critical,CA:TRUE' \
  'keyUsage=critical,digitalSignature'
leaf signing-leaf corp-ca "$PAYMENTS" \
  'keyUsage=critical,digitalSignature,keyCertSign'
leaf crl-leaf corp-ca "$PAYMENTS" 'keyUsage=critical,digitalSignature,cRLSign'
leaf no-key-usage corp-ca "$PAYMENTS" 'keyUsage='
leaf no-digital-signature corp-ca "$PAYMENTS" 'keyUsage=critical,keyAgreement'
leaf server-only corp-ca "$PAYMENTS" 'extendedKeyUsage=serverAuth'
leaf client-only corp-ca "$PAYMENTS" 'extendedKeyUsage=clientAuth'
