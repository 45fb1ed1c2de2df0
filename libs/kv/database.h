// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_DATABASE_H_
#define KEYWARD_LIBS_KV_DATABASE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/snapshot_set.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

struct DatabaseOptions {
  std::string path;
  std::shared_ptr<rocksdb::FileSystem> file_system;
  bool create = false;
  size_t block_cache_bytes = 0;
  size_t write_buffer_bytes = 0;
  // Told RocksDB's warnings, on any thread, one line each; may be empty.
  std::function<void(absl::string_view)> log;
};

// An open RocksDB with the settings that the promises rest on; database.cc
// says why each. Thread-safe. What was read from it must be gone before it is.
class Database {
 public:
  // Opens for reading and writing, and names the newest log (newest_log.h).
  // DATA_LOSS if it is damaged or a log is missing; RESOURCE_EXHAUSTED if the
  // disk is full; UNAVAILABLE if files cannot be read or written.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const DatabaseOptions& options);

  // Opens what `options.path` holds now, beside a process that writes it or
  // not, without writing there; `scratch` is an empty folder for RocksDB's own
  // notes. The view does not move on.
  static absl::StatusOr<std::unique_ptr<Database>> OpenSecondary(
      const DatabaseOptions& options, const std::string& scratch);

  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB* db() const { return db_.get(); }

  // Names the log that is written now, if it is another than when this was
  // last called: between a write and the answer to whoever asked for it. Errors
  // as NameNewestLog; the write is then as good as one that failed. For one
  // thread at a time.
  absl::Status NameLog();

  // The snapshots that are open on it; they end with it.
  SnapshotSet* snapshots() const { return snapshots_.get(); }

 private:
  // Tells when RocksDB has begun another log.
  class LogWatch;

  Database(const DatabaseOptions& options, std::unique_ptr<rocksdb::Env> env,
           std::shared_ptr<LogWatch> watch, std::unique_ptr<rocksdb::DB> db);

  const std::string path_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  const std::shared_ptr<LogWatch> watch_;
  const std::unique_ptr<rocksdb::Env> env_;  // Outlives db_.
  const std::unique_ptr<rocksdb::DB> db_;
  const std::unique_ptr<SnapshotSet> snapshots_;
};

// The options of every write: synced, that is, durable when it returns.
rocksdb::WriteOptions SyncedWrite();

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_DATABASE_H_
