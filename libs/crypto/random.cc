// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// RAND_priv_bytes takes an int.
constexpr size_t kMostBytesAtOnce = size_t{1} << 20;

bool HasDuplicates(absl::string_view alphabet) {
  std::bitset<256> seen;
  for (const char c : alphabet) {
    const auto byte = static_cast<uint8_t>(c);
    if (seen.test(byte)) return true;
    seen.set(byte);
  }
  return false;
}

}  // namespace

absl::Status SystemRandom::Fill(absl::Span<char> out) {
  while (!out.empty()) {
    const size_t n = std::min(out.size(), kMostBytesAtOnce);
    if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(out.data()),
                        static_cast<int>(n)) != 1) {
      return OpensslError(absl::StatusCode::kInternal,
                          "the random generator failed");
    }
    out.remove_prefix(n);
  }
  return absl::OkStatus();
}

absl::StatusOr<SecretBuffer> RandomKey(size_t size, RandomSource& random) {
  SecretBuffer key(size);
  if (absl::Status s = random.Fill(key.MutableSecret()); !s.ok()) return s;
  return key;
}

absl::StatusOr<std::string> NewUuid(RandomSource& random) {
  char bytes[16];
  if (absl::Status s = random.Fill(absl::MakeSpan(bytes)); !s.ok()) return s;
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);  // Version 4.
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);  // RFC 4122.
  const std::string hex =
      absl::BytesToHexString(absl::string_view(bytes, sizeof(bytes)));
  const absl::string_view h = hex;
  return absl::StrCat(h.substr(0, 8), "-", h.substr(8, 4), "-", h.substr(12, 4),
                      "-", h.substr(16, 4), "-", h.substr(20));
}

absl::StatusOr<SecretBuffer> RandomPassword(size_t length,
                                            absl::string_view alphabet,
                                            RandomSource& random) {
  if (length < 1 || length > kMaxPasswordLength) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the length of a password must be 1 to ", kMaxPasswordLength));
  }
  if (alphabet.size() < 2 || alphabet.size() > 256 || HasDuplicates(alphabet)) {
    return absl::InvalidArgumentError(
        "the alphabet of a password must have 2 to 256 different bytes");
  }
  // The largest multiple of the alphabet's size that a byte can hold: bytes
  // from there on would make its first characters more likely.
  const size_t usable = 256 - 256 % alphabet.size();
  SecretBuffer password(length);
  SecretBuffer bytes(64);
  size_t made = 0;
  // At least half of all bytes are usable, so each round gives 32 characters
  // on average; that 64 rounds give less than one happens to no working
  // generator.
  for (size_t round = 0; made < length && round < 64 + length; ++round) {
    absl::Status filled = random.Fill(bytes.MutableSecret());
    if (!filled.ok()) return filled;
    for (const char c : bytes.ExposeSecret()) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte >= usable || made == length) continue;
      password.MutableSecret()[made++] = alphabet[byte % alphabet.size()];
    }
  }
  if (made < length) {
    return absl::InternalError("the random generator repeats itself");
  }
  return password;
}

}  // namespace keyward::crypto
