// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a RocksDbStore: opening, the maintenance thread, recovery from a
// failed write, closing. Its operations are in rocksdb_store.cc.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/fault_point.h"
#include "libs/base/steady_time.h"
#include "libs/kv/janitor.h"
#include "libs/kv/result_slot.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/rocksdb_store.h"

namespace keyward::kv {
namespace {

// Attempts to open again after a failure: soon at first, since most failures
// are short; then rarely enough to leave a full disk alone.
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackoff = absl::Seconds(5);

// How often snapshots' ages and erasures are looked at.
constexpr absl::Duration kMaintenancePeriod = absl::Milliseconds(500);

// For erasures that are not due, or held up by a snapshot.
constexpr absl::Duration kErasurePoll = absl::Milliseconds(50);

// While a failed database's last readers finish.
constexpr absl::Duration kReaderPoll = absl::Milliseconds(5);

// For erasures that the disk had no room for: at first as often as for an
// opening, but no less often than lets removal follow soon after there is room.
constexpr absl::Duration kFirstEraseBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxEraseBackoff = absl::Seconds(5);

// Records in one purge: a fraction of a group's bytes.
constexpr size_t kPurgeBatch = 1000;

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(
    const RocksDbOptions& options,
    std::shared_ptr<rocksdb::FileSystem> file_system) {
  if (options.clock == nullptr) {
    return absl::InvalidArgumentError("options.clock: must be set");
  }
  absl::StatusOr<std::unique_ptr<DataFolder>> folder =
      DataFolder::Claim(options.path, file_system);
  if (!folder.ok()) return folder.status();
  const bool create = (*folder)->empty();
  std::unique_ptr<RocksDbStore> store(
      new RocksDbStore(options, std::move(file_system), *std::move(folder)));

  DatabaseOptions database_options = store->MakeDatabaseOptions();
  database_options.create = create;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(database_options);
  if (!database.ok()) return database.status();
  rocksdb::DB* db = (*database)->db();
  absl::StatusOr<EngineState> state =
      LoadState(db, options.owner, options.feeds, /*close_sessions=*/true);
  if (!state.ok()) return state.status();
  absl::StatusOr<std::vector<format::Erasure>> erasures = LoadErasures(db);
  if (!erasures.ok()) return erasures.status();
  store->erasures_.Add(*erasures, options.clock->SteadyNow());
  {
    MutexLock lock(&store->mu_);
    store->database_ = *std::move(database);
    store->state_ = *std::move(state);
  }
  store->maintenance_ =
      std::thread([self = store.get()] { self->MaintenanceLoop(); });
  return store;
}

RocksDbStore::RocksDbStore(const RocksDbOptions& options,
                           std::shared_ptr<rocksdb::FileSystem> file_system,
                           std::unique_ptr<DataFolder> folder)
    : options_(options),
      file_system_(std::move(file_system)),
      folder_(std::move(folder)) {
  CommitQueue::Options queue_options;
  queue_options.max_waiting = options.max_waiting;
  queue_ = std::make_unique<CommitQueue>(
      queue_options, options.clock,
      [this](const std::vector<const Work*>& group) { return Apply(group); });
}

RocksDbStore::~RocksDbStore() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    // A compaction for an erasure may take long; it is done at the next open.
    if (database_ != nullptr) database_->db()->DisableManualCompaction();
    wake_.SignalAll();
  }
  if (maintenance_.joinable()) maintenance_.join();
  queue_->Close();
  erasures_.Close();
}

DatabaseOptions RocksDbStore::MakeDatabaseOptions() const {
  DatabaseOptions options;
  options.path = options_.path;
  options.file_system = file_system_;
  options.block_cache_bytes = options_.block_cache_bytes;
  options.write_buffer_bytes = options_.write_buffer_bytes;
  options.log = options_.log;
  return options;
}

CommitResult RocksDbStore::Await(std::unique_ptr<Work> work) {
  auto slot = std::make_shared<ResultSlot>();
  work->done = [slot](CommitResult result) { slot->Set(std::move(result)); };
  queue_->Submit(std::move(work));
  return slot->Await(kMaxBlockingWait);
}

void RocksDbStore::MaintenanceLoop() {
  absl::Duration backoff = kFirstBackoff;
  while (true) {
    std::shared_ptr<Database> database;
    {
      MutexLock lock(&mu_);
      if (!stop_ && database_ != nullptr && !garbage_ &&
          erasures_.pending() == 0) {
        wake_.WaitFor(&mu_, kMaintenancePeriod);
      }
      if (stop_) return;
      database = database_;
    }
    if (database != nullptr) {
      Maintain(database.get());
      database.reset();
      if (erasures_.pending() > 0) {
        MutexLock lock(&mu_);
        if (!stop_) wake_.WaitFor(&mu_, kErasurePoll);
      }
      continue;
    }
    absl::Status reopened = AwaitClosed() ? Reopen() : absl::OkStatus();
    if (reopened.ok()) {
      backoff = kFirstBackoff;
      continue;
    }
    Log(absl::StrCat("the store ", options_.path,
                     " cannot be opened again: ", reopened.message()));
    MutexLock lock(&mu_);
    failure_ = absl::UnavailableError(
        absl::StrCat("the store cannot be opened again: ", reopened.message()));
    if (!stop_) wake_.WaitFor(&mu_, backoff);
    backoff = std::min(2 * backoff, kMaxBackoff);
  }
}

void RocksDbStore::Maintain(Database* database) {
  database->snapshots()->EndOlderThan(options_.clock->SteadyNow() -
                                      kMaxSnapshotAge);
  bool garbage = false;
  {
    MutexLock lock(&mu_);
    std::swap(garbage, garbage_);
  }
  if (garbage) PurgeGarbage(database);
  Erase(database);
}

void RocksDbStore::PurgeGarbage(Database* database) {
  EngineState state;
  {
    MutexLock lock(&mu_);
    if (stop_) return;
    state = state_;
  }
  GarbageCursor cursor = garbage_cursor_;
  absl::StatusOr<std::vector<std::string>> keys =
      FindGarbage(database->db(), state, kPurgeBatch, &cursor);
  // Nothing depends on it: what is left is found at the next open.
  if (!keys.ok() || keys->empty()) return;
  const bool more = keys->size() == kPurgeBatch;
  auto work = std::make_unique<Work>();
  work->kind = Work::Kind::kPurge;
  work->disk_keys = *std::move(keys);
  const bool purged = Await(std::move(work)).applied();
  if (purged) garbage_cursor_ = std::move(cursor);
  MutexLock lock(&mu_);
  garbage_ = garbage_ || (more && purged);
}

void RocksDbStore::Erase(Database* database) {
  if (std::chrono::steady_clock::now() < erase_again_) return;
  absl::Status read_only;
  {
    MutexLock lock(&mu_);
    read_only = read_only_;
  }
  if (!read_only.ok() && !ResumeWrites(database)) {
    return PutErasuresOff(read_only);
  }
  const SteadyTime oldest = database->snapshots()->Oldest();
  // A snapshot that was taken before an erasure still shows what was erased.
  const SteadyTime until =
      std::min(options_.clock->SteadyNow() - options_.erase_delay,
               oldest - absl::Nanoseconds(1));
  const std::vector<format::Erasure> due = erasures_.Due(until);
  if (due.empty()) return;
  KEYWARD_FAULT_POINT("kv.erase.before_removal", options_.owner);
  absl::Status removed = RemoveFromDisk(database->db(), due);
  if (absl::IsResourceExhausted(removed)) {
    ResumeWrites(database);
    return PutErasuresOff(removed);
  }
  if (!removed.ok()) {
    {
      MutexLock lock(&mu_);
      if (stop_) return;
    }
    // RocksDB writes nothing more after a failed flush or compaction.
    Fail(removed, {});
    return;
  }
  KEYWARD_FAULT_POINT("kv.erase.removed", options_.owner);
  erase_backoff_ = absl::ZeroDuration();
  auto work = std::make_unique<Work>();
  work->kind = Work::Kind::kPurge;
  for (const format::Erasure& erasure : due) {
    work->disk_keys.push_back(
        format::ErasureKey(erasure.revision, erasure.key));
  }
  if (Await(std::move(work)).applied()) erasures_.Finish(due);
}

void RocksDbStore::PutErasuresOff(const absl::Status& why) {
  const bool first = erase_backoff_ == absl::ZeroDuration();
  erase_backoff_ = first ? kFirstEraseBackoff
                         : std::min(2 * erase_backoff_, kMaxEraseBackoff);
  erase_again_ = std::chrono::steady_clock::now() +
                 absl::ToChronoNanoseconds(erase_backoff_);
  if (!first) return;
  Log(absl::StrCat(
      "the store ", options_.path,
      " cannot remove erased values and tries again: ", why.message()));
}

bool RocksDbStore::ResumeWrites(Database* database) {
  const rocksdb::Status resumed = database->db()->Resume();
  // Anything but a full disk leaves in doubt what the files hold. Busy: RocksDB
  // waits for space on its own account.
  if (!resumed.ok() && !resumed.IsNoSpace() && !resumed.IsBusy()) {
    Fail(FromRocksDb(resumed, "write again after a full disk"), {});
    return false;
  }
  MutexLock lock(&mu_);
  read_only_ = resumed.ok() ? absl::OkStatus()
                            : absl::UnavailableError(absl::StrCat(
                                  "the disk is full: ", resumed.ToString()));
  return resumed.ok();
}

bool RocksDbStore::AwaitClosed() {
  std::shared_ptr<Database> dying;
  {
    MutexLock lock(&mu_);
    // Nobody can begin to use it any more, so the count only falls.
    while (dying_ != nullptr && dying_.use_count() > 1) {
      if (stop_) return false;
      wake_.WaitFor(&mu_, kReaderPoll);
    }
    if (stop_) return false;
    dying = std::move(dying_);
    dying_ = nullptr;
  }
  return true;
}

absl::Status RocksDbStore::Reopen() {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(MakeDatabaseOptions());
  if (!database.ok()) return database.status();
  rocksdb::DB* db = (*database)->db();
  absl::StatusOr<EngineState> state =
      LoadState(db, options_.owner, options_.feeds, /*close_sessions=*/false);
  if (!state.ok()) return state.status();
  std::vector<TransactionId> unknown;
  {
    MutexLock lock(&mu_);
    unknown = unknown_;
  }
  KEYWARD_FAULT_POINT("kv.reopen.before_settle", options_.owner);
  absl::Status settled = SettleUnknown(db, unknown, &*state);
  if (!settled.ok()) return settled;
  KEYWARD_FAULT_POINT("kv.reopen.settled", options_.owner);
  absl::StatusOr<std::vector<format::Erasure>> erasures = LoadErasures(db);
  if (!erasures.ok()) return erasures.status();
  erasures_.Add(*erasures, options_.clock->SteadyNow());
  {
    MutexLock lock(&mu_);
    database_ = *std::move(database);
    state_ = *std::move(state);
    failure_ = absl::OkStatus();
    unknown_.clear();
    garbage_ = true;
    ++stats_.reopens;
  }
  Log(absl::StrCat("the store ", options_.path, " was opened again; ",
                   unknown.size(), " unknown outcomes are settled"));
  return absl::OkStatus();
}

absl::Status RocksDbStore::SettleUnknown(
    rocksdb::DB* db, const std::vector<TransactionId>& unknown,
    EngineState* state) {
  rocksdb::WriteBatch batch;
  uint64_t revision = state->revision;
  for (const TransactionId& id : unknown) {
    if (IsRetired(*state, id)) continue;
    absl::StatusOr<TransactionRecord> record = LoadTransaction(db, id);
    if (record.ok()) continue;
    if (!absl::IsNotFound(record.status())) return record.status();
    TransactionRecord bar;
    bar.revision = ++revision;
    batch.Put(format::TransactionKey(id), format::EncodeTransaction(bar));
  }
  if (batch.Count() == 0) return absl::OkStatus();
  batch.Put(format::RevisionKey(), EncodeNumber(revision));
  absl::Status written =
      FromRocksDb(db->Write(SyncedWrite(), &batch), "settle unknown outcomes");
  if (written.ok()) state->revision = revision;
  return written;
}

}  // namespace keyward::kv
