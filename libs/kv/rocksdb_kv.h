// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The embedded engine: one RocksDB in one folder, used by one process.
//
// It syncs its log once for each group of concurrent commits, before any of
// them is answered. After a failed write or sync it refuses everything with
// UNAVAILABLE, closes RocksDB, opens it again in the background (100 ms apart
// at first, at most 5 s), reads what the disk really has, bars every id whose
// outcome was unknown and that is not there, and only then serves again.

#ifndef KEYWARD_LIBS_KV_ROCKSDB_KV_H_
#define KEYWARD_LIBS_KV_ROCKSDB_KV_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/kv/kv.h"

namespace keyward::kv {

struct RocksDbOptions {
  // The data folder. Made if it is missing, with its parents, mode 0700.
  std::string path;

  // The service whose data it is. Put into a new folder, and compared at every
  // later opening: a service that was pointed at another's folder would find
  // nothing of its own there, take the folder for new, and begin anew in it.
  // Not compared if empty.
  std::string owner;

  // Measures deadlines, snapshots' age and erase_delay. Mandatory; outlives
  // the store.
  const Clock* clock = nullptr;

  // Keyspaces (key prefixes) that have a feed from now on; none within
  // another. One that was declared once keeps its feed.
  std::vector<std::string> feeds;

  // Commits that may wait; above it they are refused with RESOURCE_EXHAUSTED.
  size_t max_waiting = 16384;

  // Memory for what was read and for what is not in a table yet.
  size_t block_cache_bytes = size_t{64} << 20;
  size_t write_buffer_bytes = size_t{16} << 20;

  // Erasures are gathered for so long, since removing the bytes of many keys
  // costs little more than of one. Leaves most of the promised minute to the
  // rewriting and to snapshots (kMaxSnapshotAge).
  absl::Duration erase_delay = absl::Seconds(5);

  // Told, in one line, what an operator should see: failures and recoveries.
  // Called on any thread, without locks; may be empty.
  std::function<void(absl::string_view)> log;
};

// Opens the store. Errors say what to do:
//   INVALID_ARGUMENT     an option is wrong
//   FAILED_PRECONDITION  the folder is in use by another process, may be
//                        entered by other users, holds something else or
//                        another owner's data, or is of a newer version
//   DATA_LOSS            the data is damaged
//   RESOURCE_EXHAUSTED   the disk is full; nothing is lost
//   UNAVAILABLE          files cannot be read or written
// Sessions of earlier processes are closed. No callback may destroy the store;
// destroying it refuses what waits and returns when no callback will run.
absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(
    const RocksDbOptions& options);

// Opens what a data folder holds now, for reading alone, also while a process
// uses it. Neither locks the folder nor writes to it; RocksDB's notes go to a
// private folder under TMPDIR. The view stays as it was at the opening.
// Errors as OpenRocksDb; NOT_FOUND if there is no data.
absl::StatusOr<std::unique_ptr<KeyValueReader>> OpenRocksDbReadOnly(
    const std::string& path);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ROCKSDB_KV_H_
