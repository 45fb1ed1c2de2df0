// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_TRUST_BUNDLES_H_
#define KEYWARD_LIBS_AUTH_TRUST_BUNDLES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::auth {

// A trust domain with the certificates of its authorities.
struct TrustDomain {
  // Its SPIFFE name, without a scheme.
  std::string name;
  // PEM certificates, 1 to 64, 1 MiB at most.
  std::string bundle_pem;
};

// OK if `bundle_pem` can be a trust domain's bundle: 1 to
// TrustBundles::kMaxAuthorities PEM certificates, each of an authority (cA, and
// keyCertSign if it has a key usage), of kMaxBundleBytes at most.
// INVALID_ARGUMENT with the rule otherwise. Whoever joins bundles checks each
// by itself first: in the pile one that is empty or cut would go unnoticed, and
// all callers of its domain would be locked out.
absl::Status CheckTrustBundle(absl::string_view bundle_pem);

// The authorities of each trust domain, which speak for it and for no other.
//
// A TLS library is given all authorities in one pile and asks whether any of
// them signed. With two domains that is not enough: the authority of one, once
// compromised, could issue identities of the other. So a chain is verified here
// a second time, against the bundle of the domain that its leaf claims.
//
// Immutable; safe for concurrent use.
class TrustBundles {
 public:
  static constexpr size_t kMaxDomains = 32;
  static constexpr size_t kMaxBundleBytes = size_t{1} << 20;
  static constexpr size_t kMaxAuthorities = 64;

  // INVALID_ARGUMENT, naming the domain and the rule, for: two domains of one
  // name; a name that is none; a bundle that CheckTrustBundle refuses. No
  // domains is valid, and verifies nothing. An expired authority is no error:
  // it verifies nothing, and a bundle may hold one while it is being replaced.
  static absl::StatusOr<std::unique_ptr<TrustBundles>> Create(
      std::vector<TrustDomain> domains);

  TrustBundles(const TrustBundles&) = delete;
  TrustBundles& operator=(const TrustBundles&) = delete;

  // Whether the first certificate of `chain_pem` chains at `now` to an
  // authority of `trust_domain`, by way of the others in any order (RFC 5280,
  // 6; see crypto::VerifyClientChain), with the moment at which that path ends.
  // UNAUTHENTICATED if not, or if there is no such domain; INVALID_ARGUMENT if
  // the text does not parse.
  absl::StatusOr<absl::Time> Verify(absl::string_view trust_domain,
                                    absl::string_view chain_pem,
                                    absl::Time now) const;

  // All authorities of all domains as one PEM text, for the TLS handshake.
  std::string AllPem() const;

 private:
  explicit TrustBundles(std::vector<TrustDomain> domains)
      : domains_(std::move(domains)) {}

  const std::vector<TrustDomain> domains_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_TRUST_BUNDLES_H_
