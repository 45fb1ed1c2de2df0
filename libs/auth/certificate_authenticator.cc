// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/certificate_authenticator.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/principal.h"
#include "libs/auth/spiffe_id.h"
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

// The one certificate of `pem`.
absl::StatusOr<crypto::CertificateInfo> ParseLeaf(absl::string_view pem) {
  if (pem.size() > CertificateAuthenticator::kMaxLeafBytes) {
    return Refuse("too long");
  }
  auto certificates = crypto::ParseCertificatesPem(pem);
  if (!certificates.ok()) return Refuse(certificates.status().message());
  if (certificates->size() != 1) return Refuse("more than one");
  return (*certificates)[0];
}

// SPIFFE's X.509-SVID standard, 2: more than one URI name is an error even if
// only one of them is a SPIFFE id, because readers differ in which they take.
absl::StatusOr<SpiffeId> IdOf(const crypto::CertificateInfo& leaf) {
  if (leaf.uri_sans.empty()) return Refuse("it carries no SPIFFE id");
  if (leaf.uri_sans.size() > 1) {
    return Refuse("it carries more than one URI name");
  }
  absl::StatusOr<SpiffeId> id = SpiffeId::Parse(leaf.uri_sans[0]);
  if (!id.ok()) return Refuse(id.status().message());
  return id;
}

// The same standard, 4: what signs is no workload, and what is no workload's
// must not speak for one.
absl::Status CheckUsage(const crypto::CertificateInfo& leaf) {
  if (leaf.is_ca) return Refuse("it is an authority's, not a workload's");
  if (!leaf.has_key_usage || !leaf.allows_digital_signature) {
    return Refuse("its key usage lacks digitalSignature");
  }
  if (leaf.allows_certificate_signing || leaf.allows_crl_signing) {
    return Refuse("its key usage allows signing, as a workload's must not");
  }
  if (!leaf.allows_server_auth || !leaf.allows_client_auth) {
    return Refuse(
        "its extended key usage must have both serverAuth and clientAuth");
  }
  return absl::OkStatus();
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
  absl::StatusOr<crypto::CertificateInfo> leaf = ParseLeaf(leaf_pem);
  if (!leaf.ok()) return leaf.status();
  absl::StatusOr<SpiffeId> id = IdOf(*leaf);
  if (!id.ok()) return id.status();
  absl::Status status = CheckUsage(*leaf);
  if (status.ok()) status = CheckIntermediates(chain_pem);
  if (!status.ok()) return status;
  const absl::StatusOr<absl::Time> end = bundles_->Verify(
      id->trust_domain(), absl::StrCat(leaf_pem, "\n", chain_pem), now);
  if (!end.ok()) return Refuse(end.status().message());
  // OpenSSL takes a certificate for expired from its last second on, and the
  // credential ends where verifying again would refuse it.
  return Credential(
      CredentialMint(), Principal::Spiffe(*id),
      AuthenticationMethod::kMutualTls,
      absl::StrCat("certificate:", HexEncode(crypto::AsBytes(leaf->sha256))),
      *end);
}

}  // namespace keyward::auth
