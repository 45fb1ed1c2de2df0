// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/snapshot_codec.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace keyward::policy {
namespace {

// What a chunk holds beside its entries: revision, number, last; rounded up.
constexpr size_t kChunkHeaderBytes = 32;
// Tag and length of one entry in a chunk, at most.
constexpr size_t kEntryHeaderBytes = 6;

absl::Status OutOfOrder(absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("the stream of policy updates has a gap: ", what));
}

}  // namespace

std::vector<SnapshotChunk> EncodeSnapshot(const PolicyState& state) {
  std::vector<SnapshotChunk> chunks(1);
  size_t bytes = kChunkHeaderBytes;
  for (PolicyEntry& entry : state.Entries()) {
    const size_t size = entry.ByteSizeLong() + kEntryHeaderBytes;
    if (bytes + size > kMaxChunkBytes && chunks.back().entries_size() > 0) {
      chunks.emplace_back();
      bytes = kChunkHeaderBytes;
    }
    bytes += size;
    *chunks.back().add_entries() = std::move(entry);
  }
  for (size_t i = 0; i < chunks.size(); ++i) {
    chunks[i].set_revision(state.revision());
    chunks[i].set_number(static_cast<uint32_t>(i));
  }
  chunks.back().set_last(true);
  return chunks;
}

absl::StatusOr<std::shared_ptr<const PolicyState>> SnapshotAssembler::Take(
    PolicyUpdate update) {
  if (!broken_.ok()) return broken_;
  absl::StatusOr<std::shared_ptr<const PolicyState>> taken =
      OutOfOrder("an update of no known kind");
  if (update.has_chunk()) {
    taken = TakeChunk(std::move(*update.mutable_chunk()));
  } else if (update.has_delta()) {
    taken = TakeDelta(update.delta());
  }
  if (!taken.ok()) broken_ = taken.status();
  return taken;
}

absl::StatusOr<std::shared_ptr<const PolicyState>> SnapshotAssembler::TakeChunk(
    SnapshotChunk chunk) {
  if (chunk.number() == 0) {
    if (chunk.revision() == 0) return OutOfOrder("a snapshot of no revision");
    partial_.emplace();
    partial_->set_revision(chunk.revision());
    next_chunk_ = 0;
  }
  if (!partial_.has_value() || chunk.number() != next_chunk_ ||
      chunk.revision() != partial_->revision()) {
    return OutOfOrder("a chunk of a snapshot is missing");
  }
  ++next_chunk_;
  for (PolicyEntry& entry : *chunk.mutable_entries()) {
    absl::Status status = partial_->Put(std::move(entry));
    if (!status.ok()) return status;
  }
  if (!chunk.last()) return std::shared_ptr<const PolicyState>();
  whole_ = std::make_shared<const PolicyState>(*std::move(partial_));
  partial_.reset();
  return whole_;
}

absl::StatusOr<std::shared_ptr<const PolicyState>> SnapshotAssembler::TakeDelta(
    const PolicyDelta& delta) {
  if (partial_.has_value() || whole_ == nullptr) {
    return OutOfOrder("a change without the whole policy before it");
  }
  if (delta.revision() != whole_->revision() + 1) {
    return OutOfOrder("a revision is missing");
  }
  PolicyState next = *whole_;
  absl::Status status = next.Apply(delta);
  if (!status.ok()) return status;
  whole_ = std::make_shared<const PolicyState>(std::move(next));
  return whole_;
}

}  // namespace keyward::policy
