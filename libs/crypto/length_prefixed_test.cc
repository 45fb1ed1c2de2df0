// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/length_prefixed.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

using std::string_literals::operator""s;

TEST(LengthPrefixedTest, PutsTheLengthBeforeEachPart) {
  EXPECT_EQ(LengthPrefixed().Add("ab").Add("").Add("c").bytes(),
            "\0\0\0\2ab\0\0\0\0\0\0\0\1c"s);
}

TEST(LengthPrefixedTest, NumbersAreEightBytes) {
  EXPECT_EQ(LengthPrefixed().AddNumber(0x0102030405060708).bytes(),
            "\0\0\0\x08\1\2\3\4\5\6\7\x08"s);
}

TEST(LengthPrefixedTest, P6_PartsCannotBeDividedOtherwise) {
  EXPECT_NE(LengthPrefixed().Add("ab").Add("c").bytes(),
            LengthPrefixed().Add("a").Add("bc").bytes());
  EXPECT_NE(LengthPrefixed().Add("").Add("a").bytes(),
            LengthPrefixed().Add("a").Add("").bytes());
  // A part that imitates the form is still one part.
  EXPECT_NE(LengthPrefixed().Add("a\0\0\0\1b"s).bytes(),
            LengthPrefixed().Add("a").Add("b").bytes());
}

TEST(LengthPrefixedTest, StartsEmpty) {
  EXPECT_EQ(LengthPrefixed().bytes(), "");
}

}  // namespace
}  // namespace keyward::crypto
