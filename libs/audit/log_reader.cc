// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace keyward::audit {
namespace {

constexpr size_t kOpenIntentsPage = 1000;

absl::Status Damaged(absl::string_view record, uint64_t number,
                     absl::string_view what) {
  return absl::DataLossError(absl::StrCat(record, " ", number, ": ", what));
}

}  // namespace

absl::StatusOr<LogReader::StoredHead> LogReader::ReadHead() const {
  absl::StatusOr<kv::Entry> entry = store_->Get(kHeadKey);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<Head> head = DecodeHead(entry->value);
  if (!head.ok()) return head.status();
  return StoredHead{*head, entry->mod_revision};
}

absl::StatusOr<uint64_t> LogReader::ReadFence() const {
  absl::StatusOr<kv::Entry> entry = store_->Get(kFenceKey);
  if (!entry.ok()) return entry.status();
  return kv::DecodeNumber(entry->value);
}

absl::StatusOr<Batch> LogReader::ReadBatch(uint64_t index) const {
  kv::RangeOptions options;
  options.limit = 1;
  options.reverse = true;
  absl::StatusOr<kv::RangeResult> range =
      store_->Range(kBatchPrefix, kv::KeyAfter(BatchKey(index)), options);
  if (!range.ok()) return range.status();
  if (range->entries.empty()) {
    return absl::NotFoundError(absl::StrCat("the log has no leaf ", index));
  }
  const kv::Entry& entry = range->entries.front();
  absl::StatusOr<uint64_t> first = NumberOfKey(kBatchPrefix, entry.key);
  if (!first.ok()) return first.status();
  absl::StatusOr<Batch> batch = DecodeBatch(entry.value);
  if (!batch.ok()) return Damaged("batch", *first, batch.status().message());
  if (batch->first_index != *first) {
    return Damaged("batch", *first, "it stands at another index's place");
  }
  if (index - *first >= batch->leaves.size()) {
    return absl::NotFoundError(absl::StrCat("the log has no leaf ", index));
  }
  return batch;
}

absl::StatusOr<std::vector<std::string>> LogReader::ReadLeaves(
    uint64_t begin, uint64_t end) const {
  absl::StatusOr<Batch> batch = ReadBatch(begin);
  if (!batch.ok()) return batch.status();
  std::vector<std::string>& leaves = batch->leaves;
  const uint64_t skip = begin - batch->first_index;
  const uint64_t count =
      std::min<uint64_t>(leaves.size() - skip, end > begin ? end - begin : 0);
  return std::vector<std::string>(
      std::make_move_iterator(leaves.begin() + skip),
      std::make_move_iterator(leaves.begin() + skip + count));
}

absl::StatusOr<std::string> LogReader::ReadLeaf(uint64_t index) const {
  absl::StatusOr<std::vector<std::string>> leaves =
      ReadLeaves(index, index + 1);
  if (!leaves.ok()) return leaves.status();
  return std::move(leaves->front());
}

absl::StatusOr<std::vector<Hash>> LogReader::ReadTile(int level,
                                                      uint64_t index) const {
  absl::StatusOr<kv::Entry> entry = store_->Get(TileKey(level, index));
  const std::string name = absl::StrCat("tile ", level, "/");
  if (absl::IsNotFound(entry.status())) {
    return Damaged(name, index, "it is missing");
  }
  if (!entry.ok()) return entry.status();
  absl::StatusOr<std::vector<Hash>> hashes = DecodeTile(entry->value);
  if (!hashes.ok()) return Damaged(name, index, hashes.status().message());
  return hashes;
}

absl::StatusOr<TileEdge> LogReader::LoadEdge(const Head& head) const {
  std::vector<std::vector<Hash>> partials(kTileLevels);
  uint64_t next = head.size - PartialWidth(head.size, 0);
  while (next < head.size) {
    absl::StatusOr<std::vector<std::string>> leaves =
        ReadLeaves(next, head.size);
    if (absl::IsNotFound(leaves.status())) {
      return Damaged("leaf", next, "it is missing");
    }
    if (!leaves.ok()) return leaves.status();
    for (const std::string& leaf : *leaves) {
      partials[0].push_back(LeafHash(leaf));
    }
    next += leaves->size();
  }
  for (int level = 1; level < kTileLevels; ++level) {
    const uint64_t first = FullTiles(head.size, level) << kTileHeight;
    for (size_t i = 0; i < PartialWidth(head.size, level); ++i) {
      absl::StatusOr<std::vector<Hash>> tile = ReadTile(level - 1, first + i);
      if (!tile.ok()) return tile.status();
      partials[level].push_back(SubtreeRoot(*tile));
    }
  }
  absl::StatusOr<TileEdge> edge =
      TileEdge::FromPartials(head.size, std::move(partials));
  if (!edge.ok()) return edge;
  if (edge->Root() != head.root) {
    return absl::DataLossError(absl::StrCat(
        "the log's head says another root than its last leaves and tiles, at ",
        head.size, " leaves"));
  }
  return edge;
}

absl::StatusOr<absl::optional<uint64_t>> LogReader::ReadClosingOutcome(
    uint64_t intent_index) const {
  absl::StatusOr<kv::Entry> entry = store_->Get(ClosedKey(intent_index));
  if (absl::IsNotFound(entry.status())) return absl::optional<uint64_t>();
  if (!entry.ok()) return entry.status();
  absl::StatusOr<uint64_t> index = kv::DecodeNumber(entry->value);
  if (!index.ok()) return index.status();
  return absl::optional<uint64_t>(*index);
}

absl::StatusOr<std::vector<uint64_t>> LogReader::ReadOpenIntents(
    uint64_t from) const {
  kv::RangeOptions options;
  options.limit = kOpenIntentsPage;
  options.keys_only = true;
  absl::StatusOr<kv::RangeResult> range =
      store_->Range(OpenKey(from), kv::PrefixEnd(kOpenPrefix), options);
  if (!range.ok()) return range.status();
  std::vector<uint64_t> intents;
  for (const kv::Entry& entry : range->entries) {
    absl::StatusOr<uint64_t> index = NumberOfKey(kOpenPrefix, entry.key);
    if (!index.ok()) return index.status();
    intents.push_back(*index);
  }
  return intents;
}

absl::StatusOr<const std::vector<Hash>*> TileNodeReader::FullTile(
    int level, uint64_t index) {
  for (const CachedTile& tile : cache_) {
    if (tile.level == level && tile.index == index) return &tile.hashes;
  }
  absl::StatusOr<std::vector<Hash>> hashes = reader_->ReadTile(level, index);
  if (!hashes.ok()) return hashes.status();
  // A vector that grows moves its elements, and with them the hashes' heads;
  // the result is used before the next call.
  cache_.push_back({level, index, *std::move(hashes)});
  return &cache_.back().hashes;
}

absl::StatusOr<Hash> TileNodeReader::ReadNode(int level, uint64_t index) {
  const int tile_level = level / kTileHeight;
  const int height = level % kTileHeight;
  if (level < 0 || tile_level >= kTileLevels ||
      index >= (edge_.size() >> level)) {
    return absl::OutOfRangeError("the tree has no such node");
  }
  const uint64_t first = index << height;
  const uint64_t tile = first >> kTileHeight;
  const size_t offset = first & (kTileHashes - 1);
  const size_t count = size_t{1} << height;
  if (tile >= FullTiles(edge_.size(), tile_level)) {
    return SubtreeRoot(edge_.partial(tile_level).subspan(offset, count));
  }
  absl::StatusOr<const std::vector<Hash>*> hashes = FullTile(tile_level, tile);
  if (!hashes.ok()) return hashes.status();
  return SubtreeRoot(absl::MakeConstSpan(**hashes).subspan(offset, count));
}

}  // namespace keyward::audit
