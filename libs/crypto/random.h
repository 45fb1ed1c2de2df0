// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_RANDOM_H_
#define KEYWARD_LIBS_CRYPTO_RANDOM_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// Random bytes that nobody can predict. Passed to whoever makes keys, nonces
// and identifiers, so that tests can choose them; production has one
// implementation. Implementations are safe for concurrent use.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  // Fills `out`. An error (INTERNAL) leaves it unspecified, and nothing may be
  // made of it: a nonce or a key from a failed generator repeats.
  virtual absl::Status Fill(absl::Span<char> out) = 0;
};

// OpenSSL's private generator of the thread (NIST SP 800-90A CTR_DRBG with
// AES-256, seeded by the system and reseeded after a fork).
class SystemRandom final : public RandomSource {
 public:
  absl::Status Fill(absl::Span<char> out) override;
};

// `size` random bytes for a key. Errors of `random`; sizes as SecretBuffer.
absl::StatusOr<SecretBuffer> RandomKey(size_t size, RandomSource& random);

// A version 4 UUID (RFC 4122: 122 random bits) in its canonical form of 36
// lower-case characters. Errors of `random`.
absl::StatusOr<std::string> NewUuid(RandomSource& random);

// The longest password that RandomPassword makes.
inline constexpr size_t kMaxPasswordLength = 4096;

// The alphabet for passwords that nobody asked otherwise for: 64 characters,
// so that each is worth 6 bits, and none of them means anything to a shell, in
// a URL or in a connection string.
inline constexpr absl::string_view kPasswordAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// `length` characters of `alphabet`, each independent and equally likely
// (bytes that would favour the alphabet's first characters are thrown away).
// INVALID_ARGUMENT unless 1 <= length <= kMaxPasswordLength and the alphabet
// has 2 to 256 different bytes; errors of `random`; INTERNAL if `random`
// gives so few usable bytes that it must be broken.
absl::StatusOr<SecretBuffer> RandomPassword(size_t length,
                                            absl::string_view alphabet,
                                            RandomSource& random);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_RANDOM_H_
