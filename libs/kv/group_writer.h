// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_GROUP_WRITER_H_
#define KEYWARD_LIBS_KV_GROUP_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/engine_state.h"
#include "libs/kv/format.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/work.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace keyward::kv {

// Decides a group of works in order, each against the database and what the
// works before it in the group will write, and gathers all of it in one batch.
// The caller writes the batch, synced, and then asks for the results: those of
// a batch that is durable, or those of a batch whose fate is not known.
//
// Not thread-safe: it belongs to the leader of the group, who is the only one
// that writes to the database. Every Work must live as long as the writer.
class GroupWriter {
 public:
  // `state` is what `db` holds.
  GroupWriter(rocksdb::DB* db, const EngineState& state)
      : db_(db), state_(state), first_revision_(state.revision) {}

  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  // Decides `work`, after those before it.
  void Add(const Work& work);

  // What to write; null if nothing is to be written. Call once, after the
  // last Add.
  rocksdb::WriteBatch* Finish();

  // One result for each work, if the batch is durable or there is none.
  std::vector<CommitResult> DurableResults() const;

  // One result for each work, if writing the batch failed with `cause`:
  // kUnknown for all that it held, and nothing that was concluded from it.
  std::vector<CommitResult> FailedResults(const absl::Status& cause) const;

  // Once the batch is durable: the state, the erasures that came with it, and
  // the keyspaces whose feeds have new events.
  const EngineState& state() const { return state_; }
  const std::vector<format::Erasure>& erasures() const { return erasures_; }
  const std::set<std::string>& changed_feeds() const { return changed_feeds_; }
  // Ids were retired or events compacted: there are records to purge.
  bool makes_garbage() const { return makes_garbage_; }
  // Transactions that changed something.
  size_t applied() const { return applied_; }

  // The ids that the batch claims or bars; unknown if writing it failed.
  const std::vector<TransactionId>& claimed() const { return claimed_; }

 private:
  // What a result rests on.
  enum class Basis {
    kStored,   // the database alone, or no read at all
    kOverlay,  // something that this group writes
    kWritten,  // its own writing
  };
  struct Decision {
    CommitResult result;
    Basis basis = Basis::kStored;
  };
  // A key as the group will have left it.
  struct OverlayEntry {
    uint64_t mod_revision = 0;  // 0: deleted
    absl::string_view value;
  };
  // What a key holds, from the overlay or the database.
  struct Current {
    uint64_t mod_revision = 0;
    std::string value;  // only its first bytes count: see CurrentOf
    bool from_overlay = false;
  };
  // What the group will have written under an id.
  struct WrittenId {
    bool applied = false;
    uint64_t revision = 0;
    absl::string_view txn_value;
  };

  Decision Decide(const Work& work);
  Decision DecideCommit(const Transaction& txn);
  Decision DecideSettle(const TransactionId& id);
  Decision BeginSession();
  Decision CloseSession(uint64_t session);
  Decision CompactFeed(const Work& work);
  Decision Purge(const Work& work);

  // The answer for an id that is stored already, or NOT_FOUND.
  absl::StatusOr<Decision> FindId(const TransactionId& id);
  // The decision that a precondition which fails makes, or NOT_FOUND if all
  // hold.
  absl::StatusOr<Decision> FindConflict(const Transaction& txn);
  Decision Bar(const TransactionId& id, CommitResult result);
  Decision Apply(const Transaction& txn);

  absl::StatusOr<Current> CurrentOf(const std::string& key);
  absl::StatusOr<Current> ReadStored(const std::string& key) const;
  void Record(const TransactionId& id, const WrittenId& written);
  void WriteOverlay();
  // The keyspace with a feed that `key` lies in, or null.
  const std::string* FeedOf(absl::string_view key) const;
  void AddFeedEvent(absl::string_view key, FeedEvent::Kind kind);
  void AddErasure(const std::string& key);

  rocksdb::DB* const db_;
  EngineState state_;
  const uint64_t first_revision_;
  rocksdb::WriteBatch batch_;
  std::vector<Decision> decisions_;
  // Views into the works. Of a key that several of them put only the last
  // value is written: their head, their checkpoint.
  absl::flat_hash_map<absl::string_view, OverlayEntry> overlay_;
  absl::flat_hash_map<std::string, WrittenId> records_;
  // What was read of the database, which nobody else changes meanwhile: works
  // of one group rest on the same fence, key and head.
  absl::flat_hash_map<absl::string_view, Current> stored_;
  std::vector<format::Erasure> erasures_;
  std::set<std::string> changed_feeds_;
  std::vector<TransactionId> claimed_;
  bool makes_garbage_ = false;
  size_t applied_ = 0;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_GROUP_WRITER_H_
