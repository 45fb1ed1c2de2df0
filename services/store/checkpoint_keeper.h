// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_
#define KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/audit/kept_checkpoint.h"
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

  // A checkpoint that came with a call and verified.
  using Checked = std::shared_ptr<const audit::KeptCheckpoint>;

  // The checkpoint that came with a call; null if there is nothing to keep. One
  // that does not verify is dropped and counted, and the change goes on without
  // it. Errors of reading, which does not happen once a key is pinned.
  absl::StatusOr<Checked> Check(const std::string& note);

  // What AddTo added to a transaction.
  struct Added {
    size_t precondition = 0;  // The index of the one that compares the size.
    uint64_t size = 0;
    bool put = false;  // Not left to a transaction before it.
  };

  // Sees to it that, if `txn` is applied, a checkpoint as large as `checked` is
  // held: absent if one is already; else `txn` puts it, or rests on one before
  // it that does. Called in the order in which transactions are handed to the
  // state layer, with Ended once the outcome is known.
  absl::optional<Added> AddTo(const Checked& checked, kv::Transaction* txn);

  // Learns from the outcome of a transaction.
  void Ended(const Added& added, const kv::CommitResult& result);

  // How many did not verify.
  uint64_t dropped() const { return dropped_; }

 private:
  // Empty while none is pinned.
  absl::StatusOr<std::string> PinnedKey();
  Checked LastChecked(const std::string& note) const;
  void Drop(const absl::Status& why);
  // A tree of this size is held, by whomever: no smaller one need be tried.
  void NoteHeld(uint64_t size);

  kv::KeyValueStore* const kv_;
  kv::WriterSession* const session_;
  const Clock* const clock_;
  const Logger* const log_;

  // At most the size of the held checkpoint's tree: saves a read, and the
  // transaction compares anyway.
  std::atomic<uint64_t> held_size_{0};
  std::atomic<uint64_t> dropped_{0};

  mutable Mutex mu_;
  // Never changes once it is set.
  std::string pinned_ ABSL_GUARDED_BY(mu_);
  // Verified last. Calls come with the same one in runs, and a signature takes
  // longer than all else that is done for it.
  Checked checked_ ABSL_GUARDED_BY(mu_);
  // The largest that a transaction under way puts, as far as none of those has
  // failed. Wrong, it costs a conflict: transactions compare.
  uint64_t submitted_size_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CHECKPOINT_KEEPER_H_
