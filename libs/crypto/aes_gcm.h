// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_AES_GCM_H_
#define KEYWARD_LIBS_CRYPTO_AES_GCM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// The bare AES-256-GCM of NIST SP 800-38D, for aead.h alone: here the caller
// chooses the nonce, and one that repeats under a key reveals the XOR of both
// plaintexts and lets anyone forge.
//
// Both functions reuse one cipher context for each thread: setting one up
// takes several times as long as sealing a short secret. After each call the
// context's key schedule is overwritten with that of the zero key, so that no
// key of a caller stays in memory that nobody would wipe. Safe for concurrent
// use.

inline constexpr size_t kAesGcmKeySize = 32;
inline constexpr size_t kAesGcmNonceSize = 12;
inline constexpr size_t kAesGcmTagSize = 16;

// Encrypts `plaintext` and writes the ciphertext and the tag to `out`, whose
// size is the plaintext's and kAesGcmTagSize. INVALID_ARGUMENT for other
// sizes; INTERNAL if OpenSSL fails.
absl::Status AesGcmEncrypt(const SecretBuffer& key, absl::string_view nonce,
                           absl::string_view associated_data,
                           absl::string_view plaintext, absl::Span<char> out);

// Decrypts `sealed`, ciphertext and tag, to `out`, whose size is that of
// `sealed` without the tag. DATA_LOSS unless key, nonce, associated data and
// every bit of `sealed` are those of one encryption; `out` then holds what
// must not be used and is the caller's to wipe. Other errors as above.
absl::Status AesGcmDecrypt(const SecretBuffer& key, absl::string_view nonce,
                           absl::string_view associated_data,
                           absl::string_view sealed, absl::Span<char> out);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_AES_GCM_H_
