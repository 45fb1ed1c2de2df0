// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What is done behind the commits: removing erased bytes from the disk, and
// finding the engine's records that nothing can read any more.

#ifndef KEYWARD_LIBS_KV_JANITOR_H_
#define KEYWARD_LIBS_KV_JANITOR_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/kv/engine_state.h"
#include "libs/kv/format.h"
#include "rocksdb/db.h"

namespace keyward::kv {

// Rewrites whatever holds old values of the keys in `erasures`, so that when
// it returns OK the bytes are in no file of the database: flushes the write
// buffer, which lets go of the log, compacts each key's range down to the last
// level, and waits until the replaced files are deleted. Blocks for as long as
// that takes. RESOURCE_EXHAUSTED if the disk has no room for it, UNAVAILABLE or
// DATA_LOSS as RocksDB reports; nothing may be concluded then, and `db` writes
// no more before it is resumed.
//
// No snapshot that is older than the erasures may be open: it would keep the
// bytes.
absl::Status RemoveFromDisk(rocksdb::DB* db,
                            const std::vector<format::Erasure>& erasures);

// Where to go on in each range that is searched for garbage, by where it
// begins. What lies before has been purged, and nothing is ever written there
// again; but it is on the disk, and passed over record by record, until tables
// are compacted.
using GarbageCursor = std::map<std::string, std::string>;

// Disk keys, at most `limit`, of records that are out of everyone's sight: of
// ids below their floor or of closed sessions, and of compacted events. Fewer
// than `limit` means that there are no more. `state` may be older than what
// `db` holds: what is garbage in it stays garbage. `cursor`, empty at first,
// moves on past what is found: keep it only if that is purged.
absl::StatusOr<std::vector<std::string>> FindGarbage(rocksdb::DB* db,
                                                     const EngineState& state,
                                                     size_t limit,
                                                     GarbageCursor* cursor);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_JANITOR_H_
