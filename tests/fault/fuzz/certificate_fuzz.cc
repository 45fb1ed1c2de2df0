// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Certificates as peers send them, DER, and what they prove. Whoever has no
// authority's key cannot make one that is believed: what is accepted is, but
// for the signature's own form, one that an authority of the tests has signed.

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "libs/auth/certificate_authenticator.h"
#include "libs/auth/test_files.h"
#include "libs/auth/trust_bundles.h"
#include "libs/crypto/x509.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using auth::CertificateAuthenticator;
using auth::TestCertificate;
using crypto::CertificateInfo;

absl::Time Noon() { return auth::TestCertificatesBegin() + absl::Hours(12); }

std::string ToPem(absl::string_view der) {
  const std::string base64 = absl::Base64Escape(der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t at = 0; at < base64.size(); at += 64) {
    absl::StrAppend(&pem, base64.substr(at, 64), "\n");
  }
  return absl::StrCat(pem, "-----END CERTIFICATE-----\n");
}

// The part of a certificate that is signed: the first element of its sequence.
// Both have a length of two bytes.
std::string SignedPart(absl::string_view der) {
  FUZZ_CHECK(der.size() > 8 && der[1] == '\x82' && der[5] == '\x82');
  const size_t size =
      static_cast<uint8_t>(der[6]) << 8 | static_cast<uint8_t>(der[7]);
  return std::string(der.substr(4, 4 + size));
}

std::string SignedPartOf(absl::string_view name) {
  std::string base64;
  bool inside = false;
  for (const auto& line : absl::StrSplit(TestCertificate(name), '\n')) {
    if (absl::StartsWith(line, "-----")) {
      inside = absl::StartsWith(line, "-----BEGIN");
    } else if (inside) {
      absl::StrAppend(&base64, line);
    }
  }
  std::string der;
  FUZZ_CHECK(absl::Base64Unescape(base64, &der));
  return SignedPart(der);
}

// What is read once, since nothing changes it.
struct World {
  CertificateAuthenticator authenticator{
      auth::TrustBundles::Create({{"corp", TestCertificate("corp-ca")},
                                  {"other", TestCertificate("other-ca")}})
          .value()};
  const std::vector<std::string> good = {
      SignedPartOf("payments"), SignedPartOf("payments-with-dns"),
      SignedPartOf("payments-no-eku"), SignedPartOf("store")};
  const std::string intermediate = SignedPartOf("intermediate");
  const std::string leaf_below = TestCertificate("payments-by-intermediate");
};

const World& TheWorld() {
  static const World& world = *[] {
    const auto* const made = new World;
    // Else nothing below would be shown by certificates that are refused.
    const std::string leaf = TestCertificate("payments");
    FUZZ_CHECK(made->authenticator.Authenticate(leaf, "", Noon()).ok());
    FUZZ_CHECK(made->authenticator
                   .Authenticate(made->leaf_below,
                                 TestCertificate("intermediate"), Noon())
                   .ok());
    return made;
  }();
  return world;
}

void CheckPlain(const std::vector<std::string>& names) {
  FUZZ_CHECK(names.size() <= crypto::kMaxAlternativeNames);
  for (const std::string& name : names) {
    FUZZ_CHECK(!name.empty());
    for (const char c : name) FUZZ_CHECK(c > ' ' && c < 0x7f);
  }
}

void CheckInfo(const CertificateInfo& info) {
  CheckPlain(info.uri_sans);
  CheckPlain(info.dns_sans);
  CheckPlain(info.ip_sans);
  FUZZ_CHECK(info.subject.size() <= 4096);
  for (const char c : info.subject) FUZZ_CHECK(c >= ' ' && c < 0x7f);
  for (const char c : info.common_name) FUZZ_CHECK(c >= ' ' && c < 0x7f);
  FUZZ_CHECK(info.serial_hex.size() <= 40);
  for (const char c : info.serial_hex) FUZZ_CHECK(absl::ascii_isxdigit(c));
  FUZZ_CHECK(info.has_key_usage || info.allows_digital_signature);
  FUZZ_CHECK(info.has_extended_key_usage || info.allows_client_auth);
}

void CheckDer(absl::string_view der) {
  const std::string pem = ToPem(der);
  const absl::StatusOr<CertificateInfo> info = crypto::ParseCertificateDer(der);
  const absl::StatusOr<CertificateInfo> same = crypto::ParseCertificatePem(pem);
  FUZZ_CHECK(info.ok() == same.ok());
  if (info.ok()) {
    CheckInfo(*info);
    FUZZ_CHECK(info->sha256 == same->sha256);
    FUZZ_CHECK(info->uri_sans == same->uri_sans);
  }
  const World& world = TheWorld();
  const auto leaf = world.authenticator.Authenticate(pem, "", Noon());
  if (leaf.ok()) {
    bool signed_by_us = false;
    for (const std::string& part : world.good) {
      signed_by_us = signed_by_us || absl::StrContains(der, part);
    }
    FUZZ_CHECK(signed_by_us);
    FUZZ_CHECK(info.ok() && info->uri_sans.size() == 1);
    FUZZ_CHECK(leaf->principal().ToString() == info->uri_sans[0]);
    FUZZ_CHECK(leaf->expire_time() > Noon());
  } else {
    FUZZ_CHECK(absl::IsUnauthenticated(leaf.status()));
  }
  if (!info.ok()) return;
  const auto below =
      world.authenticator.Authenticate(world.leaf_below, pem, Noon());
  if (below.ok()) FUZZ_CHECK(absl::StrContains(der, world.intermediate));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckDer(Text(data, size));
  return 0;
}
