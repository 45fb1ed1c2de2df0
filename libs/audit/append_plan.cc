// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/append_plan.h"

#include <string>
#include <utility>

#include "libs/audit/tree_hash.h"

namespace keyward::audit {

static_assert(kMaxIntentOperations + kTileLevels + 3 <= kv::kMaxOperations,
              "an append must fit one transaction");

absl::StatusOr<AppendPlan> PlanAppend(const TileEdge& edge, const Batch& batch,
                                      uint64_t fence_before) {
  if (batch.first_index != edge.size()) {
    return absl::InvalidArgumentError("a batch must begin where the log ends");
  }
  if (IntentOperations(batch) > kMaxIntentOperations) {
    return absl::InvalidArgumentError("a batch touches too many intents");
  }
  absl::StatusOr<std::string> value = EncodeBatch(batch);
  if (!value.ok()) return value.status();
  AppendPlan plan;
  plan.edge = edge;
  plan.puts.push_back({BatchKey(batch.first_index), *std::move(value)});
  for (const std::string& leaf : batch.leaves) {
    for (const Tile& tile : plan.edge.Append(LeafHash(leaf))) {
      plan.puts.push_back(
          {TileKey(tile.level, tile.index), EncodeTile(tile.hashes)});
    }
  }
  for (const uint64_t intent : batch.opened) {
    plan.puts.push_back({OpenKey(intent), ""});
  }
  for (const ClosedIntent& closed : batch.closed) {
    plan.deletes.push_back({OpenKey(closed.intent_index)});
    plan.puts.push_back({ClosedKey(closed.intent_index),
                         kv::EncodeNumber(closed.outcome_index)});
  }
  plan.head = {plan.edge.size(), plan.edge.Root()};
  plan.puts.push_back({kHeadKey, EncodeHead(plan.head)});
  if (batch.fence != fence_before) {
    plan.puts.push_back({kFenceKey, kv::EncodeNumber(batch.fence)});
  }
  return plan;
}

std::vector<kv::Put> PlanNewLog() {
  return {{kHeadKey, EncodeHead({0, EmptyRoot()})},
          {kFenceKey, kv::EncodeNumber(0)}};
}

}  // namespace keyward::audit
