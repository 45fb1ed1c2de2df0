// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_AEAD_H_
#define KEYWARD_LIBS_CRYPTO_AEAD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// Authenticated encryption with associated data: AES-256-GCM (NIST SP
// 800-38D). A sealed box is
//
//   nonce (12 bytes) || ciphertext (as long as the plaintext) || tag (16)
//
// It carries no version and names no key; the record around it does (see
// FORMAT.md). Safe for concurrent use, and cheap for short secrets: a thread
// reuses its cipher context.
//
// Why a random nonce is safe here: a nonce of GCM must never repeat under one
// key. A data key seals one payload in its life, so nothing can repeat. A key
// that wraps other keys seals once for each of them; SP 800-38D, section 8.3,
// allows 2^32 random nonces for one key, which leaves a chance of a repetition
// below 2^-32. Nothing here can count (there is no state), so whoever keeps
// such a key counts: it must make a new version of the key before
// kMaxSealsPerKey, and counts across restarts.

inline constexpr size_t kAeadKeySize = 32;
inline constexpr size_t kAeadNonceSize = 12;
inline constexpr size_t kAeadTagSize = 16;
// What sealing adds to the length.
inline constexpr size_t kAeadOverhead = kAeadNonceSize + kAeadTagSize;

// The longest plaintext: 16 times the longest payload (64 KiB), and no more
// than a value in the store can be.
inline constexpr size_t kMaxAeadPlaintext = size_t{1} << 20;

// The longest associated data: several full resource names and more.
inline constexpr size_t kMaxAeadAssociatedData = size_t{16} << 10;

// How many times one key may seal in its life.
inline constexpr uint64_t kMaxSealsPerKey = uint64_t{1} << 32;

// Seals `plaintext`: only who has `key` can read it, and it opens only with
// the same `associated_data`, which says what the plaintext is and where it
// belongs, so that a box cannot be moved to another place (build it with
// LengthPrefixed). Empty associated data is INVALID_ARGUMENT: a box that
// belongs nowhere opens everywhere. INVALID_ARGUMENT also for a key that has
// not kAeadKeySize bytes and for lengths above the bounds; errors of `random`;
// INTERNAL if OpenSSL fails. The length of the plaintext is not hidden.
absl::StatusOr<std::string> AeadSeal(const SecretBuffer& key,
                                     absl::string_view associated_data,
                                     absl::string_view plaintext,
                                     RandomSource& random);

// Opens a sealed box. DATA_LOSS if it was not sealed with this key and
// associated data, or if any bit of it has changed; the error does not say
// which, and no part of the plaintext is given out. INVALID_ARGUMENT and
// INTERNAL as above.
absl::StatusOr<SecretBuffer> AeadOpen(const SecretBuffer& key,
                                      absl::string_view associated_data,
                                      absl::string_view sealed);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_AEAD_H_
