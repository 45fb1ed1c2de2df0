// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/checked_item.h"

#include <set>
#include <utility>

#include "libs/audit/append_plan.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"

namespace keyward::audit_service {
namespace {

using audit::v1::AuditEntry;

absl::Status CheckFence(const AuditEntry& entry,
                        const std::optional<uint64_t>& fenced_revision) {
  if (!audit::IsDecision(entry)) return absl::OkStatus();
  if (!fenced_revision.has_value()) {
    return FieldError("fenced_revision", "must be set for decisions");
  }
  if (*fenced_revision != entry.policy_revision()) {
    return FieldError("entries.policy_revision",
                      "must be the revision that the item is fenced with");
  }
  return absl::OkStatus();
}

absl::Status CheckEntry(const AuditEntry& entry, size_t offset,
                        CheckedItem* checked) {
  if (entry.kind() == audit::v1::ENTRY_KIND_IN_FORCE) {
    return FieldError("entries.kind",
                      "must not be IN_FORCE, which raising the fence writes");
  }
  if (entry.kind() == audit::v1::ENTRY_KIND_INTENT) {
    checked->intents.push_back(offset);
  }
  if (entry.kind() == audit::v1::ENTRY_KIND_OUTCOME) {
    if (entry.outcome() == audit::v1::CHANGE_OUTCOME_UNSPECIFIED) {
      return FieldError("entries.outcome", "must be set in an outcome");
    }
    checked->outcomes.push_back(
        {offset, entry.intent_index(), audit::IsClosingOutcome(entry)});
  }
  return CheckFence(entry, checked->fenced_revision);
}

absl::Status CheckIntents(const CheckedItem& item) {
  if (item.intent_operations() > audit::kMaxIntentOperations) {
    return FieldError("entries", "must not open and close so many intents");
  }
  // Also one that closes nothing: behind one that does it would be about no
  // open intent, and the log would fail its verification for ever.
  std::set<uint64_t> intents;
  for (const OutcomeFact& outcome : item.outcomes) {
    if (!intents.insert(outcome.intent_index).second) {
      return FieldError("entries.intent_index",
                        "must not have two outcomes in one item");
    }
  }
  return absl::OkStatus();
}

}  // namespace

size_t CheckedItem::intent_operations() const {
  size_t operations = intents.size();
  for (const OutcomeFact& outcome : outcomes) {
    if (outcome.closing) operations += 2;
  }
  return operations;
}

absl::StatusOr<CheckedItem> CheckItem(rpc::AppendItem item) {
  if (item.entries.size() > kMaxItemEntries) {
    return FieldError("entries", "must have at most 128 elements");
  }
  if (item.entries.empty() && !item.fenced_revision.has_value()) {
    return FieldError("fenced_revision", "must be set for a check");
  }
  if (item.fenced_revision.has_value() && *item.fenced_revision == 0) {
    return FieldError("fenced_revision", "must not be 0: no policy is");
  }
  CheckedItem checked;
  checked.fenced_revision = item.fenced_revision;
  checked.deadline = item.deadline;
  checked.leaves = std::move(item.entries);
  AuditEntry entry = audit::TakeEntry();
  for (size_t i = 0; i < checked.leaves.size(); ++i) {
    if (!audit::ParseEntry(checked.leaves[i], &entry).ok()) {
      return FieldError("entries", "must be audit entries of 1 to 2048 bytes");
    }
    checked.leaf_bytes += checked.leaves[i].size();
    if (absl::Status status = CheckEntry(entry, i, &checked); !status.ok()) {
      return status;
    }
  }
  audit::GiveBackEntry(std::move(entry));
  if (absl::Status status = CheckIntents(checked); !status.ok()) return status;
  return checked;
}

}  // namespace keyward::audit_service
