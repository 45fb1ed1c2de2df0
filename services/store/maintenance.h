// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_MAINTENANCE_H_
#define KEYWARD_SERVICES_STORE_MAINTENANCE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"
#include "libs/rpc/audit_log.h"
#include "services/store/change_runner.h"
#include "services/store/due_rotations.h"
#include "services/store/key_check.h"
#include "services/store/own_change.h"
#include "services/store/rewrap.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// What the store does by itself, a bounded amount at a time:
//
// - removes deleted secrets whose recovery window has passed, on record;
// - removes the rest of removed secrets, which nothing can reach any more;
// - rotates keys that have sealed very often, on record (due_rotations.h);
// - rewraps data keys after a key was rotated, on record (rewrap.h);
// - looks whether the keys still open (key_check.h);
// - prunes events that are older than kEventRetention or beyond kMaxEvents,
//   and request ids that are older than RequestIds::kRetention.
//
// Blocks; one call at a time.
class Maintenance {
 public:
  static constexpr absl::Duration kEventRetention = absl::Hours(7 * 24);
  // The most events of a project that are kept.
  static constexpr uint64_t kMaxEvents = 1000000;
  // Of each kind of work in one run.
  static constexpr size_t kBatch = 50;

  struct Dependencies {
    const StoreParts* parts = nullptr;
    kv::WriterSession* session = nullptr;
    ChangeRunner* changes = nullptr;
    rpc::AuditLog* audit = nullptr;
  };

  // All must outlive this.
  explicit Maintenance(const Dependencies& deps);
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // As StoreCore::RunMaintenanceOnce.
  absl::StatusOr<bool> RunOnce(SteadyTime deadline);

  // As KeyCheck::damaged. Thread-safe.
  absl::optional<int64_t> damaged_key_versions() const {
    return key_check_.damaged();
  }

 private:
  // Each answers whether it did something, and more may be left.
  absl::StatusOr<bool> PurgeDue(SteadyTime deadline);
  absl::StatusOr<bool> PurgeRests(SteadyTime deadline);
  absl::StatusOr<bool> PruneEvents(SteadyTime deadline);
  absl::StatusOr<bool> PruneProject(const std::string& project_uid,
                                    uint64_t head, SteadyTime deadline);
  absl::StatusOr<bool> PruneRequestIds(SteadyTime deadline);

  absl::Status PurgeOne(const kv::Entry& due, SteadyTime deadline);
  absl::Status PurgeRest(const kv::Entry& rest, SteadyTime deadline);
  absl::Status DropStale(const kv::Entry& entry, SteadyTime deadline);

  const StoreParts* const parts_;
  kv::WriterSession* const session_;
  OwnChanges own_;
  DueRotations rotations_;
  Rewrap rewrap_;
  KeyCheck key_check_;
  // Where the pruning of events goes on: projects take turns.
  std::string next_project_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_MAINTENANCE_H_
