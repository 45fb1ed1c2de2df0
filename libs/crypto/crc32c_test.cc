// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/crc32c.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

TEST(Crc32cTest, MatchesRfc3720) {
  std::string up;
  std::string down;
  for (int i = 0; i < 32; ++i) {
    up.push_back(static_cast<char>(i));
    down.push_back(static_cast<char>(31 - i));
  }
  for (auto* crc : {&Crc32c, &Crc32cPortable}) {
    EXPECT_EQ(crc(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc(up), 0x46dd794eu);
    EXPECT_EQ(crc(down), 0x113fdb5cu);
    EXPECT_EQ(crc("123456789"), 0xe3069283u);
    EXPECT_EQ(crc(""), 0u);
  }
}

TEST(Crc32cTest, InstructionAndPortableAgreeAtEveryLengthAndAlignment) {
  std::string bytes(100, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 37 + 11);
  }
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; begin + size <= bytes.size(); ++size) {
      const absl::string_view part =
          absl::string_view(bytes).substr(begin, size);
      EXPECT_EQ(Crc32c(part), Crc32cPortable(part));
    }
  }
}

TEST(Crc32cTest, NoticesEveryFlippedBit) {
  const std::string bytes = "payload of a secret";
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(Crc32c(damaged), Crc32c(bytes));
  }
}

}  // namespace
}  // namespace keyward::crypto
