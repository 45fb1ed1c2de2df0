// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/block_summary.h"

#include <algorithm>

#include "absl/types/optional.h"
#include "libs/base/byte_order.h"
#include "libs/crypto/sha256.h"

namespace keyward::audit {
namespace {

constexpr char kFormat = 1;

// A secret's version adds three names, and each entry a principal.
constexpr size_t kMaxKeys = 4 * kBlockLeaves;

// The kinds of names are kept apart, so that a principal that looks like a
// resource is not found as one.
uint32_t KeyOf(absl::string_view kind, absl::string_view name) {
  const crypto::Sha256Digest digest = crypto::Sha256({kind, name});
  absl::string_view bytes = crypto::AsBytes(digest);
  return *TakeBigEndian32(&bytes);
}

}  // namespace

uint32_t BlockSummary::ResourceKey(const ResourceName& resource) {
  return KeyOf("resource:", resource.ToString());
}

uint32_t BlockSummary::PrincipalKey(absl::string_view principal) {
  return KeyOf("principal:", principal);
}

void BlockSummary::Add(const v1::AuditEntry& entry) {
  min_seconds_ = std::min(min_seconds_, entry.time().seconds());
  max_seconds_ = std::max(max_seconds_, entry.time().seconds());
  if (!entry.principal().empty()) {
    keys_.push_back(PrincipalKey(entry.principal()));
  }
  absl::StatusOr<ResourceName> parsed = ResourceName::Parse(entry.resource());
  if (!parsed.ok()) return;
  absl::optional<ResourceName> resource = *std::move(parsed);
  while (resource.has_value() && resource->kind() != ResourceKind::kSystem) {
    keys_.push_back(ResourceKey(*resource));
    resource = resource->parent();
  }
}

void BlockSummary::Finish() {
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
}

std::string BlockSummary::Encode() const {
  std::string out(1, kFormat);
  PutBigEndian64(&out, static_cast<uint64_t>(min_seconds_));
  PutBigEndian64(&out, static_cast<uint64_t>(max_seconds_));
  PutBigEndian16(&out, static_cast<uint16_t>(keys_.size()));
  for (const uint32_t key : keys_) PutBigEndian32(&out, key);
  return out;
}

absl::StatusOr<BlockSummary> BlockSummary::Decode(absl::string_view value) {
  const absl::Status malformed =
      absl::DataLossError("a block's summary is malformed");
  constexpr size_t kFixed = 1 + 8 + 8 + 2;
  if (value.size() < kFixed || value[0] != kFormat) return malformed;
  value.remove_prefix(1);
  BlockSummary summary;
  summary.min_seconds_ = static_cast<int64_t>(*TakeBigEndian64(&value));
  summary.max_seconds_ = static_cast<int64_t>(*TakeBigEndian64(&value));
  const size_t count = *TakeBigEndian16(&value);
  if (count > kMaxKeys || value.size() != 4 * count) return malformed;
  for (size_t i = 0; i < count; ++i) {
    summary.keys_.push_back(*TakeBigEndian32(&value));
  }
  // A binary search over what is not sorted would overlook entries.
  if (!std::is_sorted(summary.keys_.begin(), summary.keys_.end())) {
    return malformed;
  }
  return summary;
}

bool BlockSummary::MayHold(uint32_t key) const {
  return std::binary_search(keys_.begin(), keys_.end(), key);
}

}  // namespace keyward::audit
