// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/batch.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

Batch Small() {
  Batch batch;
  batch.first_index = 258;
  batch.fence = 7;
  batch.opened = {258};
  batch.closed = {{3, 259}};
  batch.leaves = {"ab", "c"};
  return batch;
}

TEST(BatchTest, GoldenBytesAreThoseOfTheFormatPage) {
  EXPECT_EQ(HexEncode(EncodeBatch(Small()).value()),
            "01"
            "0000000000000102"
            "0000000000000007"
            "0001"
            "0000000000000102"
            "0001"
            "0000000000000003"
            "0000000000000103"
            "0002"
            "0002"
            "6162"
            "0001"
            "63"
            "31cfcdea2bfcc078483458f67958fca224715b3260747a9b06d7469c608a2512");
}

TEST(BatchTest, RoundTrips) {
  const Batch batch = DecodeBatch(EncodeBatch(Small()).value()).value();
  EXPECT_EQ(batch.first_index, 258u);
  EXPECT_EQ(batch.fence, 7u);
  EXPECT_EQ(batch.opened, Small().opened);
  EXPECT_EQ(batch.closed, Small().closed);
  EXPECT_EQ(batch.leaves, Small().leaves);
}

TEST(BatchTest, P3_EveryFlippedBitIsNoticed) {
  const std::string value = EncodeBatch(Small()).value();
  for (size_t byte = 0; byte < value.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = value;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      EXPECT_EQ(DecodeBatch(bad).status().code(), absl::StatusCode::kDataLoss)
          << byte << "." << bit;
    }
  }
}

TEST(BatchTest, P3_EveryCutIsNoticed) {
  const std::string value = EncodeBatch(Small()).value();
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeBatch(value.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_EQ(DecodeBatch(value + "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(BatchTest, BoundsAreKept) {
  Batch batch = Small();
  batch.leaves.clear();
  EXPECT_EQ(EncodeBatch(batch).status().code(),
            absl::StatusCode::kInvalidArgument);
  batch.leaves.assign(kMaxBatchLeaves, "x");
  EXPECT_TRUE(EncodeBatch(batch).ok());
  batch.leaves.push_back("x");
  EXPECT_EQ(EncodeBatch(batch).status().code(),
            absl::StatusCode::kInvalidArgument);
  batch.leaves = {""};
  EXPECT_EQ(EncodeBatch(batch).status().code(),
            absl::StatusCode::kInvalidArgument);
  batch.leaves = {"x", std::string(kMaxEntryBytes, 'x')};
  EXPECT_TRUE(EncodeBatch(batch).ok());
  batch.leaves[1].push_back('x');
  EXPECT_EQ(EncodeBatch(batch).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(BatchTest, LargestBatchRoundTrips) {
  Batch batch;
  batch.leaves.assign(kMaxBatchLeaves, std::string(kMaxEntryBytes, 'x'));
  ASSERT_LE(kMaxBatchLeaves * kMaxEntryBytes, kMaxBatchLeafBytes);
  EXPECT_EQ(DecodeBatch(EncodeBatch(batch).value()).value().leaves,
            batch.leaves);
}

}  // namespace
}  // namespace keyward::audit
