// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/missing_change.h"

#include <string>

#include "libs/audit/batch.h"
#include "libs/audit/entry.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::audit_service {
namespace {

// Whether `closed` says that `peer` made the change.
absl::StatusOr<bool> WasMadeBy(const audit::LogReader& log,
                               const std::vector<Peer>& peers, const Peer& peer,
                               const audit::Batch& batch,
                               const audit::ClosedIntent& closed) {
  const absl::StatusOr<audit::v1::AuditEntry> outcome =
      audit::ParseEntry(batch.leaves[closed.outcome_index - batch.first_index]);
  if (!outcome.ok()) return outcome.status();
  if (outcome->outcome() != audit::v1::CHANGE_OUTCOME_APPLIED) return false;
  const absl::StatusOr<std::string> leaf = log.ReadLeaf(closed.intent_index);
  if (!leaf.ok()) return leaf.status();
  const absl::StatusOr<audit::v1::AuditEntry> intent = audit::ParseEntry(*leaf);
  if (!intent.ok()) return intent.status();
  return OwnerOf(peers, *intent) == &peer;
}

}  // namespace

absl::StatusOr<absl::optional<uint64_t>> FindMissingChange(
    const audit::LogReader& log, const std::vector<Peer>& peers,
    const Peer& peer, uint64_t held, uint64_t size) {
  for (uint64_t index = held; index < size;) {
    const absl::StatusOr<audit::Batch> batch = log.ReadBatch(index);
    if (!batch.ok()) return batch.status();
    for (const audit::ClosedIntent& closed : batch->closed) {
      if (closed.intent_index < held) continue;
      const absl::StatusOr<bool> made =
          WasMadeBy(log, peers, peer, *batch, closed);
      if (!made.ok()) return made.status();
      if (*made) return closed.intent_index;
    }
    index = batch->first_index + batch->leaves.size();
  }
  return absl::nullopt;
}

}  // namespace keyward::audit_service
