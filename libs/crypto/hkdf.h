// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_HKDF_H_
#define KEYWARD_LIBS_CRYPTO_HKDF_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// The most that HKDF-SHA256 gives from one key and info: 255 digests.
inline constexpr size_t kMaxHkdfOutput = size_t{255} * 32;

// HKDF-SHA256 (RFC 5869), extract and expand: `size` bytes from a key that is
// secret enough already. Different `info` give independent keys: knowing one
// says nothing of another or of `key`. `salt` is public and may be empty.
// Not for passwords, which need a slow function.
//
// INVALID_ARGUMENT if the key is empty or `size` is 0 or above
// kMaxHkdfOutput; INTERNAL if OpenSSL fails. Safe for concurrent use.
absl::StatusOr<SecretBuffer> HkdfSha256(const SecretBuffer& key,
                                        absl::string_view salt,
                                        absl::string_view info, size_t size);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_HKDF_H_
