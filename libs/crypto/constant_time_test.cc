// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/constant_time.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

using std::string_literals::operator""s;

TEST(ConstantTimeEqualsTest, IsTrueForTheSameBytes) {
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_TRUE(ConstantTimeEquals("a\0b"s, "a\0b"s));
}

TEST(ConstantTimeEqualsTest, IsFalseWhereverOneBitDiffers) {
  const std::string original(33, '\x5a');
  for (size_t i = 0; i < original.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = original;
      other[i] = static_cast<char>(other[i] ^ (1 << bit));
      EXPECT_FALSE(ConstantTimeEquals(original, other)) << i << " " << bit;
    }
  }
}

TEST(ConstantTimeEqualsTest, IsFalseForAPrefix) {
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
  EXPECT_FALSE(ConstantTimeEquals("", "a"));
  EXPECT_FALSE(ConstantTimeEquals("a\0"s, "a"));
}

}  // namespace
}  // namespace keyward::crypto
