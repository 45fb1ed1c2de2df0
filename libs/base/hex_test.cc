// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/hex.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace keyward {
namespace {

using std::string_literals::operator""s;

TEST(HexTest, EncodesLowerCase) {
  EXPECT_EQ(HexEncode("\x00\xab\xff"s), "00abff");
  EXPECT_EQ(HexEncode(""), "");
}

TEST(HexTest, DecodesEitherCase) {
  EXPECT_EQ(HexDecode("00aBFf").value(), "\x00\xab\xff"s);
  EXPECT_EQ(HexDecode("").value(), "");
}

TEST(HexTest, RefusesAnOddNumberOfDigits) {
  EXPECT_EQ(HexDecode("abc").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(HexTest, RefusesOtherCharactersWithoutRepeatingThem) {
  const absl::Status status = HexDecode("0g").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "not a hexadecimal digit");
  EXPECT_EQ(HexDecode(" 0").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HexDecode("\0\0"s).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward
