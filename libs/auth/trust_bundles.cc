// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/trust_bundles.h"

#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/auth/spiffe_id.h"
#include "libs/crypto/x509.h"

namespace keyward::auth {
namespace {

absl::Status Invalid(const TrustDomain& domain, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(
      "trust domain \"", absl::CEscape(domain.name), "\": ", rule));
}

absl::Status CheckAuthority(const crypto::CertificateInfo& certificate) {
  if (!certificate.is_ca) {
    return absl::InvalidArgumentError("is not an authority's (CA:FALSE)");
  }
  if (!certificate.allows_certificate_signing) {
    return absl::InvalidArgumentError("may not sign (no keyCertSign)");
  }
  return absl::OkStatus();
}

absl::Status CheckDomain(const TrustDomain& domain) {
  absl::Status status = CheckTrustDomain(domain.name);
  if (status.ok()) status = CheckTrustBundle(domain.bundle_pem);
  return status.ok() ? status : Invalid(domain, status.message());
}

}  // namespace

absl::Status CheckTrustBundle(absl::string_view bundle_pem) {
  if (bundle_pem.size() > TrustBundles::kMaxBundleBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the bundle is larger than ", TrustBundles::kMaxBundleBytes, " bytes"));
  }
  auto authorities = crypto::ParseCertificatesPem(bundle_pem);
  if (!authorities.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the bundle: ", authorities.status().message()));
  }
  if (authorities->size() > TrustBundles::kMaxAuthorities) {
    return absl::InvalidArgumentError(
        absl::StrCat("the bundle has more than ", TrustBundles::kMaxAuthorities,
                     " certificates"));
  }
  for (size_t i = 0; i < authorities->size(); ++i) {
    const absl::Status status = CheckAuthority((*authorities)[i]);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "certificate ", i + 1, " of the bundle ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TrustBundles>> TrustBundles::Create(
    std::vector<TrustDomain> domains) {
  if (domains.size() > kMaxDomains) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxDomains, " trust domains"));
  }
  std::set<absl::string_view> names;
  for (const TrustDomain& domain : domains) {
    absl::Status status = CheckDomain(domain);
    if (!status.ok()) return status;
    if (!names.insert(domain.name).second) {
      return Invalid(domain, "it is configured twice");
    }
  }
  return std::unique_ptr<TrustBundles>(new TrustBundles(std::move(domains)));
}

absl::StatusOr<absl::Time> TrustBundles::Verify(absl::string_view trust_domain,
                                                absl::string_view chain_pem,
                                                absl::Time now) const {
  for (const TrustDomain& domain : domains_) {
    if (domain.name != trust_domain) continue;
    return crypto::VerifyClientChain(chain_pem, domain.bundle_pem, now);
  }
  return absl::UnauthenticatedError("its trust domain is not configured here");
}

std::string TrustBundles::AllPem() const {
  std::string all;
  for (const TrustDomain& domain : domains_) {
    absl::StrAppend(&all, domain.bundle_pem);
    // Two PEM blocks on one line would be none.
    if (!absl::EndsWith(all, "\n")) all += '\n';
  }
  return all;
}

}  // namespace keyward::auth
