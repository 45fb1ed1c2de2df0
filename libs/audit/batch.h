// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_BATCH_H_
#define KEYWARD_LIBS_AUDIT_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::audit {

// The stored form of consecutive leaves that became durable together: one
// value, keyed by its first index. FORMAT.md has the bytes.

// Bounds of a batch. 768 KiB of leaves stay, with the rest of the transaction,
// below what a replicated engine takes in one request.
inline constexpr size_t kMaxBatchLeaves = 256;
inline constexpr size_t kMaxBatchLeafBytes = size_t{768} << 10;

// An intent, and the outcome in the same batch that closes it.
struct ClosedIntent {
  uint64_t intent_index = 0;
  uint64_t outcome_index = 0;

  friend bool operator==(const ClosedIntent& a, const ClosedIntent& b) {
    return a.intent_index == b.intent_index &&
           a.outcome_index == b.outcome_index;
  }
};

struct Batch {
  uint64_t first_index = 0;
  // The policy revision in force after this batch.
  uint64_t fence = 0;
  // The indexes of the intents among the leaves, ascending.
  std::vector<uint64_t> opened;
  // In order of their outcomes' indexes.
  std::vector<ClosedIntent> closed;
  // 1 to kMaxBatchLeaves; each has 1 to kMaxEntryBytes bytes.
  std::vector<std::string> leaves;
};

// The value of `batch`. INVALID_ARGUMENT if a bound is violated.
absl::StatusOr<std::string> EncodeBatch(const Batch& batch);

// The batch that `value` holds. DATA_LOSS for anything that EncodeBatch does
// not make, so in particular after any flipped bit: a digest over the whole
// value locates damage to the batch. (That nobody who can write here forges a
// batch is what the tree and its checkpoints are for.)
absl::StatusOr<Batch> DecodeBatch(absl::string_view value);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_BATCH_H_
