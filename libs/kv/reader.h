// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads of owners' entries from RocksDB, shared by the store, its snapshots
// and the read-only view. Contracts as in KeyValueReader (kv.h). Each function
// reads one state: that of `options.snapshot` if set, else the newest.
// Thread-safe.

#ifndef KEYWARD_LIBS_KV_READER_H_
#define KEYWARD_LIBS_KV_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/kv.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace keyward::kv::reader {

absl::StatusOr<Entry> Get(rocksdb::DB* db, const rocksdb::ReadOptions& options,
                          absl::string_view key);

std::vector<absl::StatusOr<Entry>> GetMany(
    rocksdb::DB* db, const rocksdb::ReadOptions& options,
    const std::vector<std::string>& keys);

absl::StatusOr<RangeResult> Range(rocksdb::DB* db,
                                  const rocksdb::ReadOptions& options,
                                  absl::string_view begin,
                                  absl::string_view end,
                                  const RangeOptions& range);

absl::StatusOr<uint64_t> Revision(rocksdb::DB* db,
                                  const rocksdb::ReadOptions& options);

}  // namespace keyward::kv::reader

#endif  // KEYWARD_LIBS_KV_READER_H_
