// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/tile.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/merkle_test_util.h"

namespace keyward::audit {
namespace {

TEST(TileTest, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(TilePath(0, 0, 256).value(), "tile/0/000");
  EXPECT_EQ(TilePath(0, 1234067, 256).value(), "tile/0/x001/x234/067");
  EXPECT_EQ(TilePath(1, 273, 112).value(), "tile/1/273.p/112");
  EXPECT_EQ(TilePath(7, 1000, 1).value(), "tile/7/x001/000.p/1");
  EXPECT_EQ(TilePath(8, 0, 256).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TilePath(-1, 0, 256).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TilePath(0, 0, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TilePath(0, 0, 257).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TileTest, WidthsOf70000LeavesAreThoseOfTheSpecification) {
  EXPECT_EQ(FullTiles(70000, 0), 273u);
  EXPECT_EQ(PartialWidth(70000, 0), 112u);
  EXPECT_EQ(FullTiles(70000, 1), 1u);
  EXPECT_EQ(PartialWidth(70000, 1), 17u);
  EXPECT_EQ(FullTiles(70000, 2), 0u);
  EXPECT_EQ(PartialWidth(70000, 2), 1u);
}

TEST(TileTest, RoundTrips) {
  std::vector<Hash> hashes;
  for (const std::string& leaf : NumberedLeaves(kTileHashes)) {
    hashes.push_back(LeafHash(leaf));
  }
  const std::string bytes = EncodeTile(hashes);
  EXPECT_EQ(bytes.size(), kTileBytes);
  EXPECT_EQ(DecodeTile(bytes).value(), hashes);
  EXPECT_EQ(DecodeTile(bytes.substr(1)).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeTile(bytes + "x").status().code(),
            absl::StatusCode::kDataLoss);
}

// Appends leaves to an edge and checks it against the definition.
class TileEdgeTest : public ::testing::Test {
 protected:
  void AppendTo(uint64_t size) {
    while (edge_.size() < size) {
      for (Tile& tile : edge_.Append(LeafHash(leaves_[edge_.size()]))) {
        tiles_[{tile.level, tile.index}] = std::move(tile.hashes);
      }
    }
  }

  const std::vector<std::string> leaves_ = NumberedLeaves(70000);
  TileEdge edge_;
  std::map<std::pair<int, uint64_t>, std::vector<Hash>> tiles_;
};

TEST_F(TileEdgeTest, RootIsTheDefinitionsAroundTileBoundaries) {
  for (const uint64_t size : {1, 255, 256, 257, 511, 512, 513, 1000}) {
    AppendTo(size);
    EXPECT_EQ(edge_.Root(), NaiveRoot(leaves_, 0, size)) << size;
  }
}

TEST_F(TileEdgeTest, TilesOf70000LeavesAreThoseOfTheDefinition) {
  AppendTo(70000);
  EXPECT_EQ(tiles_.size(), 274u);
  const std::vector<Hash>& leaf_tile = tiles_.at({0, 272});
  EXPECT_EQ(leaf_tile.front(), LeafHash(leaves_[272 * 256]));
  EXPECT_EQ(leaf_tile.back(), LeafHash(leaves_[272 * 256 + 255]));
  const std::vector<Hash>& upper = tiles_.at({1, 0});
  EXPECT_EQ(upper[255], NaiveRoot(leaves_, 255 * 256, 256 * 256));
  EXPECT_EQ(edge_.partial(0).size(), 112u);
  EXPECT_EQ(edge_.partial(1).size(), 17u);
  EXPECT_EQ(edge_.partial(2).size(), 1u);
  EXPECT_EQ(edge_.partial(2)[0], NaiveRoot(leaves_, 0, 65536));
}

TEST_F(TileEdgeTest, GoesOnFromItsPartials) {
  for (const uint64_t size : {0, 1, 255, 256, 257, 66000}) {
    AppendTo(size);
    std::vector<std::vector<Hash>> partials;
    for (int level = 0; level < kTileLevels; ++level) {
      partials.emplace_back(edge_.partial(level).begin(),
                            edge_.partial(level).end());
    }
    const TileEdge again = TileEdge::FromPartials(size, partials).value();
    EXPECT_EQ(again.size(), size);
    EXPECT_EQ(again.Root(), edge_.Root()) << size;
  }
}

TEST_F(TileEdgeTest, PartialsThatDoNotFitTheSizeAreRefused) {
  EXPECT_EQ(TileEdge::FromPartials(1, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TileEdge::FromPartials(0, {{EmptyRoot()}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
