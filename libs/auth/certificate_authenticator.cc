// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/certificate_authenticator.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/principal.h"
#include "libs/auth/spiffe_id.h"
#include "libs/auth/workload_certificate.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/hex.h"
#include "libs/crypto/x509.h"

namespace keyward::auth {
namespace {

absl::Status Refuse(absl::string_view reason) {
  return MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                   absl::StrCat("certificate: ", reason));
}

absl::Status CheckIntermediates(absl::string_view chain_pem) {
  if (chain_pem.empty()) return absl::OkStatus();
  if (chain_pem.size() > CertificateAuthenticator::kMaxChainBytes) {
    return Refuse("its chain is too long");
  }
  auto certificates = crypto::ParseCertificatesPem(chain_pem);
  if (!certificates.ok()) {
    return Refuse(absl::StrCat("its chain: ", certificates.status().message()));
  }
  if (certificates->size() > CertificateAuthenticator::kMaxIntermediates) {
    return Refuse("its chain is too long");
  }
  for (const crypto::CertificateInfo& certificate : *certificates) {
    for (const std::string& uri : certificate.uri_sans) {
      if (SpiffeId::Parse(uri).ok()) {
        return Refuse("an intermediate of its chain carries a workload's id");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credential> CertificateAuthenticator::Authenticate(
    absl::string_view leaf_pem, absl::string_view chain_pem,
    absl::Time now) const {
  absl::StatusOr<WorkloadCertificate> leaf = ReadWorkloadCertificate(leaf_pem);
  if (!leaf.ok()) return Refuse(leaf.status().message());
  absl::Status status = CheckIntermediates(chain_pem);
  if (!status.ok()) return status;
  const absl::StatusOr<absl::Time> end = bundles_->Verify(
      leaf->id.trust_domain(), absl::StrCat(leaf_pem, "\n", chain_pem), now);
  if (!end.ok()) return Refuse(end.status().message());
  // OpenSSL takes a certificate for expired from its last second on, and the
  // credential ends where verifying again would refuse it.
  return Credential(CredentialMint(), Principal::Spiffe(leaf->id),
                    AuthenticationMethod::kMutualTls,
                    absl::StrCat("certificate:",
                                 HexEncode(crypto::AsBytes(leaf->info.sha256))),
                    *end);
}

}  // namespace keyward::auth
