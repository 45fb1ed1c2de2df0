// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/audit/fake_log_store.h"
#include "libs/audit/merkle_test_util.h"

namespace keyward::audit {
namespace {

class LogReaderTest : public ::testing::Test {
 protected:
  // Appends numbered leaves in batches of several sizes up to `size`.
  void Grow(size_t size) {
    const std::vector<std::string> all = NumberedLeaves(size);
    while (leaves_.size() < size) {
      const size_t count =
          std::min<size_t>(1 + leaves_.size() % 97, size - leaves_.size());
      std::vector<std::string> batch(all.begin() + leaves_.size(),
                                     all.begin() + leaves_.size() + count);
      store_.Append(batch);
      leaves_.insert(leaves_.end(), batch.begin(), batch.end());
    }
  }

  FakeLogStore store_;
  LogReader reader_{&store_};
  std::vector<std::string> leaves_;
};

TEST_F(LogReaderTest, NewLogIsEmpty) {
  EXPECT_EQ(reader_.ReadHead().value().head.size, 0u);
  EXPECT_EQ(reader_.ReadHead().value().head.root, EmptyRoot());
  EXPECT_EQ(reader_.ReadFence().value(), 0u);
  EXPECT_EQ(reader_.ReadLeaf(0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(reader_.LoadEdge({0, EmptyRoot()}).value().size(), 0u);
}

TEST_F(LogReaderTest, StoreWithoutLogIsNotFound) {
  store_.records().clear();
  EXPECT_EQ(reader_.ReadHead().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(reader_.ReadFence().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LogReaderTest, EveryLeafIsFoundInItsBatch) {
  Grow(300);
  for (size_t i = 0; i < leaves_.size(); ++i) {
    ASSERT_EQ(reader_.ReadLeaf(i).value(), leaves_[i]) << i;
  }
  EXPECT_EQ(reader_.ReadLeaf(300).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LogReaderTest, LeavesAreReadToTheEndOfTheirBatchOrTheAskedEnd) {
  store_.Append({"a", "b", "c", "d"});
  store_.Append({"e"});
  EXPECT_EQ(reader_.ReadLeaves(1, 5).value(),
            (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_EQ(reader_.ReadLeaves(1, 3).value(),
            (std::vector<std::string>{"b", "c"}));
}

TEST_F(LogReaderTest, EdgeIsLoadedAtEverySize) {
  for (const size_t size : {1, 2, 255, 256, 257, 511, 512, 700}) {
    Grow(size);
    const Head head = reader_.ReadHead().value().head;
    EXPECT_EQ(head.size, size);
    EXPECT_EQ(reader_.LoadEdge(head).value().Root(),
              NaiveRoot(leaves_, 0, size));
  }
}

TEST_F(LogReaderTest, P3_EdgeWithAChangedLeafOrTileIsRefused) {
  Grow(600);
  const Head head = reader_.ReadHead().value().head;
  std::string& tile = store_.records()[TileKey(0, 1)];
  tile[100] = static_cast<char>(tile[100] ^ 1);
  EXPECT_EQ(reader_.LoadEdge(head).status().code(),
            absl::StatusCode::kDataLoss);
  tile[100] = static_cast<char>(tile[100] ^ 1);
  EXPECT_TRUE(reader_.LoadEdge(head).ok());
  store_.records().erase(TileKey(0, 0));
  EXPECT_EQ(reader_.LoadEdge(head).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(LogReaderTest, P3_MissingBatchIsNoticed) {
  store_.Append({"a", "b"});
  store_.Append({"c"});
  store_.records().erase(BatchKey(2));
  const Head head = reader_.ReadHead().value().head;
  EXPECT_EQ(reader_.LoadEdge(head).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(LogReaderTest, P3_BatchAtAnotherPlaceIsNoticed) {
  store_.Append({"a"});
  store_.Append({"b"});
  store_.records()[BatchKey(1)] = store_.records()[BatchKey(0)];
  EXPECT_EQ(reader_.ReadLeaf(1).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogReaderTest, ProofsFromTilesVerifyAtEverySize) {
  Grow(600);
  const Head head = reader_.ReadHead().value().head;
  for (const uint64_t size : {1, 255, 256, 257, 300, 512, 599, 600}) {
    TileNodeReader nodes(&reader_, reader_.LoadEdge(head).value());
    const Hash root = RootAt(&nodes, size).value();
    EXPECT_EQ(root, NaiveRoot(leaves_, 0, size));
    for (const uint64_t index : {uint64_t{0}, size / 2, size - 1}) {
      const std::vector<Hash> proof =
          InclusionProof(&nodes, index, size).value();
      EXPECT_TRUE(
          VerifyInclusion(index, size, LeafHash(leaves_[index]), proof, root)
              .ok());
    }
    const std::vector<Hash> proof = ConsistencyProof(&nodes, size, 600).value();
    EXPECT_TRUE(VerifyConsistency(size, 600, root, head.root, proof).ok());
  }
}

TEST_F(LogReaderTest, NodeBeyondTheTreeIsOutOfRange) {
  Grow(300);
  TileNodeReader nodes(
      &reader_, reader_.LoadEdge(reader_.ReadHead().value().head).value());
  EXPECT_EQ(nodes.ReadNode(0, 300).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(nodes.ReadNode(8, 1).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(nodes.ReadNode(-1, 0).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(nodes.ReadNode(8, 0).ok());
}

TEST_F(LogReaderTest, OpenAndClosedIntentsAreFound) {
  v1::AuditEntry intent;
  intent.set_kind(v1::ENTRY_KIND_INTENT);
  v1::AuditEntry outcome;
  outcome.set_kind(v1::ENTRY_KIND_OUTCOME);
  outcome.set_outcome(v1::CHANGE_OUTCOME_APPLIED);
  outcome.set_intent_index(0);
  store_.Append(
      {SerializeEntry(intent).value(), SerializeEntry(intent).value()});
  EXPECT_EQ(reader_.ReadOpenIntents(0).value(), (std::vector<uint64_t>{0, 1}));
  EXPECT_FALSE(reader_.ReadClosingOutcome(0).value().has_value());
  store_.Append({SerializeEntry(outcome).value()});
  EXPECT_EQ(reader_.ReadOpenIntents(0).value(), (std::vector<uint64_t>{1}));
  EXPECT_EQ(reader_.ReadOpenIntents(2).value(), (std::vector<uint64_t>{}));
  EXPECT_EQ(reader_.ReadClosingOutcome(0).value().value(), 2u);
}

}  // namespace
}  // namespace keyward::audit
