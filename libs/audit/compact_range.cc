// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/compact_range.h"

#include <utility>

namespace keyward::audit {

absl::StatusOr<CompactRange> CompactRange::FromNodes(uint64_t size,
                                                     std::vector<Hash> nodes) {
  size_t expected = 0;
  for (uint64_t s = size; s != 0; s &= s - 1) ++expected;
  if (nodes.size() != expected) {
    return absl::InvalidArgumentError(
        "nodes: there must be one for each subtree of the size");
  }
  CompactRange range;
  range.size_ = size;
  range.nodes_ = std::move(nodes);
  return range;
}

void CompactRange::Append(const Hash& leaf_hash) {
  Hash node = leaf_hash;
  // Each trailing one bit of the size is a subtree as large as `node` by now.
  for (uint64_t s = size_; (s & 1) != 0; s >>= 1) {
    node = NodeHash(nodes_.back(), node);
    nodes_.pop_back();
  }
  nodes_.push_back(node);
  ++size_;
}

Hash CompactRange::Root() const {
  if (nodes_.empty()) return EmptyRoot();
  Hash root = nodes_.back();
  for (size_t i = nodes_.size() - 1; i > 0; --i) {
    root = NodeHash(nodes_[i - 1], root);
  }
  return root;
}

}  // namespace keyward::audit
