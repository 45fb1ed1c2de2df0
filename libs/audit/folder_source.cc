// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/folder_source.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"
#include "libs/audit/log_schema.h"
#include "libs/crypto/sha256.h"

namespace keyward::audit {
namespace {

absl::Status Damaged(absl::string_view where, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(where, ": ", what));
}

}  // namespace

absl::Status FolderSource::FillPage() {
  kv::RangeOptions options;
  options.limit = 16;
  options.max_bytes = size_t{4} << 20;
  absl::StatusOr<kv::RangeResult> range =
      store_->Range(next_key_, kv::PrefixEnd(kBatchPrefix), options);
  if (!range.ok()) {
    return absl::Status(
        range.status().code(),
        absl::StrCat("leaf ", next_index_, ": ", range.status().message()));
  }
  more_ = range->more;
  for (kv::Entry& entry : range->entries) {
    next_key_ = kv::KeyAfter(entry.key);
    page_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::StatusOr<LeafChunk> FolderSource::Next() {
  if (page_.empty() && more_) {
    if (absl::Status status = FillPage(); !status.ok()) return status;
  }
  LeafChunk chunk;
  chunk.first_index = next_index_;
  if (page_.empty()) return chunk;
  const kv::Entry entry = std::move(page_.front());
  page_.pop_front();
  absl::StatusOr<uint64_t> first = NumberOfKey(kBatchPrefix, entry.key);
  if (!first.ok()) {
    return Damaged(absl::StrCat("leaf ", next_index_),
                   "a batch has a malformed key");
  }
  chunk.where = absl::StrCat("batch ", *first);
  if (*first != next_index_) {
    return Damaged(chunk.where,
                   absl::StrCat("a batch that begins with leaf ", next_index_,
                                " should stand here"));
  }
  absl::StatusOr<Batch> batch = DecodeBatch(entry.value);
  if (!batch.ok()) return Damaged(chunk.where, batch.status().message());
  if (batch->first_index != *first) {
    return Damaged(chunk.where, "it belongs to another place");
  }
  for (const ClosedIntent& closed : batch->closed) {
    absl::StatusOr<absl::optional<uint64_t>> outcome =
        reader_.ReadClosingOutcome(closed.intent_index);
    if (!outcome.ok()) return outcome.status();
    if (*outcome != closed.outcome_index) {
      return Damaged(chunk.where, absl::StrCat("intent ", closed.intent_index,
                                               " is not kept as closed"));
    }
    ++closed_;
  }
  if (absl::Status status = CheckIndex(batch->leaves); !status.ok()) {
    return status;
  }
  next_index_ += batch->leaves.size();
  chunk.leaves = std::move(batch->leaves);
  chunk.fence_after = batch->fence;
  chunk.opened = std::move(batch->opened);
  chunk.closed = std::move(batch->closed);
  return chunk;
}

absl::Status FolderSource::CheckIndex(const std::vector<std::string>& leaves) {
  uint64_t index = next_index_;
  for (const std::string& leaf : leaves) {
    const uint64_t block = index / kBlockLeaves;
    if (index++ % kBlockLeaves == 0) {
      if (absl::Status status = BeginIndexBlock(block); !status.ok()) {
        return status;
      }
    }
    if (!index_block_.has_value()) continue;
    absl::StatusOr<v1::AuditEntry> entry = ParseEntry(leaf);
    // What is no entry is found by the log's rules, which say it better.
    if (entry.ok()) index_block_->made.Add(*entry);
    if (index % kBlockLeaves != 0) continue;
    if (absl::Status status = EndIndexBlock(block); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FolderSource::BeginIndexBlock(uint64_t block) {
  absl::StatusOr<kv::Entry> entry = store_->Get(IndexBlockKey(block));
  // The index is built behind the log.
  if (absl::IsNotFound(entry.status())) return absl::OkStatus();
  if (!entry.ok()) return entry.status();
  index_block_ = IndexBlock{std::move(entry->value), BlockSummary()};
  return absl::OkStatus();
}

absl::Status FolderSource::EndIndexBlock(uint64_t block) {
  index_block_->made.Finish();
  const std::string made = index_block_->made.Encode();
  const std::string stored = std::move(index_block_->stored);
  index_block_.reset();
  // The authenticator behind it only the service can check, and does.
  if (stored.size() == made.size() + crypto::kSha256Size &&
      absl::StartsWith(stored, made)) {
    ++summaries_;
    return absl::OkStatus();
  }
  const uint64_t first = block * kBlockLeaves;
  return Damaged(
      absl::StrCat("the index of leaves ", first, " to ",
                   first + kBlockLeaves - 1),
      "it is not that of these leaves, so that queries may overlook some");
}

absl::Status FolderSource::CheckTile(const Tile& tile) {
  const std::string where = absl::StrCat("tile ", tile.level, "/", tile.index);
  absl::StatusOr<std::vector<Hash>> stored =
      reader_.ReadTile(tile.level, tile.index);
  if (!stored.ok()) return stored.status();
  for (size_t i = 0; i < tile.hashes.size(); ++i) {
    if ((*stored)[i] == tile.hashes[i]) continue;
    const uint64_t first = (tile.index * kTileHashes + i)
                           << (kTileHeight * tile.level);
    return Damaged(
        absl::StrCat("leaf ", first),
        absl::StrCat("it does not have the hash that ", where, " keeps of it"));
  }
  ++tiles_;
  return absl::OkStatus();
}

absl::Status FolderSource::CheckTotals(const LogTotals& totals) {
  absl::StatusOr<LogReader::StoredHead> head = reader_.ReadHead();
  if (!head.ok()) return Damaged("the log's head", head.status().message());
  if (head->head.size != totals.size) {
    return Damaged(absl::StrCat("leaf ", totals.size),
                   absl::StrCat("the leaves end here, but the head says ",
                                head->head.size));
  }
  if (head->head.root != totals.root) {
    return Damaged("the log's head",
                   "it does not have the root of these leaves");
  }
  absl::StatusOr<uint64_t> fence = reader_.ReadFence();
  if (!fence.ok()) return Damaged("the fence", fence.status().message());
  if (*fence != totals.fence) {
    return Damaged("the fence", "it is not that of the newest in-force record");
  }
  // Records too many would be found by nothing else, and a later append would
  // trust them.
  if (absl::Status status = CheckNumberOfKeys(kTilePrefix, tiles_, "tiles");
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          CheckNumberOfKeys(kClosedPrefix, closed_, "closed intents");
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          CheckNumberOfKeys(kIndexBlockPrefix, summaries_, "the index");
      !status.ok()) {
    return status;
  }
  return CheckOpenIntents(totals);
}

absl::Status FolderSource::CheckNumberOfKeys(absl::string_view prefix,
                                             uint64_t expected,
                                             absl::string_view what) {
  std::string begin(prefix);
  uint64_t found = 0;
  for (;;) {
    kv::RangeOptions options;
    options.limit = kv::kMaxRangeEntries;
    options.keys_only = true;
    absl::StatusOr<kv::RangeResult> range =
        store_->Range(begin, kv::PrefixEnd(prefix), options);
    if (!range.ok()) return range.status();
    found += range->entries.size();
    if (!range->more) break;
    begin = kv::KeyAfter(range->entries.back().key);
  }
  if (found == expected) return absl::OkStatus();
  return Damaged(what, absl::StrCat("there are ", found, ", but there must be ",
                                    expected));
}

absl::Status FolderSource::CheckOpenIntents(const LogTotals& totals) {
  std::vector<uint64_t> stored;
  uint64_t from = 0;
  for (;;) {
    absl::StatusOr<std::vector<uint64_t>> page = reader_.ReadOpenIntents(from);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    stored.insert(stored.end(), page->begin(), page->end());
    from = stored.back() + 1;
    if (stored.size() > totals.open_intents.size()) break;
  }
  if (stored == totals.open_intents) return absl::OkStatus();
  return Damaged("the open intents", "they are not those of the leaves");
}

}  // namespace keyward::audit
