// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/tree_hash.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

TEST(TreeHashTest, EmptyRootIsTheHashOfNothing) {
  EXPECT_EQ(HexEncode(EmptyRoot().view()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(TreeHashTest, LeafOfNothingIsTheKnownOne) {
  EXPECT_EQ(HexEncode(LeafHash("").view()),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(TreeHashTest, P3_LeafOfTwoHashesIsNotTheirNode) {
  const Hash left = LeafHash("left");
  const Hash right = LeafHash("right");
  const std::string both = std::string(left.view()) + std::string(right.view());
  EXPECT_NE(LeafHash(both), NodeHash(left, right));
}

TEST(TreeHashTest, NodeDependsOnTheOrderOfItsChildren) {
  const Hash left = LeafHash("left");
  const Hash right = LeafHash("right");
  EXPECT_NE(NodeHash(left, right), NodeHash(right, left));
}

TEST(TreeHashTest, HashFromBytesRefusesOtherLengths) {
  const std::string bytes(LeafHash("x").view());
  EXPECT_EQ(Hash::FromBytes(bytes).value(), LeafHash("x"));
  EXPECT_EQ(Hash::FromBytes(bytes.substr(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Hash::FromBytes(bytes + "x").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Hash::FromBytes("").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TreeHashTest, SplitPointIsTheLargestPowerOfTwoBelow) {
  EXPECT_EQ(SplitPoint(2), 1u);
  EXPECT_EQ(SplitPoint(3), 2u);
  EXPECT_EQ(SplitPoint(4), 2u);
  EXPECT_EQ(SplitPoint(5), 4u);
  EXPECT_EQ(SplitPoint(uint64_t{1} << 62), uint64_t{1} << 61);
  EXPECT_EQ(SplitPoint((uint64_t{1} << 62) + 1), uint64_t{1} << 62);
}

}  // namespace
}  // namespace keyward::audit
