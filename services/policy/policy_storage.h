// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_STORAGE_H_
#define KEYWARD_SERVICES_POLICY_POLICY_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/writer_session.h"
#include "libs/policy/policy_model.h"
#include "libs/rpc/owner_control.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

// One change of what is durable. Everything in it happens, or nothing does.
struct StorageChange {
  // The intent that it belongs to; absent for what policy does by itself.
  absl::optional<uint64_t> intent_id;
  // The change of the policy, to the revision after the one it is made on;
  // absent if the policy stays as it is.
  absl::optional<policy::PolicyDelta> delta;
  // What the intent's id answers when it is asked again.
  std::string result;
  // Deletions that begin with this change, and the project of one that ends.
  absl::optional<DeletionRecord> begun_deletion;
  std::string ended_deletion;
  // The newest checkpoint that came with the call; empty if none did. One that
  // does not verify is dropped, and stops nothing.
  std::string checkpoint;
  // Further records, such as a request id's.
  std::vector<kv::Put> puts;
  std::vector<kv::Delete> deletes;
};

// Keeps the policy in the state layer, as FORMAT.md says: one immutable record
// for each part of each change, whole snapshots now and then, and a head whose
// compare-and-set makes a revision visible. So a change of any size happens at
// one moment, and a crash at any other leaves nothing but invisible records,
// which the next change overwrites.
//
// There is one writer: whatever changes something takes turns, so that nothing
// here meets a conflict of its own making.
//
// A write whose outcome cannot be told, and cannot be settled at once either,
// stops all that follow until it is settled; each of them tries that first, so
// that one failed write, of whatever kind, stops nothing for longer than the
// state layer is away. If what is settled then has moved the head, every
// change on the old one is ABORTED, and its maker must load the policy again.
//
// Thread-safe. `kv` outlives it.
class PolicyStorage {
 public:
  // Changes after which a whole snapshot is written, so that loading reads a
  // bounded number of records, and old ones can go.
  static constexpr uint64_t kSnapshotEvery = 256;

  // Parts of a change are at most this long, well below a value of the state
  // layer, so that one fits a transaction with everything beside it.
  static constexpr size_t kMaxPartBytes = size_t{896} << 10;

  // How long past its deadline settling an outcome may take.
  static constexpr absl::Duration kSettleGrace = absl::Seconds(1);

  // Begins a writer session: UNAVAILABLE if the state layer cannot. `log`,
  // which may be null, outlives the storage as well.
  static absl::StatusOr<std::unique_ptr<PolicyStorage>> Create(
      kv::KeyValueStore* kv, const Clock* clock, SteadyTime deadline,
      const Logger* log = nullptr);

  PolicyStorage(const PolicyStorage&) = delete;
  PolicyStorage& operator=(const PolicyStorage&) = delete;

  // The newest durable policy: revision 0 if the folder is new. DATA_LOSS if
  // records are missing or damaged; FAILED_PRECONDITION if a newer release
  // wrote them; UNAVAILABLE.
  absl::StatusOr<DurablePolicy> Load();

  // What the policy becomes by `change`: nothing is written. Errors as
  // policy::PolicyState::Apply.
  static absl::StatusOr<DurablePolicy> Preview(const DurablePolicy& on,
                                               const StorageChange& change,
                                               uint64_t revision);

  // Makes `change` durable on top of `on`, which must be the newest. For an
  // intent, what failed bars the id. ABORTED if `on` is not the newest: load
  // the policy again. kUnknown is answered only if settling failed too: then
  // Settled() must be true, and the policy loaded again, before what is newest
  // is known. UNAVAILABLE while an earlier write is not settled.
  kv::CommitResult Commit(const DurablePolicy& on, StorageChange change,
                          SteadyTime deadline);

  // Writes `state`, at any revision above `on`'s, as a whole snapshot and
  // makes it the newest: for a beginning, and where revisions must jump. The
  // generations of all parents become its revision. Errors as Commit.
  kv::CommitResult CommitWhole(const DurablePolicy& on,
                               const policy::PolicyState& state,
                               std::vector<kv::Put> puts, SteadyTime deadline);

  // Settles what any write left unknown. True if nothing is.
  bool Settled(SteadyTime deadline);

  // Bars an intent's id, or learns what it did; as KeyValueStore::Settle. Takes
  // no turn: it may be called while a change is being made.
  void SettleIntent(uint64_t intent_id, SteadyTime deadline,
                    kv::CommitCallback done);
  kv::CommitResult SettleIntentAndWait(uint64_t intent_id, SteadyTime deadline);

  // What is stored under an intent's id; absent if nothing is, which proves
  // nothing. Errors of reading.
  absl::StatusOr<absl::optional<kv::TransactionRecord>> FindIntent(
      uint64_t intent_id) const;

  const kv::KeyValueReader& reader() const { return *kv_; }

  // Writes a whole snapshot of `on` if the last one is old, and removes what
  // no load needs any more, and expired request ids. Whatever fails is tried
  // again next time.
  void Maintain(const DurablePolicy& on, SteadyTime deadline);

  // As OwnerControl::HoldCheckpoint.
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                              SteadyTime deadline);
  absl::StatusOr<std::string> HeldCheckpoint() const;

  // As OwnerControl::RaiseFloor.
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor, SteadyTime deadline);

  // The administrator of an installation whose beginning is not on record yet;
  // empty if it is.
  absl::StatusOr<std::string> PendingInstallation() const;
  absl::Status ForgetPendingInstallation(SteadyTime deadline);

 private:
  // The right to write, held by one thread at a time.
  class Turn {
   public:
    // Waits for the turn until the deadline at the latest.
    Turn(PolicyStorage* storage, SteadyTime deadline);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool held() const { return held_; }

   private:
    PolicyStorage* const storage_;
    bool held_ = false;
  };

  PolicyStorage(kv::KeyValueStore* kv, const Clock* clock,
                std::unique_ptr<kv::WriterSession> session, const Logger* log)
      : kv_(kv), clock_(clock), session_(std::move(session)), log_(log) {}

  // Nobody else's turn has ended in time.
  static absl::Status Busy();

  // The precondition that the head is what `on` says, as it is now. ABORTED
  // if it is not.
  absl::StatusOr<kv::Precondition> HeadIs(const DurablePolicy& on) const;

  // The following are called by whoever holds the turn.
  absl::Status WriteParts(const std::vector<policy::PolicyDelta>& parts,
                          const kv::Precondition& head, SteadyTime deadline);
  absl::StatusOr<uint32_t> WriteChunks(const policy::PolicyState& state,
                                       const kv::Precondition& head,
                                       SteadyTime deadline);
  absl::Status WriteGenerations(const policy::PolicyState& state,
                                const kv::Precondition& head,
                                SteadyTime deadline);
  absl::Status AddCheckpoint(const std::string& note, kv::Transaction* txn);
  void DropCheckpoint(const absl::Status& why);
  absl::Status MaintainInTurn(const DurablePolicy& on, SteadyTime deadline);
  absl::Status Prune(const std::string& begin, const std::string& end,
                     const kv::Precondition& head, SteadyTime deadline);
  absl::Status DeleteKeys(const std::vector<std::string>& keys,
                          const kv::Precondition& head, SteadyTime deadline);

  // Settles what earlier writes left unknown. True if nothing is left.
  bool SettleRest(SteadyTime deadline);
  // Commits under the transaction's intent id, or under one of the session,
  // and settles what is unknown.
  kv::CommitResult Submit(kv::Transaction txn, SteadyTime deadline);
  // The same for what must simply succeed: OK, or UNAVAILABLE.
  absl::Status SubmitOwn(kv::Transaction txn, SteadyTime deadline);
  // True if the outcome of `id` became known for good.
  bool Settle(const kv::TransactionId& id, SteadyTime deadline,
              kv::CommitResult* result);

  kv::KeyValueStore* const kv_;
  const Clock* const clock_;
  const std::unique_ptr<kv::WriterSession> session_;
  const Logger* const log_;
  // Checkpoints of calls that did not verify. The turn's holder alone.
  uint64_t dropped_checkpoints_ = 0;

  Mutex mu_;
  CondVar turn_ended_;
  bool turn_taken_ ABSL_GUARDED_BY(mu_) = false;
  // Ids whose outcome is not known.
  std::vector<kv::TransactionId> unsettled_ ABSL_GUARDED_BY(mu_);
  uint64_t snapshot_revision_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_STORAGE_H_
