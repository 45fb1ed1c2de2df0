// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_schema.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

TEST(LogSchemaTest, KeysAreThoseOfTheFormatPage) {
  EXPECT_EQ(HexEncode(BatchKey(258)),
            HexEncode("log/batch/") + "0000000000000102");
  EXPECT_EQ(HexEncode(TileKey(1, 258)),
            HexEncode("log/tile/") + "010000000000000102");
  EXPECT_EQ(HexEncode(OpenKey(258)),
            HexEncode("log/open/") + "0000000000000102");
  EXPECT_EQ(HexEncode(ClosedKey(258)),
            HexEncode("log/closed/") + "0000000000000102");
}

TEST(LogSchemaTest, NumberOfKeyReadsWhatWasWritten) {
  EXPECT_EQ(NumberOfKey(kBatchPrefix, BatchKey(123456789)).value(), 123456789u);
  EXPECT_EQ(NumberOfKey(kOpenPrefix, BatchKey(1)).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(NumberOfKey(kBatchPrefix, BatchKey(1) + "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(LogSchemaTest, GoldenHeadIsThatOfTheFormatPage) {
  EXPECT_EQ(HexEncode(EncodeHead({0, EmptyRoot()})),
            "01"
            "0000000000000000"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(LogSchemaTest, HeadRoundTrips) {
  const Head head = DecodeHead(EncodeHead({77, LeafHash("x")})).value();
  EXPECT_EQ(head.size, 77u);
  EXPECT_EQ(head.root, LeafHash("x"));
}

TEST(LogSchemaTest, HeadOfAnotherLengthOrFormatIsRefused) {
  std::string value = EncodeHead({77, LeafHash("x")});
  EXPECT_EQ(DecodeHead(value + "x").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeHead(value.substr(1)).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeHead("").status().code(), absl::StatusCode::kDataLoss);
  value[0] = 2;
  EXPECT_EQ(DecodeHead(value).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace keyward::audit
