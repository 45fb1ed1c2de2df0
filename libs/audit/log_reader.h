// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_LOG_READER_H_
#define KEYWARD_LIBS_AUDIT_LOG_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/audit/batch.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/proof.h"
#include "libs/audit/tile.h"
#include "libs/audit/tree_hash.h"
#include "libs/kv/kv.h"

namespace keyward::audit {

// Reads the log as it lies in a key-value store. Every error of the store is
// passed on; what does not have the form of FORMAT.md is DATA_LOSS, with a
// message that says which record.
//
// Thread-safe. Does not own the store, which outlives it. Several reads see
// several states unless the store given is a snapshot; since the log only
// grows, what they say together is still true of the later state.
class LogReader {
 public:
  explicit LogReader(const kv::KeyValueReader* store) : store_(store) {}

  struct StoredHead {
    Head head;
    uint64_t mod_revision = 0;
  };

  // The head, or NOT_FOUND: the store has no log yet.
  absl::StatusOr<StoredHead> ReadHead() const;

  // The policy revision in force; 0 before genesis. NOT_FOUND as ReadHead.
  absl::StatusOr<uint64_t> ReadFence() const;

  // The batch that holds leaf `index`. NOT_FOUND if the log ends before;
  // DATA_LOSS if there is a hole.
  absl::StatusOr<Batch> ReadBatch(uint64_t index) const;

  // The leaves from `begin`, at least one, to the end of their batch, at most
  // up to `end`. Errors as ReadBatch.
  absl::StatusOr<std::vector<std::string>> ReadLeaves(uint64_t begin,
                                                      uint64_t end) const;

  // Leaf `index`. Errors as ReadBatch.
  absl::StatusOr<std::string> ReadLeaf(uint64_t index) const;

  // A full tile. DATA_LOSS if it is missing or damaged.
  absl::StatusOr<std::vector<Hash>> ReadTile(int level, uint64_t index) const;

  // The right edge of the tree of `head`, from its last tiles and leaves.
  // DATA_LOSS if its root is not the head's.
  absl::StatusOr<TileEdge> LoadEdge(const Head& head) const;

  // The index of the outcome that closed an intent; absent if none did.
  absl::StatusOr<absl::optional<uint64_t>> ReadClosingOutcome(
      uint64_t intent_index) const;

  // Up to 1,000 intents at or after `from` that have no closing outcome,
  // ascending.
  absl::StatusOr<std::vector<uint64_t>> ReadOpenIntents(uint64_t from) const;

 private:
  const kv::KeyValueReader* const store_;
};

// Finds the nodes of a tree in tiles: the full ones in the store, the others in
// an edge. It keeps the tiles that it has read, of which a proof needs at most
// two a level. For use by one thread, for one proof.
class TileNodeReader final : public NodeReader {
 public:
  // `reader` outlives it. Proofs may be over any size up to the edge's.
  TileNodeReader(const LogReader* reader, TileEdge edge)
      : reader_(reader), edge_(std::move(edge)) {}

  absl::StatusOr<Hash> ReadNode(int level, uint64_t index) override;

 private:
  struct CachedTile {
    int level = 0;
    uint64_t index = 0;
    std::vector<Hash> hashes;
  };

  absl::StatusOr<const std::vector<Hash>*> FullTile(int level, uint64_t index);

  const LogReader* const reader_;
  const TileEdge edge_;
  std::vector<CachedTile> cache_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_LOG_READER_H_
