// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_LEAF_SOURCE_H_
#define KEYWARD_LIBS_AUDIT_LEAF_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/audit/batch.h"
#include "libs/audit/tile.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// Consecutive leaves of a log, and what its record says about them.
struct LeafChunk {
  uint64_t first_index = 0;
  std::vector<std::string> leaves;
  // "batch 512": where the leaves lie, for messages.
  std::string where;
  // What stands beside the leaves and must follow from them; absent where
  // nothing does.
  absl::optional<uint64_t> fence_after;
  absl::optional<std::vector<uint64_t>> opened;
  absl::optional<std::vector<ClosedIntent>> closed;
};

// What the verifier has found the whole log to be.
struct LogTotals {
  uint64_t size = 0;
  Hash root;
  uint64_t fence = 0;
  std::vector<uint64_t> open_intents;  // Ascending.
};

// A log as the verifier reads it, from the first leaf to the last. It knows
// where things lie; the verifier knows what they mean. For use by one thread.
class LeafSource {
 public:
  virtual ~LeafSource() = default;

  // The next leaves; none at the end. DATA_LOSS, saying where, if what is read
  // is damaged or not where it belongs.
  virtual absl::StatusOr<LeafChunk> Next() = 0;

  // Compares a full tile, as it follows from the leaves, with what is kept of
  // it. DATA_LOSS, saying which leaf, if it is another.
  virtual absl::Status CheckTile(const Tile& tile) = 0;

  // Compares what is kept beside the leaves with what follows from them, at
  // the end. DATA_LOSS, saying what, if it is another.
  virtual absl::Status CheckTotals(const LogTotals& totals) = 0;

  // The signed note that the source itself carries; empty if none. Known at
  // the end.
  virtual std::string own_checkpoint() const = 0;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_LEAF_SOURCE_H_
