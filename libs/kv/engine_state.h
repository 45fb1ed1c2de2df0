// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_ENGINE_STATE_H_
#define KEYWARD_LIBS_KV_ENGINE_STATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/kv/format.h"
#include "rocksdb/db.h"

namespace keyward::kv {

// What the engine remembers of the database beside owners' entries: few and
// small records, held in memory as they are on the disk. A plain value.
struct EngineState {
  uint64_t revision = 0;
  uint64_t intent_floor = 0;
  // Open sessions and their floors.
  std::map<uint64_t, uint64_t> sessions;
  // Keyspaces with a feed; events up to the revision are compacted.
  std::map<std::string, uint64_t> feeds;
};

// The state that `db` holds, which is made first if `db` is empty. Keyspaces of
// `feeds` that are new get a feed that begins now; one that was declared once
// stays, so that its events have no gap. With `close_sessions`, all sessions
// are closed durably: the process that began them is gone. DATA_LOSS if a
// record is damaged; INVALID_ARGUMENT if a feed's keyspace is empty, too long,
// or lies within another's; FAILED_PRECONDITION, with nothing written, if `db`
// is another owner's than `owner`, which takes it if it is nobody's yet. An
// empty `owner` is not compared.
absl::StatusOr<EngineState> LoadState(rocksdb::DB* db, const std::string& owner,
                                      const std::vector<std::string>& feeds,
                                      bool close_sessions);

// The erasures that `db` still owes the disk. Errors as above.
absl::StatusOr<std::vector<format::Erasure>> LoadErasures(rocksdb::DB* db);

// What is stored under `id`; NOT_FOUND, DATA_LOSS, UNAVAILABLE.
absl::StatusOr<TransactionRecord> LoadTransaction(rocksdb::DB* db,
                                                  const TransactionId& id);

// True if nothing may be stored under `id` any more, or ever was: it is below
// its floor or of a session that is not open.
bool IsRetired(const EngineState& state, const TransactionId& id);

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ENGINE_STATE_H_
