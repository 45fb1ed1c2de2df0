// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/block_summary.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

v1::AuditEntry Entry(int64_t seconds, const std::string& resource,
                     const std::string& principal) {
  v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(seconds);
  entry.set_resource(resource);
  entry.set_principal(principal);
  return entry;
}

uint32_t Resource(const std::string& name) {
  return BlockSummary::ResourceKey(ResourceName::Parse(name).value());
}

BlockSummary Example() {
  BlockSummary summary;
  summary.Add(Entry(100, "projects/default/secrets/db/versions/3", "alice"));
  summary.Add(Entry(90, "", "bob"));
  summary.Add(Entry(110, "projects/default/secrets/db", "alice"));
  summary.Finish();
  return summary;
}

TEST(BlockSummaryTest, HoldsResourcesAndAllThatAreAboveThem) {
  const BlockSummary summary = Example();
  EXPECT_TRUE(summary.MayHold(Resource("projects/default/secrets/db")));
  EXPECT_TRUE(
      summary.MayHold(Resource("projects/default/secrets/db/versions/3")));
  EXPECT_TRUE(summary.MayHold(Resource("projects/default")));
  EXPECT_FALSE(summary.MayHold(Resource("projects/other")));
  EXPECT_FALSE(summary.MayHold(Resource("projects/default/secrets/db2")));
}

TEST(BlockSummaryTest, HoldsPrincipals) {
  EXPECT_TRUE(Example().MayHold(BlockSummary::PrincipalKey("alice")));
  EXPECT_TRUE(Example().MayHold(BlockSummary::PrincipalKey("bob")));
  EXPECT_FALSE(Example().MayHold(BlockSummary::PrincipalKey("eve")));
}

TEST(BlockSummaryTest, HoldsTimes) {
  EXPECT_TRUE(Example().MayHoldTime(110, 200));
  EXPECT_TRUE(Example().MayHoldTime(0, 90));
  EXPECT_FALSE(Example().MayHoldTime(111, 200));
  EXPECT_FALSE(Example().MayHoldTime(0, 89));
}

TEST(BlockSummaryTest, EmptyBlockHoldsNothing) {
  BlockSummary summary;
  summary.Finish();
  EXPECT_FALSE(summary.MayHoldTime(0, 1000));
}

TEST(BlockSummaryTest, RoundTrips) {
  const std::string value = Example().Encode();
  EXPECT_EQ(BlockSummary::Decode(value).value().Encode(), value);
}

TEST(BlockSummaryTest, GoldenBytesAreThoseOfTheFormatPage) {
  BlockSummary summary;
  summary.Add(Entry(100, "projects/default", ""));
  summary.Finish();
  EXPECT_EQ(HexEncode(summary.Encode()),
            "01"
            "0000000000000064"
            "0000000000000064"
            "0001"
            "ea3d082e");
}

TEST(BlockSummaryTest, MalformedSummariesAreRefused) {
  const std::string value = Example().Encode();
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(BlockSummary::Decode(value.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  std::string unsorted = value;
  unsorted[19] = '\xff';  // The first key becomes the greatest.
  EXPECT_EQ(BlockSummary::Decode(unsorted).status().code(),
            absl::StatusCode::kDataLoss);
  std::string newer = value;
  newer[0] = 2;
  EXPECT_EQ(BlockSummary::Decode(newer).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace keyward::audit
