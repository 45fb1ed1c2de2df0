// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_SIGNING_KEY_FOR_TESTING_H_
#define KEYWARD_LIBS_AUTH_SIGNING_KEY_FOR_TESTING_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace keyward::auth {

// An issuer's private key, made in the test, and the tokens it signs, honest
// ones and others. Any failure of the library ends the test.
class SigningKeyForTesting {
 public:
  // More members of the token's header: name and JSON value, which must be a
  // string, a list or an object.
  using Header = std::vector<std::pair<std::string, std::string>>;

  // A new RSA key. The kid may be empty: then it has none.
  static SigningKeyForTesting Rsa(const std::string& kid, size_t bits = 2048);
  // A new key on "P-256", "P-384" or "P-521".
  static SigningKeyForTesting Ec(const std::string& kid,
                                 absl::string_view curve);
  // A symmetric key of those bytes.
  static SigningKeyForTesting Symmetric(const std::string& kid,
                                        absl::string_view bytes);

  ~SigningKeyForTesting();
  SigningKeyForTesting(SigningKeyForTesting&&) noexcept;

  // Its JWK, without and with the private part.
  std::string PublicJwk() const;
  std::string PrivateJwk() const;

  // A token over `claims` (JSON). The header has alg, the key's kid and
  // `header`, which wins over both.
  std::string Sign(absl::string_view alg, absl::string_view claims,
                   const Header& header = {}) const;

 private:
  struct Impl;
  explicit SigningKeyForTesting(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// {"keys": [...]} of JWKs.
std::string JwksForTesting(const std::vector<std::string>& jwks);

// HEADER.PAYLOAD.SIGNATURE of parts that need not fit each other.
std::string TokenForTesting(absl::string_view header, absl::string_view claims,
                            absl::string_view signature);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_SIGNING_KEY_FOR_TESTING_H_
