// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_MERKLE_TEST_UTIL_H_
#define KEYWARD_LIBS_AUDIT_MERKLE_TEST_UTIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/proof.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// RFC 6962's definition of a tree's root, word for word and as slow: what the
// production code is compared with.
inline Hash NaiveRoot(const std::vector<std::string>& leaves, size_t begin,
                      size_t end) {
  if (begin == end) return EmptyRoot();
  if (end - begin == 1) return LeafHash(leaves[begin]);
  const size_t k = SplitPoint(end - begin);
  return NodeHash(NaiveRoot(leaves, begin, begin + k),
                  NaiveRoot(leaves, begin + k, end));
}

// "leaf-0", "leaf-1", ...
inline std::vector<std::string> NumberedLeaves(size_t count) {
  std::vector<std::string> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(absl::StrCat("leaf-", i));
  return leaves;
}

// Reads nodes of a tree over leaves in memory.
class LeavesNodeReader : public NodeReader {
 public:
  explicit LeavesNodeReader(std::vector<std::string> leaves)
      : leaves_(std::move(leaves)) {}

  absl::StatusOr<Hash> ReadNode(int level, uint64_t index) override {
    const uint64_t width = uint64_t{1} << level;
    if ((index + 1) * width > leaves_.size()) {
      return absl::OutOfRangeError("no such node");
    }
    return NaiveRoot(leaves_, index * width, (index + 1) * width);
  }

 private:
  const std::vector<std::string> leaves_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_MERKLE_TEST_UTIL_H_
