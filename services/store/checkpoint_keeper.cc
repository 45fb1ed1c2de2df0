// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/checkpoint_keeper.h"

#include <utility>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/own_commit.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using audit::KeptCheckpoint;
using keyward::internal::store::v1::CheckpointRecord;

struct LoadedCheckpoint {
  KeptCheckpoint kept;
  uint64_t revision = 0;  // 0 if there is no record.
};

absl::StatusOr<LoadedCheckpoint> Load(const kv::KeyValueReader& reader) {
  const absl::StatusOr<kv::Entry> entry = reader.Get(kCheckpointKey);
  if (absl::IsNotFound(entry.status())) return LoadedCheckpoint();
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<CheckpointRecord> record =
      DecodeRecord<CheckpointRecord>(entry->value);
  if (!record.ok()) return record.status();
  return LoadedCheckpoint{
      {record->note(), record->tree_size(), record->verifier_key()},
      entry->mod_revision};
}

void Put(const KeptCheckpoint& kept, kv::Transaction* txn) {
  CheckpointRecord record;
  record.set_format(kRecordFormat);
  record.set_note(kept.note);
  record.set_tree_size(kept.size);
  record.set_verifier_key(kept.verifier_key);
  txn->puts.push_back({kCheckpointKey, EncodeRecord(record)});
  txn->puts.push_back({kCheckpointSizeKey, kv::EncodeNumber(kept.size)});
}

}  // namespace

absl::StatusOr<std::string> CheckpointKeeper::Held() const {
  absl::StatusOr<LoadedCheckpoint> loaded = Load(*kv_);
  if (!loaded.ok()) return loaded.status();
  return std::move(loaded->kept.note);
}

absl::Status CheckpointKeeper::Hold(const rpc::HandedCheckpoint& handed,
                                    SteadyTime deadline) {
  while (true) {
    const absl::StatusOr<LoadedCheckpoint> loaded = Load(*kv_);
    if (!loaded.ok()) return loaded.status();
    const absl::StatusOr<absl::optional<KeptCheckpoint>> next =
        audit::KeepFromAudit(loaded->kept, handed.note, handed.verifier_key);
    if (!next.ok()) return next.status();
    if (!next->has_value()) return absl::OkStatus();
    kv::Transaction txn;
    txn.preconditions.push_back(
        kv::Precondition::RevisionIs(kCheckpointKey, loaded->revision));
    Put(**next, &txn);
    const absl::Status kept = CommitOwn(session_, std::move(txn), deadline);
    // A change that came in between brought a newer one.
    if (!absl::IsAborted(kept)) return kept;
    if (clock_->SteadyNow() >= deadline) {
      return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable,
                       "the deadline passed; ask again");
    }
  }
}

CheckpointKeeper::Checked CheckpointKeeper::LastChecked(
    const std::string& note) const {
  MutexLock l(&mu_);
  if (checked_ == nullptr || checked_->note != note) return nullptr;
  return checked_;
}

absl::StatusOr<CheckpointKeeper::Checked> CheckpointKeeper::Check(
    const std::string& note) {
  if (note.empty()) return Checked();
  Checked checked = LastChecked(note);
  if (checked != nullptr) return checked;
  absl::StatusOr<std::string> key = PinnedKey();
  if (!key.ok()) return key.status();
  absl::StatusOr<absl::optional<KeptCheckpoint>> next =
      audit::KeepFromCall({"", 0, *std::move(key)}, note);
  if (!next.ok()) {
    Drop(next.status());
    return Checked();
  }
  if (!next->has_value()) return Checked();
  checked = std::make_shared<const KeptCheckpoint>(**std::move(next));
  MutexLock l(&mu_);
  checked_ = checked;
  return checked;
}

absl::optional<CheckpointKeeper::Added> CheckpointKeeper::AddTo(
    const Checked& checked, kv::Transaction* txn) {
  if (checked == nullptr || checked->size <= held_size_.load()) {
    return absl::nullopt;
  }
  Added added{txn->preconditions.size(), checked->size};
  {
    MutexLock l(&mu_);
    added.put = checked->size > submitted_size_;
    if (added.put) submitted_size_ = checked->size;
  }
  if (added.put) {
    txn->preconditions.push_back(
        kv::Precondition::NumberAtMost(kCheckpointSizeKey, added.size - 1));
    Put(*checked, txn);
  } else {
    // Before it in the same group, or durable already. If the one that puts it
    // is not applied, this must not be either.
    txn->preconditions.push_back(
        kv::Precondition::NumberAtLeast(kCheckpointSizeKey, added.size));
  }
  return added;
}

void CheckpointKeeper::Ended(const Added& added,
                             const kv::CommitResult& result) {
  if (result.outcome == kv::CommitResult::Outcome::kApplied) {
    return NoteHeld(added.size);
  }
  if (result.outcome == kv::CommitResult::Outcome::kConflict &&
      result.failed_precondition == added.precondition) {
    NoteHeld(result.current);
  } else if (!added.put) {
    return;
  }
  // Whether others put it is not known: the next one does.
  MutexLock l(&mu_);
  submitted_size_ = 0;
}

absl::StatusOr<std::string> CheckpointKeeper::PinnedKey() {
  {
    MutexLock l(&mu_);
    if (!pinned_.empty()) return pinned_;
  }
  absl::StatusOr<LoadedCheckpoint> loaded = Load(*kv_);
  if (!loaded.ok()) return loaded.status();
  if (!loaded->kept.verifier_key.empty()) {
    MutexLock l(&mu_);
    pinned_ = loaded->kept.verifier_key;
  }
  return std::move(loaded->kept.verifier_key);
}

void CheckpointKeeper::NoteHeld(uint64_t size) {
  uint64_t held = held_size_.load();
  while (held < size && !held_size_.compare_exchange_weak(held, size)) {
  }
}

void CheckpointKeeper::Drop(const absl::Status& why) {
  const uint64_t count = ++dropped_;
  // The first, and then ever fewer: whoever sends them must not fill the log.
  if (log_ == nullptr || (count & (count - 1)) != 0) return;
  log_->Warning("a gateway handed a checkpoint that audit did not sign",
                {{"dropped", count}, {"reason", why}});
}

}  // namespace keyward::store
