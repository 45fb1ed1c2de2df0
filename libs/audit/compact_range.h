// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_COMPACT_RANGE_H_
#define KEYWARD_LIBS_AUDIT_COMPACT_RANGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// The right edge of a Merkle tree: the roots of the complete subtrees that it
// is made of, at most one for each bit of its size. It is all that is needed
// to append a leaf, in amortized constant time, and to compute the root, in
// logarithmic time; so a process that writes or checks a log of any length
// keeps at most 64 hashes of it.
//
// A value type without locks.
class CompactRange {
 public:
  // The empty tree.
  CompactRange() = default;

  // The range of `size` leaves with these subtrees' roots, as nodes() lists
  // them. INVALID_ARGUMENT unless there is one for each one bit of `size`.
  static absl::StatusOr<CompactRange> FromNodes(uint64_t size,
                                                std::vector<Hash> nodes);

  void Append(const Hash& leaf_hash);

  // The number of leaves.
  uint64_t size() const { return size_; }

  // The root of the tree of these leaves; EmptyRoot() if there are none.
  Hash Root() const;

  // The subtrees' roots, the largest, leftmost subtree first. Their sizes are
  // the powers of two that add up to size().
  const std::vector<Hash>& nodes() const { return nodes_; }

 private:
  uint64_t size_ = 0;
  std::vector<Hash> nodes_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_COMPACT_RANGE_H_
