// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/rocksdb_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/fault_point.h"
#include "libs/kv/feed_reader.h"
#include "libs/kv/reader.h"
#include "libs/kv/rocksdb_snapshot.h"
#include "libs/kv/rocksdb_status.h"

namespace keyward::kv {
namespace {

std::unique_ptr<Work> MakeWork(Work::Kind kind, SteadyTime deadline,
                               CommitCallback done) {
  auto work = std::make_unique<Work>();
  work->kind = kind;
  work->deadline = deadline;
  work->done = std::move(done);
  return work;
}

// What a work of the engine's own answers to a caller that knows Status alone.
absl::Status AsStatus(const CommitResult& result) {
  if (result.applied()) return absl::OkStatus();
  if (!absl::IsDeadlineExceeded(result.status)) return result.status;
  return absl::UnavailableError(result.status.message());
}

}  // namespace

absl::StatusOr<Entry> RocksDbStore::Get(absl::string_view key) const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  return reader::Get((*database)->db(), rocksdb::ReadOptions(), key);
}

std::vector<absl::StatusOr<Entry>> RocksDbStore::GetMany(
    const std::vector<std::string>& keys) const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) {
    return std::vector<absl::StatusOr<Entry>>(keys.size(), database.status());
  }
  return reader::GetMany((*database)->db(), rocksdb::ReadOptions(), keys);
}

absl::StatusOr<RangeResult> RocksDbStore::Range(
    absl::string_view begin, absl::string_view end,
    const RangeOptions& options) const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  return reader::Range((*database)->db(), rocksdb::ReadOptions(), begin, end,
                       options);
}

absl::StatusOr<uint64_t> RocksDbStore::Revision() const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  return reader::Revision((*database)->db(), rocksdb::ReadOptions());
}

void RocksDbStore::Commit(Transaction txn, const CommitOptions& options,
                          CommitCallback done) {
  // Before it takes a place in the queue: a bound that is checked only by the
  // leader would let the queue hold any amount of memory.
  absl::Status valid = ValidateTransaction(txn);
  if (!valid.ok()) {
    done(CommitResult::Refused(std::move(valid)));
    return;
  }
  auto work = MakeWork(Work::Kind::kCommit, options.deadline, std::move(done));
  work->txn = std::move(txn);
  queue_->Submit(std::move(work));
}

void RocksDbStore::Settle(const TransactionId& id, const CommitOptions& options,
                          CommitCallback done) {
  const bool has_id = id.kind != TransactionId::Kind::kNone;
  // The settling submission itself may be refused; the outcome that it asked
  // for is then as unknown as before.
  CommitCallback answer =
      [has_id, done = std::move(done)](CommitResult result) mutable {
        if (has_id && result.outcome == CommitResult::Outcome::kRefused) {
          result = CommitResult::Unknown(std::move(result.status));
        }
        done(std::move(result));
      };
  auto work =
      MakeWork(Work::Kind::kSettle, options.deadline, std::move(answer));
  work->txn.id = id;
  queue_->Submit(std::move(work));
}

absl::StatusOr<TransactionRecord> RocksDbStore::GetTransaction(
    const TransactionId& id) const {
  if (id.kind == TransactionId::Kind::kNone) {
    return absl::InvalidArgumentError("the transaction has no id");
  }
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  {
    MutexLock lock(&mu_);
    // Some records of retired ids are purged already and others not; the
    // answer must not depend on it.
    if (IsRetired(state_, id)) {
      return absl::NotFoundError(
          "the transaction's id is below its floor or its session is closed");
    }
  }
  return LoadTransaction((*database)->db(), id);
}

absl::StatusOr<uint64_t> RocksDbStore::IntentFloor() const {
  MutexLock lock(&mu_);
  if (database_ == nullptr) return failure_;
  return state_.intent_floor;
}

absl::StatusOr<uint64_t> RocksDbStore::BeginSession(SteadyTime deadline) {
  CommitResult result =
      Await(MakeWork(Work::Kind::kBeginSession, deadline, nullptr));
  if (!result.applied()) return AsStatus(result);
  return result.revision;
}

absl::Status RocksDbStore::CloseSession(uint64_t session, SteadyTime deadline) {
  auto work = MakeWork(Work::Kind::kCloseSession, deadline, nullptr);
  work->number = session;
  return AsStatus(Await(std::move(work)));
}

absl::StatusOr<std::unique_ptr<Snapshot>> RocksDbStore::NewSnapshot() const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  absl::StatusOr<std::shared_ptr<SnapshotPin>> pin =
      (*database)->snapshots()->Take(options_.clock->SteadyNow());
  if (!pin.ok()) return pin.status();
  return std::make_unique<RocksDbSnapshot>(*std::move(pin));
}

absl::StatusOr<FeedPage> RocksDbStore::ReadFeed(absl::string_view keyspace,
                                                uint64_t from_revision,
                                                size_t limit) const {
  absl::StatusOr<std::shared_ptr<Database>> database = Current();
  if (!database.ok()) return database.status();
  return ReadFeedFrom((*database)->db(), keyspace, from_revision, limit);
}

absl::StatusOr<std::unique_ptr<Subscription>> RocksDbStore::SubscribeFeed(
    absl::string_view keyspace,
    absl::AnyInvocable<void(uint64_t revision)> notice) {
  {
    MutexLock lock(&mu_);
    if (state_.feeds.count(std::string(keyspace)) == 0) {
      return absl::NotFoundError("the keyspace has no feed");
    }
  }
  return feeds_.Subscribe(keyspace, std::move(notice));
}

absl::Status RocksDbStore::CompactFeed(absl::string_view keyspace,
                                       uint64_t revision) {
  auto work =
      MakeWork(Work::Kind::kCompactFeed, SteadyTime::InfiniteFuture(), nullptr);
  work->keyspace = std::string(keyspace);
  work->number = revision;
  return AsStatus(Await(std::move(work)));
}

void RocksDbStore::WaitErased(uint64_t revision,
                              absl::AnyInvocable<void(absl::Status)> done) {
  erasures_.Wait(revision, std::move(done));
}

StoreStats RocksDbStore::Stats() const {
  const size_t waiting = queue_->waiting();
  const uint64_t oldest = erasures_.oldest();
  MutexLock lock(&mu_);
  StoreStats stats = stats_;
  stats.revision = state_.revision;
  stats.serving = database_ != nullptr;
  stats.waiting = waiting;
  stats.pending_erasures = erasures_.pending();
  stats.erased_through = std::min(stats.revision, oldest - 1);
  return stats;
}

absl::StatusOr<std::shared_ptr<Database>> RocksDbStore::Current() const {
  MutexLock lock(&mu_);
  if (database_ == nullptr) return failure_;
  return database_;
}

CommitQueue::Outcome RocksDbStore::Apply(
    const std::vector<const Work*>& group) {
  std::shared_ptr<Database> database;
  EngineState state;
  {
    MutexLock lock(&mu_);
    if (database_ == nullptr) return Refuse(group, failure_);
    // RocksDB would refuse the write, and a refused write reopens the database,
    // for which there is as little room: then nothing could be read either.
    if (!read_only_.ok()) return Refuse(group, read_only_);
    database = database_;
    state = state_;
  }
  GroupWriter writer(database->db(), state);
  for (const Work* work : group) writer.Add(*work);
  CommitQueue::Outcome outcome;
  rocksdb::WriteBatch* batch = writer.Finish();
  if (batch != nullptr) {
    KEYWARD_FAULT_POINT("kv.commit.before_write", options_.owner);
    absl::Status written =
        FromRocksDb(database->db()->Write(SyncedWrite(), batch), "commit");
    if (written.ok()) written = database->NameLog();
    if (!written.ok()) {
      absl::Status cause = absl::UnavailableError(written.message());
      outcome.results = writer.FailedResults(cause);
      Fail(cause, writer.claimed());
      return outcome;
    }
    KEYWARD_FAULT_POINT("kv.commit.durable", options_.owner);
    Publish(&writer);
  }
  outcome.results = writer.DurableResults();
  if (!writer.changed_feeds().empty()) {
    outcome.afterwards = [this, keyspaces = writer.changed_feeds(),
                          revision = writer.state().revision] {
      for (const std::string& keyspace : keyspaces) {
        feeds_.Notify(keyspace, revision);
      }
    };
  }
  return outcome;
}

CommitQueue::Outcome RocksDbStore::Refuse(const std::vector<const Work*>& group,
                                          const absl::Status& why) const {
  CommitQueue::Outcome outcome;
  outcome.results.assign(group.size(), CommitResult::Refused(why));
  return outcome;
}

void RocksDbStore::Publish(GroupWriter* writer) {
  erasures_.Add(writer->erasures(), options_.clock->SteadyNow());
  MutexLock lock(&mu_);
  state_ = writer->state();
  stats_.transactions += writer->applied();
  ++stats_.syncs;
  garbage_ = garbage_ || writer->makes_garbage();
  if (writer->makes_garbage() || !writer->erasures().empty()) {
    wake_.SignalAll();
  }
}

void RocksDbStore::Fail(const absl::Status& cause,
                        const std::vector<TransactionId>& unknown) {
  {
    MutexLock lock(&mu_);
    // Only the first failure of a database counts: the maintenance thread may
    // have seen it too.
    if (database_ == nullptr) return;
    failure_ = absl::UnavailableError(absl::StrCat(
        "the store is reopening after a failed write: ", cause.message()));
    unknown_.insert(unknown_.end(), unknown.begin(), unknown.end());
    // Not closed here: the leader holds up commits, and closing may take long.
    dying_ = std::move(database_);
    database_ = nullptr;
    read_only_ = absl::OkStatus();
    ++stats_.failed_syncs;
    wake_.SignalAll();
  }
  Log(absl::StrCat("the store ", options_.path,
                   " failed and refuses everything: ", cause.message()));
}

void RocksDbStore::Log(const std::string& message) const {
  if (options_.log) options_.log(message);
}

}  // namespace keyward::kv
