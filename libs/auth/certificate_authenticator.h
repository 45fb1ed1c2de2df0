// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_CERTIFICATE_AUTHENTICATOR_H_
#define KEYWARD_LIBS_AUTH_CERTIFICATE_AUTHENTICATOR_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/auth/credential.h"
#include "libs/auth/trust_bundles.h"
#include "libs/auth/workload_certificate.h"

namespace keyward::auth {

// Proves callers by X.509-SVIDs: certificates that carry one SPIFFE id and
// chain to the authorities of that id's trust domain.
//
// That the caller holds the certificate's key is proven by the TLS handshake
// before; here it is only read what the certificate is worth.
//
// Immutable; safe for concurrent use.
class CertificateAuthenticator {
 public:
  static constexpr size_t kMaxLeafBytes = kMaxWorkloadCertificateBytes;
  static constexpr size_t kMaxChainBytes = size_t{64} << 10;
  // Between leaf and authority. SPIRE's deepest usual chain has 3.
  static constexpr size_t kMaxIntermediates = 8;

  explicit CertificateAuthenticator(std::unique_ptr<TrustBundles> bundles)
      : bundles_(std::move(bundles)) {}

  // The workload that the certificate proves at `now`. `leaf_pem` is one PEM
  // certificate, `chain_pem` those that its holder sent besides, perhaps none.
  // The credential expires with the first certificate of the path from the leaf
  // to the authority: one whose issuer has ended proves nothing any more.
  //
  // UNAUTHENTICATED, with a reason that helps, for everything else:
  //  - a leaf that ReadWorkloadCertificate refuses;
  //  - a chain beyond the bounds or that is not of certificates;
  //  - an intermediate that carries a workload's id (SPIFFE's X.509-SVID
  //    standard, 4.2);
  //  - expired, not yet valid, or signed by authorities of another domain.
  absl::StatusOr<Credential> Authenticate(absl::string_view leaf_pem,
                                          absl::string_view chain_pem,
                                          absl::Time now) const;

  const TrustBundles& bundles() const { return *bundles_; }

 private:
  const std::unique_ptr<TrustBundles> bundles_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_CERTIFICATE_AUTHENTICATOR_H_
