// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_SHA1_H_
#define KEYWARD_LIBS_CRYPTO_SHA1_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

inline constexpr size_t kSha1Size = 20;

// The 20 bytes of SHA-1 (FIPS 180-4) of a secret, for systems of others that
// keep passwords so. Nothing of Keyward's own may rest on it: two texts with
// the same digest can be made. The process ends where OpenSSL cannot hash. Safe
// for concurrent use.
SecretBuffer Sha1OfSecret(absl::string_view secret);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_SHA1_H_
