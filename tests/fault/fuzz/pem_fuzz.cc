// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// PEM text: bundles that an operator configures, chains of peers, and the
// payload of a TLS_CERTIFICATE, which holds a private key.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "libs/auth/trust_bundles.h"
#include "libs/crypto/x509.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "services/store/new_value.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

void CheckCertificates(absl::string_view pem) {
  const auto all = crypto::ParseCertificatesPem(pem);
  const auto first = crypto::ParseCertificatePem(pem);
  const absl::Status bundle = auth::CheckTrustBundle(pem);
  if (!all.ok()) {
    FUZZ_CHECK(!bundle.ok());
    FUZZ_CHECK(!absl::StrContains(all.status().message(), kCanary));
    FUZZ_CHECK(!absl::StrContains(bundle.message(), kCanary));
    return;
  }
  FUZZ_CHECK(!all->empty() && first.ok());
  FUZZ_CHECK(first->sha256 == all->front().sha256);
  if (bundle.ok()) {
    FUZZ_CHECK(all->size() <= auth::TrustBundles::kMaxAuthorities);
    for (const crypto::CertificateInfo& certificate : *all) {
      FUZZ_CHECK(certificate.is_ca && certificate.allows_certificate_signing);
    }
  }
}

void CheckPayload(absl::string_view pem) {
  const auto leaf = crypto::CheckTlsCertificatePayload(pem);
  if (leaf.ok()) {
    FUZZ_CHECK(!leaf->is_ca);
    FUZZ_CHECK(absl::StrContains(pem, "PRIVATE KEY-----"));
    // The same text is no chain, nor a key by itself.
    FUZZ_CHECK(!crypto::ParseCertificatesPem(pem).ok());
  } else {
    FUZZ_CHECK(absl::IsInvalidArgument(leaf.status()));
    FUZZ_CHECK(!absl::StrContains(leaf.status().message(), kCanary));
  }
  keyward::secrets::v1::SecretPayload payload;
  payload.set_data(std::string(pem));
  const auto value = store::NewValue::FromPayload(payload);
  if (!value.ok()) return;
  const auto end =
      value->CheckType(keyward::secrets::v1::SECRET_TYPE_TLS_CERTIFICATE);
  FUZZ_CHECK(end.ok() == leaf.ok());
  if (end.ok()) FUZZ_CHECK(*end == leaf->not_after);
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckCertificates(Text(data, size));
  CheckPayload(Text(data, size));
  return 0;
}
