// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/janitor.h"

#include <memory>
#include <set>

#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/transaction.h"
#include "rocksdb/options.h"

namespace keyward::kv {
namespace {

// With more keys than this, one compaction of everything between the first and
// the last costs less than one for each.
constexpr size_t kMaxRanges = 32;

// Waits until the files that were replaced are deleted. RocksDB answers a flush
// or a compaction as soon as the new tables count; the background job deletes
// the old files afterwards, and until then they hold what was erased.
absl::Status AwaitDeletions(rocksdb::DB* db) {
  // A job of the background counts until it has deleted what it replaced.
  absl::Status status = FromRocksDb(db->PauseBackgroundWork(),
                                    "wait for jobs that replace erased files");
  if (!status.ok()) return status;
  status = FromRocksDb(db->ContinueBackgroundWork(), "go on with other jobs");
  if (!status.ok()) return status;
  // What a reader kept is deleted apart from the jobs when it lets go; the list
  // of logs is answered when no deletion is under way.
  rocksdb::VectorLogPtr logs;
  return FromRocksDb(db->GetSortedWalFiles(logs),
                     "wait until erased files are deleted");
}

// Appends the keys of [begin, end), as long as there are fewer than `limit`.
absl::Status AppendRange(rocksdb::DB* db, const std::string& begin,
                         const std::string& end, size_t limit,
                         GarbageCursor* cursor,
                         std::vector<std::string>* keys) {
  const auto reached = cursor->find(begin);
  const std::string from = reached == cursor->end() ? begin : reached->second;
  if (from >= end) return absl::OkStatus();
  const size_t before = keys->size();
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  read.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  for (it->Seek(from); it->Valid() && keys->size() < limit; it->Next()) {
    keys->push_back(it->key().ToString());
  }
  if (keys->size() > before) (*cursor)[begin] = KeyAfter(keys->back());
  return FromRocksDb(it->status(), "look for records to purge");
}

// The ranges of the sessions' ids: of an open one those below its floor, of a
// closed one all. A session's number is the revision that began it, so those
// above the state's revision are not closed but younger than the state: their
// records must stay.
absl::Status AppendSessions(rocksdb::DB* db, const EngineState& state,
                            size_t limit, GarbageCursor* cursor,
                            std::vector<std::string>* keys) {
  uint64_t next = 0;
  const auto key = [](uint64_t session, uint64_t number) {
    return format::TransactionKey(TransactionId::InSession(session, number));
  };
  for (const auto& [session, floor] : state.sessions) {
    absl::Status status =
        AppendRange(db, key(next, 0), key(session, floor), limit, cursor, keys);
    if (!status.ok()) return status;
    next = session + 1;
  }
  return AppendRange(db, key(next, 0), key(state.revision + 1, 0), limit,
                     cursor, keys);
}

}  // namespace

absl::Status RemoveFromDisk(rocksdb::DB* db,
                            const std::vector<format::Erasure>& erasures) {
  absl::Status status =
      FromRocksDb(db->Flush(rocksdb::FlushOptions()), "flush erased values");
  if (!status.ok()) return status;
  std::set<std::string> keys;
  for (const format::Erasure& erasure : erasures) {
    keys.insert(format::DataKey(erasure.key));
  }
  if (keys.empty()) return AwaitDeletions(db);
  rocksdb::CompactRangeOptions options;
  // Without it a value that already lies on the last level would stay there.
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.exclusive_manual_compaction = false;
  const auto compact = [&](const std::string& from, const std::string& to) {
    const rocksdb::Slice begin(from);
    const rocksdb::Slice end(to);
    return FromRocksDb(db->CompactRange(options, &begin, &end),
                       "compact erased values away");
  };
  if (keys.size() > kMaxRanges) {
    status = compact(*keys.begin(), *keys.rbegin());
    if (!status.ok()) return status;
    return AwaitDeletions(db);
  }
  for (const std::string& key : keys) {
    status = compact(key, key);
    if (!status.ok()) return status;
  }
  return AwaitDeletions(db);
}

absl::StatusOr<std::vector<std::string>> FindGarbage(rocksdb::DB* db,
                                                     const EngineState& state,
                                                     size_t limit,
                                                     GarbageCursor* cursor) {
  std::vector<std::string> keys;
  absl::Status status = AppendRange(
      db, format::TransactionKey(TransactionId::Intent(0)),
      format::TransactionKey(TransactionId::Intent(state.intent_floor)), limit,
      cursor, &keys);
  if (status.ok()) status = AppendSessions(db, state, limit, cursor, &keys);
  for (const auto& [keyspace, through] : state.feeds) {
    if (!status.ok()) break;
    status = AppendRange(db, format::FeedBegin(keyspace, 0),
                         format::FeedBegin(keyspace, through + 1), limit,
                         cursor, &keys);
  }
  if (!status.ok()) return status;
  return keys;
}

}  // namespace keyward::kv
