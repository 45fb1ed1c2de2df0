// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_HMAC_H_
#define KEYWARD_LIBS_CRYPTO_HMAC_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {

// HMAC-SHA256 (RFC 2104, FIPS 198-1): proof that whoever made `mac` knew the
// key. Safe for concurrent use.

// A key shorter than 128 bits can be searched for; 32 bytes are usual.
inline constexpr size_t kMinHmacKeySize = 16;

// The MAC of `message`. INVALID_ARGUMENT if the key is shorter than
// kMinHmacKeySize; INTERNAL if OpenSSL fails.
absl::StatusOr<Sha256Digest> HmacSha256(const SecretBuffer& key,
                                        absl::string_view message);

// OK if `mac` is the MAC of `message`, compared in constant time;
// UNAUTHENTICATED if not, whatever its length (a truncated MAC is none);
// errors as above.
absl::Status VerifyHmacSha256(const SecretBuffer& key,
                              absl::string_view message, absl::string_view mac);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_HMAC_H_
