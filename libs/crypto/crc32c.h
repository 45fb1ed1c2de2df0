// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_CRC32C_H_
#define KEYWARD_LIBS_CRYPTO_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace keyward::crypto {

// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `bytes`: finds accidental
// damage, and nobody's intent. The checksum of a short secret is the secret
// (anyone can compute all of them), so it lies inside what is sealed and is
// never logged. Uses the processor's instruction where there is one. Safe for
// concurrent use.
uint32_t Crc32c(absl::string_view bytes);

// The same without the processor's instruction. Slower; for comparison.
uint32_t Crc32cPortable(absl::string_view bytes);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_CRC32C_H_
