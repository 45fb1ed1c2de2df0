// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_SNAPSHOT_SET_H_
#define KEYWARD_LIBS_KV_SNAPSHOT_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "rocksdb/db.h"

namespace keyward::kv {

// One RocksDB snapshot, which others may end under its holder: RocksDB must
// not be closed while one is open, and one keeps erased bytes on the disk.
//
//   absl::Status status = pin->Use(
//       [&](rocksdb::DB* db, const rocksdb::Snapshot* snapshot) { ... });
//
// Thread-safe. May outlive the database, which ends it.
class SnapshotPin {
 public:
  // Calls `use` with the snapshot, or answers OUT_OF_RANGE if it has ended.
  // The snapshot cannot end while `use` runs.
  template <typename F>
  absl::Status Use(F use) {
    // Held while `use` reads from the disk: that is what keeps the snapshot
    // from being released under it. Only End waits for it.
    MutexLock lock(&mu_);
    if (snapshot_ == nullptr) {
      return absl::OutOfRangeError("the snapshot has ended; take a new one");
    }
    use(db_, snapshot_);
    return absl::OkStatus();
  }

  // Ends the snapshot, after a read through it that is under way. Whoever took
  // it calls this when done with it; again does nothing.
  void End();

 private:
  friend class SnapshotSet;
  SnapshotPin(rocksdb::DB* db, SteadyTime taken)
      : taken_(taken), db_(db), snapshot_(db->GetSnapshot()) {}
  bool ended();

  const SteadyTime taken_;
  rocksdb::DB* const db_;
  Mutex mu_;
  const rocksdb::Snapshot* snapshot_ ABSL_GUARDED_BY(mu_);
};

// The open snapshots of one database. Thread-safe.
class SnapshotSet {
 public:
  // Each keeps every table that it sees from being thinned out.
  static constexpr size_t kMaxOpen = 64;

  // `db` lives at least until EndAll has returned.
  explicit SnapshotSet(rocksdb::DB* db) : db_(db) {}

  // Takes a snapshot; RESOURCE_EXHAUSTED if kMaxOpen are open.
  absl::StatusOr<std::shared_ptr<SnapshotPin>> Take(SteadyTime now);

  // Ends those that were taken before `time`. Waits for reads through them.
  void EndOlderThan(SteadyTime time);

  // Ends all, for good.
  void EndAll() { EndOlderThan(SteadyTime::InfiniteFuture()); }

  // When the oldest that is still open was taken; InfiniteFuture if none is.
  SteadyTime Oldest();

 private:
  rocksdb::DB* const db_;
  Mutex mu_;
  // Strong: a pin that is going away on another thread is still ended here
  // before the database is closed.
  std::vector<std::shared_ptr<SnapshotPin>> pins_ ABSL_GUARDED_BY(mu_);

  void DropEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_SNAPSHOT_SET_H_
