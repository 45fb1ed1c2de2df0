// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_ED25519_H_
#define KEYWARD_LIBS_CRYPTO_ED25519_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// Ed25519 signatures (RFC 8032, pure), as the audit log's checkpoints carry
// them. Deterministic: signing needs no random number that could be bad.

inline constexpr size_t kEd25519SeedSize = 32;
inline constexpr size_t kEd25519PublicKeySize = 32;
inline constexpr size_t kEd25519SignatureSize = 64;

// A private key in use. What is stored is its seed, wrapped by a Seal; the
// copy inside is in OpenSSL's memory, which OpenSSL wipes. Safe for concurrent
// use.
class Ed25519Signer {
 public:
  // The signer of a 32-byte seed (RFC 8032's private key), which stays the
  // caller's. INVALID_ARGUMENT for another size; INTERNAL if OpenSSL fails.
  static absl::StatusOr<std::unique_ptr<Ed25519Signer>> FromSeed(
      const SecretBuffer& seed);

  Ed25519Signer(const Ed25519Signer&) = delete;
  Ed25519Signer& operator=(const Ed25519Signer&) = delete;
  ~Ed25519Signer();

  // The 64-byte signature of `message`; INTERNAL if OpenSSL fails.
  absl::StatusOr<std::string> Sign(absl::string_view message) const;

  // The 32 bytes that verify it.
  const std::string& public_key() const { return public_key_; }

 private:
  class Key;

  Ed25519Signer(std::unique_ptr<Key> key, std::string public_key);

  std::unique_ptr<Key> key_;
  std::string public_key_;
};

// A new seed. Errors of `random`.
absl::StatusOr<SecretBuffer> NewEd25519Seed(RandomSource& random);

// OK if `signature` is that of `message` by the owner of `public_key`.
// UNAUTHENTICATED if not, whatever its size; INVALID_ARGUMENT if the key has
// not 32 bytes. Safe for concurrent use.
absl::Status VerifyEd25519(absl::string_view public_key,
                           absl::string_view message,
                           absl::string_view signature);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_ED25519_H_
