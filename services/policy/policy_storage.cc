// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_storage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/kept_checkpoint.h"
#include "libs/base/error.h"
#include "services/policy/delta_parts.h"
#include "services/policy/policy_loader.h"
#include "services/policy/records.h"

namespace keyward::policy_service {
namespace {

using audit::KeptCheckpoint;
using keyward::internal::policy::v1::CheckpointRecord;
using keyward::internal::policy::v1::DeltaRecord;
using keyward::internal::policy::v1::HeadRecord;
using keyward::internal::policy::v1::InstallationRecord;
using policy::PolicyDelta;
using policy::PolicyState;
using Outcome = kv::CommitResult::Outcome;

std::string EncodePart(const PolicyDelta& part, size_t parts) {
  DeltaRecord record;
  record.set_format(kRecordFormat);
  record.set_parts(static_cast<uint32_t>(parts));
  *record.mutable_delta() = part;
  return EncodeRecord(record);
}

struct LoadedCheckpoint {
  KeptCheckpoint kept;
  uint64_t revision = 0;  // 0 if there is no record.
};

absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(
    const kv::KeyValueReader& reader) {
  const absl::StatusOr<kv::Entry> entry = reader.Get(kCheckpointKey);
  if (absl::IsNotFound(entry.status())) return LoadedCheckpoint();
  if (!entry.ok()) return ReadError(entry.status());
  const auto record = DecodeRecord<CheckpointRecord>(entry->value);
  if (!record.ok()) return record.status();
  return LoadedCheckpoint{
      {record->note(), record->tree_size(), record->verifier_key()},
      entry->mod_revision};
}

void PutCheckpoint(const KeptCheckpoint& kept, uint64_t on_revision,
                   kv::Transaction* txn) {
  CheckpointRecord record;
  record.set_format(kRecordFormat);
  record.set_note(kept.note);
  record.set_tree_size(kept.size);
  record.set_verifier_key(kept.verifier_key);
  txn->preconditions.push_back(
      kv::Precondition::RevisionIs(kCheckpointKey, on_revision));
  txn->puts.push_back({kCheckpointKey, EncodeRecord(record)});
}

}  // namespace

PolicyStorage::Turn::Turn(PolicyStorage* storage, SteadyTime deadline)
    : storage_(storage) {
  MutexLock l(&storage_->mu_);
  while (storage_->turn_taken_) {
    const absl::Duration left = deadline - storage_->clock_->SteadyNow();
    if (left <= absl::ZeroDuration()) return;
    storage_->turn_ended_.WaitFor(&storage_->mu_, left);
  }
  storage_->turn_taken_ = true;
  held_ = true;
}

PolicyStorage::Turn::~Turn() {
  if (!held_) return;
  MutexLock l(&storage_->mu_);
  storage_->turn_taken_ = false;
  storage_->turn_ended_.Signal();
}

absl::Status PolicyStorage::Busy() { return StateUnavailable("it is busy"); }

absl::StatusOr<std::unique_ptr<PolicyStorage>> PolicyStorage::Create(
    kv::KeyValueStore* kv, const Clock* clock, SteadyTime deadline,
    const Logger* log) {
  absl::StatusOr<std::unique_ptr<kv::WriterSession>> session =
      kv::WriterSession::Begin(kv, deadline);
  if (!session.ok()) return ReadError(session.status());
  return std::unique_ptr<PolicyStorage>(
      new PolicyStorage(kv, clock, *std::move(session), log));
}

absl::StatusOr<DurablePolicy> PolicyStorage::Load() {
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicy(*kv_);
  if (!loaded.ok()) return loaded.status();
  MutexLock l(&mu_);
  snapshot_revision_ = loaded->snapshot_revision;
  return std::move(loaded->policy);
}

absl::StatusOr<DurablePolicy> PolicyStorage::Preview(
    const DurablePolicy& on, const StorageChange& change, uint64_t revision) {
  DurablePolicy next = on;
  if (change.delta.has_value()) {
    PolicyState state = *on.state;
    absl::Status status = state.Apply(*change.delta);
    if (!status.ok()) return status;
    next.state = std::make_shared<const PolicyState>(std::move(state));
    for (const std::string& parent : TouchedParents(*change.delta)) {
      next.generations[parent] = revision;
    }
  }
  if (change.begun_deletion.has_value()) {
    next.deletions[change.begun_deletion->project()] = *change.begun_deletion;
  }
  if (!change.ended_deletion.empty()) {
    next.deletions.erase(change.ended_deletion);
  }
  return next;
}

absl::StatusOr<kv::Precondition> PolicyStorage::HeadIs(
    const DurablePolicy& on) const {
  const absl::StatusOr<kv::Entry> entry = kv_->Get(kHeadKey);
  uint64_t revision = 0;
  uint64_t mod_revision = 0;
  if (entry.ok()) {
    const auto head = DecodeRecord<HeadRecord>(entry->value);
    if (!head.ok()) return head.status();
    revision = head->revision();
    mod_revision = entry->mod_revision;
  } else if (!absl::IsNotFound(entry.status())) {
    return ReadError(entry.status());
  }
  if (revision != on.revision()) {
    return absl::AbortedError("a newer revision of the policy is durable");
  }
  return kv::Precondition::RevisionIs(kHeadKey, mod_revision);
}

kv::CommitResult PolicyStorage::Commit(const DurablePolicy& on,
                                       StorageChange change,
                                       SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (!turn.held()) return kv::CommitResult::Refused(Busy());
  const absl::StatusOr<kv::Precondition> head = HeadIs(on);
  if (!head.ok()) return kv::CommitResult::Refused(head.status());

  kv::Transaction txn;
  if (change.intent_id.has_value()) {
    txn.id = kv::TransactionId::Intent(*change.intent_id);
    txn.on_conflict = kv::OnConflict::kBarId;
  }
  txn.txn_value = std::move(change.result);
  txn.preconditions.push_back(*head);
  txn.puts = std::move(change.puts);
  txn.deletes = std::move(change.deletes);
  if (change.delta.has_value()) {
    const uint64_t revision = change.delta->revision();
    const std::vector<PolicyDelta> parts =
        SplitDelta(*change.delta, kMaxPartBytes);
    if (parts.size() == 1) {
      txn.puts.push_back({DeltaKey(revision, 0), EncodePart(parts[0], 1)});
    } else {
      absl::Status written = WriteParts(parts, *head, deadline);
      if (!written.ok()) return kv::CommitResult::Refused(written);
    }
    txn.puts.push_back({kHeadKey, EncodeHead(revision)});
    for (const std::string& parent : TouchedParents(*change.delta)) {
      txn.puts.push_back({GenerationKey(parent), kv::EncodeNumber(revision)});
    }
  }
  if (change.begun_deletion.has_value()) {
    txn.puts.push_back({DeletionKey(change.begun_deletion->project()),
                        EncodeRecord(*change.begun_deletion)});
  }
  if (!change.ended_deletion.empty()) {
    txn.deletes.push_back({DeletionKey(change.ended_deletion)});
  }
  absl::Status added = AddCheckpoint(change.checkpoint, &txn);
  if (!added.ok()) return kv::CommitResult::Refused(added);
  return Submit(std::move(txn), deadline);
}

absl::Status PolicyStorage::WriteParts(const std::vector<PolicyDelta>& parts,
                                       const kv::Precondition& head,
                                       SteadyTime deadline) {
  for (size_t i = 0; i < parts.size(); ++i) {
    kv::Transaction txn;
    // A leftover of a change that did not happen may lie there: the head says
    // that nobody has seen it.
    txn.preconditions.push_back(head);
    txn.puts.push_back({DeltaKey(parts[i].revision(), static_cast<uint32_t>(i)),
                        EncodePart(parts[i], parts.size())});
    absl::Status status = SubmitOwn(std::move(txn), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PolicyStorage::AddCheckpoint(const std::string& note,
                                          kv::Transaction* txn) {
  if (note.empty()) return absl::OkStatus();
  const absl::StatusOr<LoadedCheckpoint> held = LoadCheckpoint(*kv_);
  if (!held.ok()) return held.status();
  const absl::StatusOr<absl::optional<KeptCheckpoint>> next =
      audit::KeepFromCall(held->kept, note);
  if (!next.ok()) {
    DropCheckpoint(next.status());
  } else if (next->has_value()) {
    PutCheckpoint(**next, held->revision, txn);
  }
  return absl::OkStatus();
}

void PolicyStorage::DropCheckpoint(const absl::Status& why) {
  const uint64_t count = ++dropped_checkpoints_;
  // The first, and then ever fewer: whoever sends them must not fill the log.
  if (log_ == nullptr || (count & (count - 1)) != 0) return;
  log_->Warning("a gateway handed a checkpoint that audit did not sign",
                {{"dropped", count}, {"reason", why}});
}

absl::Status PolicyStorage::HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                                           SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (!turn.held()) return Busy();
  const absl::StatusOr<LoadedCheckpoint> held = LoadCheckpoint(*kv_);
  if (!held.ok()) return held.status();
  const absl::StatusOr<absl::optional<KeptCheckpoint>> next =
      audit::KeepFromAudit(held->kept, handed.note, handed.verifier_key);
  if (!next.ok()) return next.status();
  if (!next->has_value()) return absl::OkStatus();
  kv::Transaction txn;
  PutCheckpoint(**next, held->revision, &txn);
  return SubmitOwn(std::move(txn), deadline);
}

absl::StatusOr<std::string> PolicyStorage::HeldCheckpoint() const {
  absl::StatusOr<LoadedCheckpoint> held = LoadCheckpoint(*kv_);
  if (!held.ok()) return held.status();
  return std::move(held->kept.note);
}

absl::StatusOr<uint64_t> PolicyStorage::RaiseFloor(uint64_t floor,
                                                   SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (!turn.held()) return Busy();
  const absl::StatusOr<uint64_t> present = kv_->IntentFloor();
  if (!present.ok()) return ReadError(present.status());
  if (*present >= floor) return *present;
  kv::Transaction txn;
  txn.raise_intent_floor = floor;
  absl::Status status = SubmitOwn(std::move(txn), deadline);
  if (!status.ok()) return status;
  return floor;
}

absl::StatusOr<std::string> PolicyStorage::PendingInstallation() const {
  const absl::StatusOr<kv::Entry> entry = kv_->Get(kInstallationKey);
  if (absl::IsNotFound(entry.status())) return std::string();
  if (!entry.ok()) return ReadError(entry.status());
  const auto record = DecodeRecord<InstallationRecord>(entry->value);
  if (!record.ok()) return record.status();
  return record->administrator();
}

absl::Status PolicyStorage::ForgetPendingInstallation(SteadyTime deadline) {
  const Turn turn(this, deadline);
  if (!turn.held()) return Busy();
  kv::Transaction txn;
  txn.preconditions.push_back(kv::Precondition::Exists(kInstallationKey));
  txn.deletes.push_back({kInstallationKey});
  return SubmitOwn(std::move(txn), deadline);
}

kv::CommitResult PolicyStorage::Submit(kv::Transaction txn,
                                       SteadyTime deadline) {
  // What may still happen may move the head, or write over a part of this
  // change: nothing is built on that.
  if (!SettleRest(deadline)) {
    return kv::CommitResult::Refused(
        StateUnavailable("the outcome of an earlier change is not known yet"));
  }
  const bool own = txn.id.kind == kv::TransactionId::Kind::kNone;
  const kv::TransactionId intent = txn.id;
  const kv::CommitOptions options = {deadline};
  kv::CommitResult result =
      own ? session_->CommitAndWait(std::move(txn), options)
          : kv_->CommitAndWait(std::move(txn), options);
  if (result.outcome != Outcome::kUnknown) return result;
  const kv::TransactionId id = own ? result.id : intent;
  if (!Settle(id, std::max(deadline, clock_->SteadyNow() + kSettleGrace),
              &result)) {
    MutexLock l(&mu_);
    unsettled_.push_back(id);
  }
  return result;
}

absl::Status PolicyStorage::SubmitOwn(kv::Transaction txn,
                                      SteadyTime deadline) {
  const kv::CommitResult result = Submit(std::move(txn), deadline);
  if (result.applied()) return absl::OkStatus();
  return StateFailed(result.ToString());
}

bool PolicyStorage::Settle(const kv::TransactionId& id, SteadyTime deadline,
                           kv::CommitResult* result) {
  const kv::CommitOptions options = {deadline};
  const bool own = id.kind == kv::TransactionId::Kind::kSession;
  *result = own ? session_->SettleAndWait(id, options)
                : kv_->SettleAndWait(id, options);
  if (result->outcome != Outcome::kUnknown) return true;
  if (own) return false;
  // Below the floor nothing is told of an id any more. Its intent is closed
  // then, so the reconciler has settled it.
  const absl::StatusOr<uint64_t> floor = kv_->IntentFloor();
  return floor.ok() && id.number < *floor;
}

bool PolicyStorage::Settled(SteadyTime deadline) {
  const Turn turn(this, deadline);
  return turn.held() && SettleRest(deadline);
}

bool PolicyStorage::SettleRest(SteadyTime deadline) {
  std::vector<kv::TransactionId> ids;
  {
    MutexLock l(&mu_);
    ids = unsettled_;
  }
  std::vector<kv::TransactionId> left;
  for (const kv::TransactionId& id : ids) {
    kv::CommitResult result;
    if (!Settle(id, deadline, &result)) left.push_back(id);
  }
  MutexLock l(&mu_);
  unsettled_ = std::move(left);
  return unsettled_.empty();
}

void PolicyStorage::SettleIntent(uint64_t intent_id, SteadyTime deadline,
                                 kv::CommitCallback done) {
  kv_->Settle(kv::TransactionId::Intent(intent_id), kv::CommitOptions{deadline},
              std::move(done));
}

kv::CommitResult PolicyStorage::SettleIntentAndWait(uint64_t intent_id,
                                                    SteadyTime deadline) {
  return kv_->SettleAndWait(kv::TransactionId::Intent(intent_id),
                            kv::CommitOptions{deadline});
}

absl::StatusOr<absl::optional<kv::TransactionRecord>> PolicyStorage::FindIntent(
    uint64_t intent_id) const {
  absl::optional<kv::TransactionRecord> none;
  absl::StatusOr<kv::TransactionRecord> found =
      kv_->GetTransaction(kv::TransactionId::Intent(intent_id));
  if (absl::IsNotFound(found.status())) return none;
  if (!found.ok()) return ReadError(found.status());
  return absl::optional<kv::TransactionRecord>(*std::move(found));
}

}  // namespace keyward::policy_service
