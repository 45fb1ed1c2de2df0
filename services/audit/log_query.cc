// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_query.h"

#include <algorithm>
#include <utility>

#include "libs/audit/entry.h"
#include "libs/base/proto_time.h"

namespace keyward::audit_service {
namespace {

using audit::BlockSummary;
using audit::kBlockLeaves;
using audit::v1::AuditEntry;

// A part of one block.
struct Stretch {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t block() const { return begin / kBlockLeaves; }
  uint64_t size() const { return end - begin; }
};

// One page in the making.
class Scan {
 public:
  Scan(const QuerySpec& spec, const audit::LogReader& reader, BlockIndex* index,
       uint64_t size, uint64_t position)
      : spec_(spec),
        reader_(reader),
        index_(index),
        size_(size),
        position_(std::min(position, size)) {}

  absl::StatusOr<QueryPage> Run() {
    while (!AtEnd()) {
      const Stretch stretch = NextStretch();
      absl::StatusOr<bool> skip = MaySkip(stretch);
      if (!skip.ok()) return skip.status();
      if (*skip) {
        if (++skipped_ > kMaxSkippedBlocks) break;
        position_ = spec_.descending ? stretch.begin : stretch.end;
        continue;
      }
      if (examined_ + stretch.size() > kMaxExaminedEntries) break;
      if (absl::Status status = Examine(stretch); !status.ok()) return status;
      if (page_.entries.size() == spec_.page_size) break;
    }
    if (!AtEnd()) page_.next = position_;
    return std::move(page_);
  }

 private:
  bool AtEnd() const {
    return spec_.descending ? position_ == 0 : position_ == size_;
  }

  // What is left of the block at the position, in the query's direction.
  Stretch NextStretch() const {
    const uint64_t at = spec_.descending ? position_ - 1 : position_;
    const uint64_t first = at / kBlockLeaves * kBlockLeaves;
    if (spec_.descending) return {first, position_};
    return {position_, std::min(size_, first + kBlockLeaves)};
  }

  absl::StatusOr<bool> MaySkip(const Stretch& stretch) {
    const uint64_t block = stretch.block();
    const uint64_t window = block / BlockIndex::kReadBlocks;
    if (!window_.has_value() || *window_ != window) {
      absl::StatusOr<std::vector<absl::optional<BlockSummary>>> summaries =
          index_->Read(window * BlockIndex::kReadBlocks,
                       BlockIndex::kReadBlocks);
      if (!summaries.ok()) return summaries.status();
      summaries_ = *std::move(summaries);
      window_ = window;
    }
    const absl::optional<BlockSummary>& summary =
        summaries_[block % BlockIndex::kReadBlocks];
    return summary.has_value() && !MayMatch(*summary);
  }

  bool MayMatch(const BlockSummary& summary) const {
    if (!summary.MayHoldTime(absl::ToUnixSeconds(spec_.start),
                             absl::ToUnixSeconds(spec_.end))) {
      return false;
    }
    if (!spec_.principal.empty() &&
        !summary.MayHold(BlockSummary::PrincipalKey(spec_.principal))) {
      return false;
    }
    return !spec_.resource.has_value() ||
           spec_.resource->kind() == ResourceKind::kSystem ||
           summary.MayHold(BlockSummary::ResourceKey(*spec_.resource));
  }

  absl::Status Examine(const Stretch& stretch) {
    std::vector<std::string> leaves;
    while (leaves.size() < stretch.size()) {
      absl::StatusOr<std::vector<std::string>> more =
          reader_.ReadLeaves(stretch.begin + leaves.size(), stretch.end);
      if (!more.ok()) return more.status();
      std::move(more->begin(), more->end(), std::back_inserter(leaves));
    }
    for (uint64_t i = 0; i < stretch.size(); ++i) {
      const uint64_t offset = spec_.descending ? stretch.size() - 1 - i : i;
      const uint64_t index = stretch.begin + offset;
      absl::StatusOr<AuditEntry> entry = audit::ParseEntry(leaves[offset]);
      if (!entry.ok()) return entry.status();
      ++examined_;
      position_ = spec_.descending ? index : index + 1;
      if (!Matches(spec_, *entry)) continue;
      audit::v1::IndexedEntry found;
      found.set_index(index);
      *found.mutable_entry() = *std::move(entry);
      page_.entries.push_back(std::move(found));
      if (page_.entries.size() == spec_.page_size) break;
    }
    return absl::OkStatus();
  }

  const QuerySpec& spec_;
  const audit::LogReader& reader_;
  BlockIndex* const index_;
  const uint64_t size_;
  uint64_t position_;
  uint64_t examined_ = 0;
  uint64_t skipped_ = 0;
  // The summaries at hand, and of which window of blocks.
  absl::optional<uint64_t> window_;
  std::vector<absl::optional<BlockSummary>> summaries_;
  QueryPage page_;
};

}  // namespace

bool Matches(const QuerySpec& spec, const AuditEntry& entry) {
  if (!spec.principal.empty() && entry.principal() != spec.principal) {
    return false;
  }
  const absl::Time time = FromTimestamp(entry.time());
  if (time < spec.start || time >= spec.end) return false;
  if (!spec.resource.has_value()) return true;
  absl::StatusOr<ResourceName> resource = ResourceName::Parse(entry.resource());
  return resource.ok() && resource->IsAtOrBelow(*spec.resource);
}

absl::StatusOr<QueryPage> RunQuery(const QuerySpec& spec,
                                   const audit::LogReader& reader,
                                   BlockIndex* index, uint64_t size,
                                   uint64_t position) {
  return Scan(spec, reader, index, size, position).Run();
}

}  // namespace keyward::audit_service
