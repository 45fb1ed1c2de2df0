// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/append_plan.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {
namespace {

std::set<std::string> KeysOf(const AppendPlan& plan) {
  std::set<std::string> keys;
  for (const kv::Put& put : plan.puts) keys.insert(put.key);
  return keys;
}

TEST(AppendPlanTest, AppendWritesBatchAndHead) {
  Batch batch;
  batch.leaves = {"a"};
  const AppendPlan plan = PlanAppend(TileEdge(), batch, 0).value();
  EXPECT_EQ(KeysOf(plan), (std::set<std::string>{BatchKey(0), kHeadKey}));
  EXPECT_EQ(plan.head.size, 1u);
  EXPECT_EQ(plan.head.root, LeafHash("a"));
  EXPECT_TRUE(plan.deletes.empty());
}

TEST(AppendPlanTest, AppendThatFillsATileWritesIt) {
  Batch batch;
  batch.leaves.assign(kTileHashes, "x");
  const AppendPlan plan = PlanAppend(TileEdge(), batch, 0).value();
  EXPECT_EQ(KeysOf(plan),
            (std::set<std::string>{BatchKey(0), TileKey(0, 0), kHeadKey}));
}

TEST(AppendPlanTest, RaisedFenceIsWrittenWithItsRecord) {
  Batch batch;
  batch.fence = 4;
  batch.leaves = {"in force"};
  EXPECT_TRUE(
      KeysOf(PlanAppend(TileEdge(), batch, 3).value()).count(kFenceKey));
  EXPECT_FALSE(
      KeysOf(PlanAppend(TileEdge(), batch, 4).value()).count(kFenceKey));
}

TEST(AppendPlanTest, IntentsKeysFollowTheBatch) {
  Batch batch;
  batch.opened = {0};
  batch.closed = {{7, 1}};
  batch.leaves = {"a", "b"};
  const AppendPlan plan = PlanAppend(TileEdge(), batch, 0).value();
  EXPECT_TRUE(KeysOf(plan).count(OpenKey(0)));
  EXPECT_TRUE(KeysOf(plan).count(ClosedKey(7)));
  ASSERT_EQ(plan.deletes.size(), 1u);
  EXPECT_EQ(plan.deletes[0].key, OpenKey(7));
}

TEST(AppendPlanTest, BatchElsewhereThanAtTheEndIsRefused) {
  Batch batch;
  batch.first_index = 1;
  batch.leaves = {"a"};
  EXPECT_EQ(PlanAppend(TileEdge(), batch, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AppendPlanTest, LargestAppendFitsOneTransaction) {
  TileEdge edge;
  for (int i = 0; i < 65535; ++i) edge.Append(EmptyRoot());
  Batch batch;
  batch.first_index = 65535;
  batch.fence = 9;
  batch.leaves.assign(kMaxBatchLeaves, std::string(2048, 'x'));
  for (uint64_t i = 0; i < kMaxIntentOperations; ++i) {
    batch.opened.push_back(65535 + i);
  }
  AppendPlan plan = PlanAppend(edge, batch, 0).value();
  kv::Transaction txn;
  txn.id = kv::TransactionId::InSession(1, 1);
  txn.preconditions.push_back(kv::Precondition::RevisionIs(kHeadKey, 1));
  txn.puts = plan.puts;
  txn.deletes = plan.deletes;
  EXPECT_TRUE(kv::ValidateTransaction(txn).ok());
  batch.opened.push_back(65535 + kMaxIntentOperations);
  EXPECT_EQ(PlanAppend(edge, batch, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
