// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/byte_order.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace keyward {
namespace {

using std::string_literals::operator""s;

TEST(ByteOrderTest, PutsTheMostSignificantByteFirst) {
  std::string out = "x";
  PutBigEndian16(&out, 0x0102);
  PutBigEndian32(&out, 0x03040506);
  PutBigEndian64(&out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(out, "x\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");
}

TEST(ByteOrderTest, KeysSortAsTheirNumbers) {
  EXPECT_LT(BigEndian64(1), BigEndian64(255));
  EXPECT_LT(BigEndian64(255), BigEndian64(256));
  EXPECT_LT(BigEndian64(INT64_MAX), BigEndian64(UINT64_MAX));
}

TEST(ByteOrderTest, TakesWhatWasPut) {
  std::string bytes;
  PutBigEndian64(&bytes, UINT64_MAX - 1);
  PutBigEndian32(&bytes, 0xfffefdfc);
  PutBigEndian16(&bytes, 0x8081);
  absl::string_view in = bytes;
  EXPECT_EQ(TakeBigEndian64(&in).value(), UINT64_MAX - 1);
  EXPECT_EQ(TakeBigEndian32(&in).value(), 0xfffefdfcu);
  EXPECT_EQ(TakeBigEndian16(&in).value(), 0x8081);
  EXPECT_TRUE(in.empty());
}

TEST(ByteOrderTest, TakeLeavesTheInputAloneWhenTruncated) {
  const std::string bytes = "\0\0\1"s;
  absl::string_view in = bytes;
  EXPECT_EQ(TakeBigEndian64(&in).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(TakeBigEndian32(&in).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(in.size(), 3u);
  EXPECT_EQ(TakeBigEndian16(&in).value(), 0);
  EXPECT_EQ(TakeBigEndian16(&in).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ByteOrderTest, TakeBytesRefusesALengthThatWouldOverflow) {
  absl::string_view in = "abc";
  EXPECT_EQ(TakeBytes(&in, UINT64_MAX).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(TakeBytes(&in, 2).value(), "ab");
  EXPECT_EQ(TakeBytes(&in, 0).value(), "");
  EXPECT_EQ(in, "c");
}

}  // namespace
}  // namespace keyward
