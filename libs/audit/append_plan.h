// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_APPEND_PLAN_H_
#define KEYWARD_LIBS_AUDIT_APPEND_PLAN_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/batch.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/tile.h"
#include "libs/kv/transaction.h"

namespace keyward::audit {

// What one append writes.
struct AppendPlan {
  std::vector<kv::Put> puts;
  std::vector<kv::Delete> deletes;
  // The tree and its head after it.
  TileEdge edge;
  Head head;
};

// The operations that one transaction may spend on intents: one for each that
// it opens, two for each that it closes. The rest of the engine's 120 are for
// the head, the fence, the batch and at most one tile a level.
inline constexpr size_t kMaxIntentOperations = 100;

// How many of them `batch` needs.
inline size_t IntentOperations(const Batch& batch) {
  return batch.opened.size() + 2 * batch.closed.size();
}

// Appends `batch` to the tree of `edge`: the batch itself, the tiles that it
// fills, its intents' keys, the new head and, if `fence_before` is not
// batch.fence, the fence. All of it becomes durable together or not at all;
// the caller adds the preconditions. INVALID_ARGUMENT if the batch does not
// begin where the tree ends or exceeds a bound.
absl::StatusOr<AppendPlan> PlanAppend(const TileEdge& edge, const Batch& batch,
                                      uint64_t fence_before);

// What makes a new, empty log: the head and the fence 0.
std::vector<kv::Put> PlanNewLog();

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_APPEND_PLAN_H_
