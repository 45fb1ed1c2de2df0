// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_NEWEST_LOG_H_
#define KEYWARD_LIBS_KV_NEWEST_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// Notices that the newest write-ahead log is gone. RocksDB lists the logs that
// it has closed, and misses one of these; the one that it writes is in no list,
// and without it a folder opens as it was when that log was begun: every commit
// since is gone without a word.
//
// So a small file (FORMAT.md) names the log that is written, before anything in
// it is acknowledged. RocksDB deletes a log only when there is a later one, so
// there is always that log or a later one; where there is neither, the newest
// was lost. (A log that was cut where a record ends is not noticed: it looks as
// if the power had failed.)

// DATA_LOSS if the folder `path` has neither the named log nor a later one, or
// the file is damaged. OK if there is no file: no log was named yet. Errors of
// reading. May be called beside a process that writes.
absl::Status CheckNewestLog(const std::string& path,
                            rocksdb::FileSystem* file_system);

// Names the log `number`, durably, and makes the names of all files of the
// folder durable. Errors of writing; the file then names what it named before.
absl::Status NameNewestLog(const std::string& path,
                           rocksdb::FileSystem* file_system, uint64_t number);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_NEWEST_LOG_H_
