// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/compact_range.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/base/hex.h"

namespace keyward::audit {
namespace {

TEST(CompactRangeTest, RootsAreThoseOfTheKnownCertificateTransparencyLeaves) {
  const std::vector<std::string> leaves = {"",
                                           "00",
                                           "10",
                                           "2021",
                                           "3031",
                                           "40414243",
                                           "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f"};
  const std::vector<std::string> roots = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  CompactRange range;
  for (size_t i = 0; i < leaves.size(); ++i) {
    range.Append(LeafHash(HexDecode(leaves[i]).value()));
    EXPECT_EQ(range.size(), i + 1);
    EXPECT_EQ(HexEncode(range.Root().view()), roots[i]) << i;
  }
}

TEST(CompactRangeTest, EmptyRangeHasTheEmptyRoot) {
  EXPECT_EQ(CompactRange().Root(), EmptyRoot());
  EXPECT_EQ(CompactRange().size(), 0u);
}

TEST(CompactRangeTest, RootIsTheDefinitionsAtEverySize) {
  const std::vector<std::string> leaves = NumberedLeaves(300);
  CompactRange range;
  for (size_t n = 1; n <= leaves.size(); ++n) {
    range.Append(LeafHash(leaves[n - 1]));
    ASSERT_EQ(range.Root(), NaiveRoot(leaves, 0, n)) << n;
  }
}

TEST(CompactRangeTest, KeepsOneNodeForEachBitOfTheSize) {
  CompactRange range;
  for (size_t n = 1; n <= 1024; ++n) {
    range.Append(LeafHash("x"));
    ASSERT_EQ(range.nodes().size(),
              static_cast<size_t>(__builtin_popcountll(n)));
  }
}

TEST(CompactRangeTest, GoesOnFromItsNodes) {
  CompactRange whole;
  for (const std::string& leaf : NumberedLeaves(37)) {
    whole.Append(LeafHash(leaf));
    CompactRange again =
        CompactRange::FromNodes(whole.size(), whole.nodes()).value();
    CompactRange copy = whole;
    again.Append(LeafHash("next"));
    copy.Append(LeafHash("next"));
    ASSERT_EQ(again.Root(), copy.Root());
  }
}

TEST(CompactRangeTest, NodesThatDoNotFitTheSizeAreRefused) {
  EXPECT_EQ(CompactRange::FromNodes(3, {EmptyRoot()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CompactRange::FromNodes(0, {EmptyRoot()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CompactRange::FromNodes(4, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
