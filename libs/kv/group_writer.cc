// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/group_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/rocksdb_status.h"

namespace keyward::kv {
namespace {

// A number has 8 bytes; a longer value is copied no further than it takes to
// see that it is none.
constexpr size_t kNumberProbeBytes = sizeof(uint64_t) + 1;

absl::Status Retired() {
  return absl::FailedPreconditionError(
      "the transaction's id is below its floor or its session is closed");
}

absl::Status NoConflict() { return absl::NotFoundError(""); }

// The answer of a work that asked for something that holds already.
CommitResult NothingToDo(uint64_t revision) {
  return CommitResult::Applied(revision);
}

}  // namespace

void GroupWriter::Add(const Work& work) { decisions_.push_back(Decide(work)); }

GroupWriter::Decision GroupWriter::Decide(const Work& work) {
  switch (work.kind) {
    case Work::Kind::kCommit:
      return DecideCommit(work.txn);
    case Work::Kind::kSettle:
      return DecideSettle(work.txn.id);
    case Work::Kind::kBeginSession:
      return BeginSession();
    case Work::Kind::kCloseSession:
      return CloseSession(work.number);
    case Work::Kind::kCompactFeed:
      return CompactFeed(work);
    case Work::Kind::kPurge:
      return Purge(work);
  }
  return {CommitResult::Refused(absl::InternalError("no such work"))};
}

GroupWriter::Decision GroupWriter::DecideCommit(const Transaction& txn) {
  absl::Status valid = ValidateTransaction(txn);
  if (!valid.ok()) return {CommitResult::Refused(std::move(valid))};
  // First of all: what was stored under a retired id may be purged, so that
  // finding nothing would read as "never applied" and apply it again.
  if (IsRetired(state_, txn.id)) return {CommitResult::Refused(Retired())};
  absl::StatusOr<Decision> known = FindId(txn.id);
  if (known.ok()) return *std::move(known);
  if (!absl::IsNotFound(known.status())) {
    return {CommitResult::Refused(known.status())};
  }
  absl::StatusOr<Decision> conflict = FindConflict(txn);
  if (absl::IsNotFound(conflict.status())) return Apply(txn);
  if (!conflict.ok()) return {CommitResult::Refused(conflict.status())};
  if (txn.on_conflict == OnConflict::kBarId) {
    return Bar(txn.id, std::move(conflict->result));
  }
  return *std::move(conflict);
}

GroupWriter::Decision GroupWriter::DecideSettle(const TransactionId& id) {
  if (id.kind == TransactionId::Kind::kNone) {
    return {CommitResult::Refused(
        absl::InvalidArgumentError("settle: the transaction has no id"))};
  }
  if (IsRetired(state_, id)) return {CommitResult::Unknown(Retired())};
  absl::StatusOr<Decision> known = FindId(id);
  if (known.ok()) return *std::move(known);
  if (!absl::IsNotFound(known.status())) {
    return {CommitResult::Unknown(known.status())};
  }
  return Bar(id, CommitResult::Barred());
}

absl::StatusOr<GroupWriter::Decision> GroupWriter::FindId(
    const TransactionId& id) {
  Decision decision;
  absl::StatusOr<TransactionRecord> record;
  const auto written = records_.find(format::TransactionKey(id));
  if (written != records_.end()) {
    record =
        TransactionRecord{written->second.applied, written->second.revision,
                          std::string(written->second.txn_value)};
    decision.basis = Basis::kOverlay;
  } else {
    record = LoadTransaction(db_, id);
  }
  if (!record.ok()) return record.status();
  decision.result = record->applied
                        ? CommitResult::AlreadyApplied(
                              record->revision, std::move(record->txn_value))
                        : CommitResult::Barred();
  return decision;
}

absl::StatusOr<GroupWriter::Decision> GroupWriter::FindConflict(
    const Transaction& txn) {
  for (size_t i = 0; i < txn.preconditions.size(); ++i) {
    const Precondition& condition = txn.preconditions[i];
    absl::StatusOr<Current> current = CurrentOf(condition.key);
    if (!current.ok()) return current.status();
    const bool present = current->mod_revision != 0;
    uint64_t seen = current->mod_revision;
    const bool compares_number =
        condition.kind == Precondition::Kind::kNumberAtMost ||
        condition.kind == Precondition::Kind::kNumberAtLeast;
    if (compares_number && present) {
      absl::StatusOr<uint64_t> number = DecodeNumber(current->value);
      if (!number.ok()) return number.status();
      seen = *number;
    }
    bool holds = false;
    switch (condition.kind) {
      case Precondition::Kind::kRevisionIs:
        holds = seen == condition.number;
        break;
      case Precondition::Kind::kExists:
        holds = present;
        break;
      case Precondition::Kind::kNumberAtMost:
        holds = present && seen <= condition.number;
        break;
      case Precondition::Kind::kNumberAtLeast:
        holds = present && seen >= condition.number;
        break;
    }
    if (holds) continue;
    return Decision{CommitResult::Conflict(i, seen),
                    current->from_overlay ? Basis::kOverlay : Basis::kStored};
  }
  if (txn.raise_intent_floor.has_value() &&
      state_.intent_floor > *txn.raise_intent_floor) {
    return Decision{
        CommitResult::Conflict(txn.preconditions.size(), state_.intent_floor),
        Basis::kOverlay};
  }
  return NoConflict();
}

GroupWriter::Decision GroupWriter::Bar(const TransactionId& id,
                                       CommitResult result) {
  Record(id, {false, ++state_.revision, {}});
  return {std::move(result), Basis::kWritten};
}

GroupWriter::Decision GroupWriter::Apply(const Transaction& txn) {
  const uint64_t revision = ++state_.revision;
  for (const Put& put : txn.puts) {
    overlay_[put.key] = {revision, put.value};
    AddFeedEvent(put.key, FeedEvent::Kind::kPut);
    if (put.erase_old) AddErasure(put.key);
  }
  for (const Delete& del : txn.deletes) {
    // An event only for what was there. If that cannot be read, one too many
    // does no harm; one too few would.
    if (FeedOf(del.key) != nullptr) {
      absl::StatusOr<Current> current = CurrentOf(del.key);
      if (!current.ok() || current->mod_revision != 0) {
        AddFeedEvent(del.key, FeedEvent::Kind::kDelete);
      }
    }
    overlay_[del.key] = {0, {}};
    if (del.erase) AddErasure(del.key);
  }
  if (txn.raise_intent_floor.has_value()) {
    state_.intent_floor = *txn.raise_intent_floor;
    batch_.Put(format::IntentFloorKey(), EncodeNumber(state_.intent_floor));
    makes_garbage_ = true;
  }
  if (txn.raise_session_floor.has_value() &&
      *txn.raise_session_floor > state_.sessions[txn.id.session]) {
    state_.sessions[txn.id.session] = *txn.raise_session_floor;
    batch_.Put(format::SessionKey(txn.id.session),
               EncodeNumber(*txn.raise_session_floor));
    makes_garbage_ = true;
  }
  Record(txn.id, {true, revision, txn.txn_value});
  ++applied_;
  return {CommitResult::Applied(revision), Basis::kWritten};
}

GroupWriter::Decision GroupWriter::BeginSession() {
  // A revision is never given twice, so neither is a session.
  const uint64_t session = ++state_.revision;
  state_.sessions[session] = 0;
  batch_.Put(format::SessionKey(session), EncodeNumber(0));
  return {CommitResult::Applied(session), Basis::kWritten};
}

GroupWriter::Decision GroupWriter::CloseSession(uint64_t session) {
  if (state_.sessions.erase(session) == 0) {
    return {NothingToDo(state_.revision)};
  }
  batch_.Delete(format::SessionKey(session));
  makes_garbage_ = true;
  return {CommitResult::Applied(state_.revision), Basis::kWritten};
}

GroupWriter::Decision GroupWriter::CompactFeed(const Work& work) {
  const auto feed = state_.feeds.find(work.keyspace);
  if (feed == state_.feeds.end()) {
    return {
        CommitResult::Refused(absl::NotFoundError("the keyspace has no feed"))};
  }
  // The group's own revisions are not there yet, and may never be.
  if (work.number > first_revision_) {
    return {CommitResult::Refused(absl::InvalidArgumentError(
        "the revision to compact to is above the store's"))};
  }
  if (work.number <= feed->second) return {NothingToDo(state_.revision)};
  feed->second = work.number;
  batch_.Put(format::FeedMetaKey(work.keyspace), EncodeNumber(work.number));
  makes_garbage_ = true;
  return {CommitResult::Applied(state_.revision), Basis::kWritten};
}

GroupWriter::Decision GroupWriter::Purge(const Work& work) {
  for (const std::string& key : work.disk_keys) batch_.Delete(key);
  return {CommitResult::Applied(state_.revision), Basis::kWritten};
}

absl::StatusOr<GroupWriter::Current> GroupWriter::CurrentOf(
    const std::string& key) {
  const auto written = overlay_.find(key);
  if (written != overlay_.end()) {
    return Current{
        written->second.mod_revision,
        std::string(written->second.value.substr(0, kNumberProbeBytes)), true};
  }
  const auto seen = stored_.find(key);
  if (seen != stored_.end()) return seen->second;
  absl::StatusOr<Current> stored = ReadStored(key);
  if (stored.ok()) stored_[key] = *stored;
  return stored;
}

absl::StatusOr<GroupWriter::Current> GroupWriter::ReadStored(
    const std::string& key) const {
  rocksdb::PinnableSlice disk_value;
  const rocksdb::Status got =
      db_->Get(rocksdb::ReadOptions(), db_->DefaultColumnFamily(),
               format::DataKey(key), &disk_value);
  if (got.IsNotFound()) return Current{};
  if (!got.ok()) return FromRocksDb(got, "read a precondition's key");
  absl::StatusOr<format::Data> data = format::DecodeData(
      absl::string_view(disk_value.data(), disk_value.size()));
  if (!data.ok()) return data.status();
  return Current{data->mod_revision,
                 std::string(data->value.substr(0, kNumberProbeBytes)), false};
}

void GroupWriter::Record(const TransactionId& id, const WrittenId& written) {
  std::string key = format::TransactionKey(id);
  const std::string head =
      format::EncodeTransaction({written.applied, written.revision, {}});
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {
      head, {written.txn_value.data(), written.txn_value.size()}};
  batch_.Put(db_->DefaultColumnFamily(), rocksdb::SliceParts(&key_part, 1),
             rocksdb::SliceParts(value_parts, 2));
  records_[std::move(key)] = written;
  claimed_.push_back(id);
}

void GroupWriter::WriteOverlay() {
  // In order: RocksDB looks for the place of a key from the last one's on.
  std::vector<std::pair<absl::string_view, OverlayEntry>> entries(
      overlay_.begin(), overlay_.end());
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::string space = format::DataKey({});
  for (const auto& [key, entry] : entries) {
    const rocksdb::Slice key_parts[] = {space, {key.data(), key.size()}};
    const rocksdb::SliceParts disk_key(key_parts, 2);
    if (entry.mod_revision == 0) {
      batch_.Delete(db_->DefaultColumnFamily(), disk_key);
      continue;
    }
    const std::string head = format::EncodeData(entry.mod_revision, {});
    const rocksdb::Slice value_parts[] = {
        head, {entry.value.data(), entry.value.size()}};
    batch_.Put(db_->DefaultColumnFamily(), disk_key,
               rocksdb::SliceParts(value_parts, 2));
  }
}

const std::string* GroupWriter::FeedOf(absl::string_view key) const {
  for (const auto& [keyspace, through] : state_.feeds) {
    if (absl::StartsWith(key, keyspace)) return &keyspace;
  }
  return nullptr;
}

void GroupWriter::AddFeedEvent(absl::string_view key, FeedEvent::Kind kind) {
  const std::string* keyspace = FeedOf(key);
  if (keyspace == nullptr) return;
  batch_.Put(format::FeedKey(*keyspace, state_.revision, key),
             format::EncodeFeedKind(kind));
  changed_feeds_.insert(*keyspace);
}

void GroupWriter::AddErasure(const std::string& key) {
  batch_.Put(format::ErasureKey(state_.revision, key), "");
  erasures_.push_back({state_.revision, key});
}

rocksdb::WriteBatch* GroupWriter::Finish() {
  WriteOverlay();
  if (batch_.Count() == 0) return nullptr;
  if (state_.revision != first_revision_) {
    batch_.Put(format::RevisionKey(), EncodeNumber(state_.revision));
  }
  return &batch_;
}

std::vector<CommitResult> GroupWriter::DurableResults() const {
  std::vector<CommitResult> results;
  results.reserve(decisions_.size());
  for (const Decision& decision : decisions_) {
    results.push_back(decision.result);
  }
  return results;
}

std::vector<CommitResult> GroupWriter::FailedResults(
    const absl::Status& cause) const {
  std::vector<CommitResult> results;
  results.reserve(decisions_.size());
  for (const Decision& decision : decisions_) {
    const bool conflict =
        decision.result.outcome == CommitResult::Outcome::kConflict;
    if (decision.basis == Basis::kStored) {
      results.push_back(decision.result);
    } else if (decision.basis == Basis::kOverlay && conflict) {
      // What it conflicts with may not exist, but this changed nothing.
      results.push_back(CommitResult::Refused(cause));
    } else {
      results.push_back(CommitResult::Unknown(cause));
    }
  }
  return results;
}

}  // namespace keyward::kv
