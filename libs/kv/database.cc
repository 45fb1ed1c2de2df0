// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/database.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/fault_point.h"
#include "libs/kv/log_check.h"
#include "libs/kv/newest_log.h"
#include "libs/kv/rocksdb_status.h"
#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/transaction_log.h"

namespace keyward::kv {
namespace {

// One false positive in 100 absent keys: most commits look for an id and a key
// that are not there.
constexpr double kBloomBitsPerKey = 10;

// Of the write buffer, for the filter that answers the same question there.
constexpr double kMemtableBloomRatio = 0.02;

// Logs are replayed at start: this bounds how long that takes.
constexpr uint64_t kMaxWalBytes = uint64_t{64} << 20;

// Of one of RocksDB's messages, which quote statuses and file names.
constexpr size_t kMaxMessageBytes = 1024;

// RocksDB's messages, from warnings up, handed on. They are kept from the file
// that RocksDB would write beside the data: once a write to that file has
// failed, as on a full disk, the next one fails an assertion that Debian's
// build keeps, and ends the process.
class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(std::function<void(absl::string_view)> log)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL),
        log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!log_) return;
    char message[kMaxMessageBytes];
    if (std::vsnprintf(message, sizeof(message), format, arguments) > 0) {
      log_(absl::StrCat("RocksDB: ", message));
    }
  }
  // The settings, at every opening.
  void LogHeader(const char*, va_list) override {}

 private:
  const std::function<void(absl::string_view)> log_;
};

void SetDurability(rocksdb::Options* options) {
  // A record cut short at the end of the log was never acknowledged; anything
  // else that is wrong with a log must stop the start, not be skipped (see
  // log_check.h for what this mode by itself would skip).
  options->wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A log that was closed and is missing or short is noticed. Of the one that
  // is being written newest_log.h takes care.
  options->track_and_verify_wals_in_manifest = true;
  options->paranoid_checks = true;
  options->force_consistency_checks = true;
  // After a failed background write RocksDB would resume by itself. The engine
  // closes it instead, and reads back what the disk really has.
  options->max_bgerror_resume_count = 0;
  // What a failed sync left in the page cache is written anew as a table at
  // the next open, rather than trusted as a log.
  options->avoid_flush_during_recovery = false;
}

// Nothing may keep bytes longer than the file that they were deleted from, and
// payloads must not be guessable by how well they compress.
void SetErasability(rocksdb::Options* options) {
  options->compression = rocksdb::kNoCompression;
  options->bottommost_compression = rocksdb::kNoCompression;
  options->wal_compression = rocksdb::kNoCompression;
  options->recycle_log_file_num = 0;
  options->WAL_ttl_seconds = 0;
  options->WAL_size_limit_MB = 0;
}

rocksdb::Options MakeOptions(const DatabaseOptions& ours, rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.create_if_missing = ours.create;
  SetDurability(&options);
  SetErasability(&options);
  options.write_buffer_size = ours.write_buffer_bytes;
  options.max_total_wal_size = kMaxWalBytes;
  options.memtable_prefix_bloom_size_ratio = kMemtableBloomRatio;
  options.memtable_whole_key_filtering = true;
  // Within each kind of record the next key mostly lies near the last: ids and
  // feeds grow, and a group writes its entries in order.
  options.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(1));
  options.info_log = std::make_shared<InfoLog>(ours.log);
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // They would write tables of their own into the folder.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.block_cache = rocksdb::NewLRUCache(ours.block_cache_bytes);
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

rocksdb::WriteOptions SyncedWrite() {
  rocksdb::WriteOptions options;
  options.sync = true;
  // A bit that flips in memory between here and the log is noticed.
  options.protection_bytes_per_key = 8;
  return options;
}

// RocksDB changes logs exactly when it seals what they are the logs of.
class Database::LogWatch final : public rocksdb::EventListener {
 public:
  void OnMemTableSealed(const rocksdb::MemTableInfo&) override {
    changed_ = true;
  }
  // Whether there may be another log since the last call.
  bool TakeChanged() { return changed_.exchange(false); }
  void SetChanged() { changed_ = true; }

#ifdef KEYWARD_FAULT_POINTS
  // RocksDB writes its log and syncs it within one call of ours.
  bool ShouldBeNotifiedOnFileIO() override { return true; }
  void OnFileWriteFinish(const rocksdb::FileOperationInfo& info) override {
    if (!absl::EndsWith(info.path, ".log")) return;
    const std::string folder = info.path.substr(0, info.path.rfind('/'));
    KEYWARD_FAULT_POINT("kv.commit.written",
                        folder.substr(folder.rfind('/') + 1));
  }
#endif

 private:
  std::atomic<bool> changed_{true};
};

Database::Database(const DatabaseOptions& options,
                   std::unique_ptr<rocksdb::Env> env,
                   std::shared_ptr<LogWatch> watch,
                   std::unique_ptr<rocksdb::DB> db)
    : path_(options.path),
      file_system_(options.file_system),
      watch_(std::move(watch)),
      env_(std::move(env)),
      db_(std::move(db)),
      snapshots_(std::make_unique<SnapshotSet>(db_.get())) {}

Database::~Database() { snapshots_->EndAll(); }

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const DatabaseOptions& options) {
  absl::Status status = CheckLogs(options.path, options.file_system.get());
  if (status.ok()) {
    status = CheckNewestLog(options.path, options.file_system.get());
  }
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(options.file_system);
  auto watch = std::make_shared<LogWatch>();
  rocksdb::Options rocksdb_options = MakeOptions(options, env.get());
  rocksdb_options.listeners.push_back(watch);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(rocksdb_options, options.path, &db);
  status = FromRocksDb(opened, "open the database in " + options.path);
  // A file that the others name is gone: nothing that passes.
  if (opened.IsPathNotFound()) return absl::DataLossError(status.message());
  if (!status.ok()) return status;
  std::unique_ptr<Database> database(
      new Database(options, std::move(env), std::move(watch),
                   std::unique_ptr<rocksdb::DB>(db)));
  status = database->NameLog();
  if (!status.ok()) return status;
  return database;
}

absl::Status Database::NameLog() {
  if (!watch_->TakeChanged()) return absl::OkStatus();
  std::unique_ptr<rocksdb::LogFile> log;
  absl::Status named =
      FromRocksDb(db_->GetCurrentWalFile(&log), "find the newest log");
  if (named.ok()) {
    named = NameNewestLog(path_, file_system_.get(), log->LogNumber());
  }
  if (!named.ok()) watch_->SetChanged();
  return named;
}

absl::StatusOr<std::unique_ptr<Database>> Database::OpenSecondary(
    const DatabaseOptions& options, const std::string& scratch) {
  absl::Status status = CheckLogs(options.path, options.file_system.get());
  if (status.ok()) {
    status = CheckNewestLog(options.path, options.file_system.get());
  }
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(options.file_system);
  rocksdb::Options rocksdb_options = MakeOptions(options, env.get());
  // The writer may delete a file at any time; an open one stays readable.
  rocksdb_options.max_open_files = -1;
  rocksdb::DB* db = nullptr;
  status = FromRocksDb(
      rocksdb::DB::OpenAsSecondary(rocksdb_options, options.path, scratch, &db),
      "open the database in " + options.path + " to read it");
  if (!status.ok()) return status;
  return std::unique_ptr<Database>(
      new Database(options, std::move(env), std::make_shared<LogWatch>(),
                   std::unique_ptr<rocksdb::DB>(db)));
}

}  // namespace keyward::kv
