// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_FEED_READER_H_
#define KEYWARD_LIBS_KV_FEED_READER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/kv.h"
#include "rocksdb/db.h"

namespace keyward::kv {

// KeyValueStore::ReadFeed over RocksDB, from one state. Thread-safe.
absl::StatusOr<FeedPage> ReadFeedFrom(rocksdb::DB* db,
                                      absl::string_view keyspace,
                                      uint64_t from_revision, size_t limit);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_FEED_READER_H_
