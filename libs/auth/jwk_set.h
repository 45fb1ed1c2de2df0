// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_JWK_SET_H_
#define KEYWARD_LIBS_AUTH_JWK_SET_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/auth/jws_algorithm.h"
#include "libs/auth/jwt.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {

// The public keys of one issuer (RFC 7517). Immutable; safe for concurrent use.
class JwkSet {
 public:
  static constexpr size_t kMaxBytes = size_t{256} << 10;
  static constexpr size_t kMaxKeys = 64;
  // Shorter moduli are within reach of large budgets (NIST SP 800-57).
  static constexpr size_t kMinRsaBits = 2048;
  // Each verification costs the square of the length.
  static constexpr size_t kMaxRsaBits = 8192;

  // Parses a JWK Set document.
  //
  // Keys that are not for verifying signatures of a JwsAlgorithm are left out,
  // as RFC 7517 asks: another kty (OKP), another use than sig, key_ops without
  // verify, an alg of another kind. INVALID_ARGUMENT, naming the key by its
  // place in the list, for what a public key set must never hold or what
  // nobody can mean: a symmetric (oct) or private key; RSA of less than 2048
  // or more than 8192 bits, or an exponent that is even, below 65537 or above
  // 2^32 (with the exponent 1 every message is its own signature); a point that
  // is not on its curve; two keys of one kid; a key without kid beside others;
  // no key that can be used; JSON that is not strict, or beyond the bounds.
  //
  // Pure: safe on hostile bytes.
  static absl::StatusOr<std::unique_ptr<JwkSet>> Parse(absl::string_view json);

  ~JwkSet();
  JwkSet(const JwkSet&) = delete;
  JwkSet& operator=(const JwkSet&) = delete;

  size_t size() const { return keys_.size(); }

  // Checks the signature of `token`, which ParseJwt took apart as `jwt`, with
  // the key that its kid names, or with the only key if it has no kid. The
  // key's thumbprint (RFC 7638, SHA-256).
  //
  // INVALID_ARGUMENT if there is no such key, if the key is not for this
  // algorithm (its alg, its type, its curve), or if the signature is wrong.
  absl::StatusOr<crypto::Sha256Digest> Verify(absl::string_view token,
                                              const UnverifiedJwt& jwt) const;

  // Whether Verify would still accept a token of that header that the key of
  // `thumbprint` has signed. A signature does not change, so for a token that
  // was verified before this says what verifying it again would.
  // INVALID_ARGUMENT as above.
  absl::Status CheckKey(JwsAlgorithm algorithm,
                        const absl::optional<std::string>& key_id,
                        const crypto::Sha256Digest& thumbprint) const;

 private:
  struct Key;

  explicit JwkSet(std::vector<std::unique_ptr<Key>> keys);

  absl::StatusOr<const Key*> Find(
      JwsAlgorithm algorithm, const absl::optional<std::string>& key_id) const;

  const std::vector<std::unique_ptr<Key>> keys_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_JWK_SET_H_
