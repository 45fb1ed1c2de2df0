// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_ROCKSDB_STORE_H_
#define KEYWARD_LIBS_KV_ROCKSDB_STORE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/commit_queue.h"
#include "libs/kv/data_folder.h"
#include "libs/kv/database.h"
#include "libs/kv/engine_state.h"
#include "libs/kv/erasure_log.h"
#include "libs/kv/feed_hub.h"
#include "libs/kv/group_writer.h"
#include "libs/kv/janitor.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"
#include "libs/kv/work.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// The engine of rocksdb_kv.h, put together. Contract: kv.h.
//
// Who writes: only the leader of the commit queue (Apply), and the maintenance
// thread while no database is installed (Reopen). Who reads: everyone, through
// a shared pointer to the database that was current when they began; a
// database is closed when its last reader is done.
class RocksDbStore final : public KeyValueStore {
 public:
  // As OpenRocksDb, on `file_system`, through which all files are used.
  static absl::StatusOr<std::unique_ptr<RocksDbStore>> Open(
      const RocksDbOptions& options,
      std::shared_ptr<rocksdb::FileSystem> file_system);

  ~RocksDbStore() override;

  absl::StatusOr<Entry> Get(absl::string_view key) const override;
  std::vector<absl::StatusOr<Entry>> GetMany(
      const std::vector<std::string>& keys) const override;
  absl::StatusOr<RangeResult> Range(absl::string_view begin,
                                    absl::string_view end,
                                    const RangeOptions& options) const override;
  absl::StatusOr<uint64_t> Revision() const override;
  void Commit(Transaction txn, const CommitOptions& options,
              CommitCallback done) override;
  void Settle(const TransactionId& id, const CommitOptions& options,
              CommitCallback done) override;
  absl::StatusOr<TransactionRecord> GetTransaction(
      const TransactionId& id) const override;
  absl::StatusOr<uint64_t> IntentFloor() const override;
  absl::StatusOr<uint64_t> BeginSession(SteadyTime deadline) override;
  absl::Status CloseSession(uint64_t session, SteadyTime deadline) override;
  absl::StatusOr<std::unique_ptr<Snapshot>> NewSnapshot() const override;
  absl::StatusOr<FeedPage> ReadFeed(absl::string_view keyspace,
                                    uint64_t from_revision,
                                    size_t limit) const override;
  absl::StatusOr<std::unique_ptr<Subscription>> SubscribeFeed(
      absl::string_view keyspace,
      absl::AnyInvocable<void(uint64_t revision)> notice) override;
  absl::Status CompactFeed(absl::string_view keyspace,
                           uint64_t revision) override;
  void WaitErased(uint64_t revision,
                  absl::AnyInvocable<void(absl::Status)> done) override;
  StoreStats Stats() const override;

 private:
  RocksDbStore(const RocksDbOptions& options,
               std::shared_ptr<rocksdb::FileSystem> file_system,
               std::unique_ptr<DataFolder> folder);

  DatabaseOptions MakeDatabaseOptions() const;
  // The database to use, or why there is none.
  absl::StatusOr<std::shared_ptr<Database>> Current() const;

  // The leader's part.
  CommitQueue::Outcome Apply(const std::vector<const Work*>& group);
  CommitQueue::Outcome Refuse(const std::vector<const Work*>& group,
                              const absl::Status& why) const;
  void Publish(GroupWriter* writer);
  // Takes the database out of use, because of `cause`; `unknown` are the ids
  // that may or may not have been written.
  void Fail(const absl::Status& cause,
            const std::vector<TransactionId>& unknown);

  // Blocks until the work is answered; not within a callback.
  CommitResult Await(std::unique_ptr<Work> work);

  // The maintenance thread's part.
  void MaintenanceLoop();
  void Maintain(Database* database);
  void PurgeGarbage(Database* database);
  void Erase(Database* database);
  // After an erasure found no room, because of `why`: longer each time.
  void PutErasuresOff(const absl::Status& why);
  // Lets RocksDB write again after it found no room. False if there still is
  // none: what would be written is refused until there is.
  bool ResumeWrites(Database* database);
  // False if the store is being destroyed.
  bool AwaitClosed();
  absl::Status Reopen();
  // Bars the ids of `unknown` that `db` does not hold.
  absl::Status SettleUnknown(rocksdb::DB* db,
                             const std::vector<TransactionId>& unknown,
                             EngineState* state);
  void Log(const std::string& message) const;

  const RocksDbOptions options_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  const std::unique_ptr<DataFolder> folder_;

  mutable Mutex mu_;
  CondVar wake_;  // The maintenance thread.
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  // Null exactly while the engine is failed; then failure_ says why.
  std::shared_ptr<Database> database_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  // Why the database can be read but not written, if that is so.
  absl::Status read_only_ ABSL_GUARDED_BY(mu_);
  // A failed database, until its readers are done.
  std::shared_ptr<Database> dying_ ABSL_GUARDED_BY(mu_);
  std::vector<TransactionId> unknown_ ABSL_GUARDED_BY(mu_);
  // As durable. Changed by whoever writes, once the write is durable.
  EngineState state_ ABSL_GUARDED_BY(mu_);
  bool garbage_ ABSL_GUARDED_BY(mu_) = true;
  StoreStats stats_ ABSL_GUARDED_BY(mu_);

  // The maintenance thread's alone.
  GarbageCursor garbage_cursor_;
  // When erasures that found no room are tried again. Of a steady clock, since
  // the system's may be set back by hours.
  std::chrono::steady_clock::time_point erase_again_;
  absl::Duration erase_backoff_ = absl::ZeroDuration();

  ErasureLog erasures_;
  FeedHub feeds_;
  std::unique_ptr<CommitQueue> queue_;
  std::thread maintenance_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ROCKSDB_STORE_H_
