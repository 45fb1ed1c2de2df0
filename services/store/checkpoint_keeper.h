// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_
#define KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"
#include "libs/rpc/owner_control.h"

namespace keyward::store {

// The checkpoint of the audit log that the store keeps for audit (P3), and the
// key that it is believed under; libs/audit/kept_checkpoint.h has the rules.
// Thread-safe.
class CheckpointKeeper {
 public:
  // All outlive the keeper. `log` may be null.
  CheckpointKeeper(kv::KeyValueStore* kv, kv::WriterSession* session,
                   const Clock* clock, const Logger* log)
      : kv_(kv), session_(session), clock_(clock), log_(log) {}
  CheckpointKeeper(const CheckpointKeeper&) = delete;
  CheckpointKeeper& operator=(const CheckpointKeeper&) = delete;

  // rpc::OwnerControl::GetHeldCheckpoint and HoldCheckpoint. Both block; the
  // errors of KeepFromAudit, and UNAVAILABLE.
  absl::StatusOr<std::string> Held() const;
  absl::Status Hold(const rpc::HandedCheckpoint& handed, SteadyTime deadline);

  // What AddTo added to a transaction.
  struct Added {
    size_t precondition = 0;  // The index of the one that compares the size.
    uint64_t size = 0;
  };

  // Adds the checkpoint that came with a call, if it is to be kept, to the
  // transaction of the call's change. Nothing is added for one that does not
  // verify: it is dropped, counted, and the change goes on without it. Errors
  // of reading, which does not happen once a key is pinned.
  absl::StatusOr<absl::optional<Added>> AddTo(const std::string& note,
                                              kv::Transaction* txn);

  // A tree of this size is held, by whomever: no smaller one need be tried.
  void NoteHeld(uint64_t size);

  // How many did not verify.
  uint64_t dropped() const { return dropped_; }

 private:
  // Empty while none is pinned.
  absl::StatusOr<std::string> PinnedKey();
  void Drop(const absl::Status& why);

  kv::KeyValueStore* const kv_;
  kv::WriterSession* const session_;
  const Clock* const clock_;
  const Logger* const log_;

  // At most the size of the held checkpoint's tree: saves a read, and the
  // transaction compares anyway.
  std::atomic<uint64_t> held_size_{0};
  std::atomic<uint64_t> dropped_{0};

  Mutex mu_;
  // Never changes once it is set.
  std::string pinned_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_
