// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_CHECKED_ITEM_H_
#define KEYWARD_SERVICES_AUDIT_CHECKED_ITEM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"

namespace keyward::audit_service {

// The most records of one item: half a batch, so that two items always fit.
inline constexpr size_t kMaxItemEntries = 128;

// An outcome among an item's records.
struct OutcomeFact {
  size_t offset = 0;  // of the record in the item
  uint64_t intent_index = 0;
  bool closing = false;
};

// An item that may stand in the log, and what the log must know of it. A value
// type.
struct CheckedItem {
  std::vector<std::string> leaves;  // Empty for a check.
  std::optional<uint64_t> fenced_revision;
  SteadyTime deadline;
  size_t leaf_bytes = 0;
  std::vector<size_t> intents;  // The offsets of the intents.
  std::vector<OutcomeFact> outcomes;

  // What it costs of kMaxIntentOperations.
  size_t intent_operations() const;
};

// Whether the log may hold `item` at all, whatever its state. INVALID_ARGUMENT
// names the rule otherwise:
// - at most kMaxItemEntries records, each a well-formed entry within its bound;
// - a record that is a decision (libs/audit/entry.h) has the revision that the
//   item is fenced with, so that whoever verifies the log can compare it with
//   the fence of its place; a writer that forgets the fence is found out here
//   and not by an auditor;
// - in-force records are made by raising the fence and in no other way;
// - an outcome says what became of the change, and is its intent's only one in
//   the item;
// - a check names a revision.
absl::StatusOr<CheckedItem> CheckItem(rpc::AppendItem item);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_CHECKED_ITEM_H_
