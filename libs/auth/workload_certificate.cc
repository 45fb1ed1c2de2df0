// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/workload_certificate.h"

#include <utility>

#include "absl/status/status.h"

namespace keyward::auth {
namespace {

absl::Status Refuse(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

absl::StatusOr<SpiffeId> IdOf(const crypto::CertificateInfo& leaf) {
  if (leaf.uri_sans.empty()) return Refuse("it carries no SPIFFE id");
  if (leaf.uri_sans.size() > 1) {
    return Refuse("it carries more than one URI name");
  }
  return SpiffeId::Parse(leaf.uri_sans[0]);
}

// What signs is no workload, and what is no workload's must not speak for one.
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

}  // namespace

absl::StatusOr<WorkloadCertificate> ReadWorkloadCertificate(
    absl::string_view pem) {
  if (pem.size() > kMaxWorkloadCertificateBytes) return Refuse("too long");
  auto certificates = crypto::ParseCertificatesPem(pem);
  if (!certificates.ok()) return Refuse(certificates.status().message());
  if (certificates->size() != 1) return Refuse("more than one");
  crypto::CertificateInfo& leaf = (*certificates)[0];
  absl::StatusOr<SpiffeId> id = IdOf(leaf);
  if (!id.ok()) return id.status();
  const absl::Status usage = CheckUsage(leaf);
  if (!usage.ok()) return usage;
  return WorkloadCertificate{*std::move(id), std::move(leaf)};
}

}  // namespace keyward::auth
