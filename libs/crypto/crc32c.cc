// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/crc32c.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "boost/crc.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace keyward::crypto {
namespace {

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(
    absl::string_view bytes) {
  uint64_t crc = 0xffffffff;
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc = _mm_crc32_u64(crc, word);
    bytes.remove_prefix(sizeof(word));
  }
  auto rest = static_cast<uint32_t>(crc);
  for (const char byte : bytes) {
    rest = _mm_crc32_u8(rest, static_cast<uint8_t>(byte));
  }
  return rest ^ 0xffffffff;
}
#endif

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
#if defined(__x86_64__)
  static const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
  if (kHasInstruction) return Crc32cSse42(bytes);
#endif
  return Crc32cPortable(bytes);
}

uint32_t Crc32cPortable(absl::string_view bytes) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff,
                     /*ReflectIn=*/true, /*ReflectRem=*/true>
      crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

}  // namespace keyward::crypto
