// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/hkdf.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// The bytes from `first` to `last`, each one more than the one before.
std::string Range(int first, int last) {
  std::string bytes;
  for (int i = first; i <= last; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

std::string HexOf(const std::string& key, const std::string& salt,
                  const std::string& info, size_t size) {
  return HexEncode(
      HkdfSha256(SecretBuffer::CopyOf(key), salt, info, size)->ExposeSecret());
}

TEST(HkdfSha256Test, MatchesRfc5869Case1) {
  EXPECT_EQ(
      HexOf(std::string(22, '\x0b'), Range(0x00, 0x0c), Range(0xf0, 0xf9), 42),
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865");
}

TEST(HkdfSha256Test, MatchesRfc5869Case2WithLongInputs) {
  EXPECT_EQ(HexOf(Range(0x00, 0x4f), Range(0x60, 0xaf), Range(0xb0, 0xff), 82),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(HkdfSha256Test, MatchesRfc5869Case3WithoutSaltAndInfo) {
  EXPECT_EQ(HexOf(std::string(22, '\x0b'), "", "", 42),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
            "9d201395faa4b61a96c8");
}

TEST(HkdfSha256Test, EveryInputChangesTheKey) {
  const std::set<std::string> keys = {
      HexOf("k", "s", "i", 32), HexOf("l", "s", "i", 32),
      HexOf("k", "t", "i", 32), HexOf("k", "s", "j", 32),
      HexOf("k", "", "i", 32),  HexOf("k", "s", "", 32)};
  EXPECT_EQ(keys.size(), 6u);
}

TEST(HkdfSha256Test, AShorterKeyIsAPrefix) {
  EXPECT_EQ(HexOf("k", "s", "i", 64).substr(0, 64), HexOf("k", "s", "i", 32));
}

TEST(HkdfSha256Test, RefusesAnEmptyKeyAndSizesOutOfBounds) {
  const SecretBuffer key = SecretBuffer::CopyOf("k");
  EXPECT_EQ(HkdfSha256(SecretBuffer(), "s", "i", 32).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HkdfSha256(key, "s", "i", 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HkdfSha256(key, "s", "i", kMaxHkdfOutput + 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HkdfSha256(key, "s", "i", kMaxHkdfOutput)->size(), kMaxHkdfOutput);
}

}  // namespace
}  // namespace keyward::crypto
