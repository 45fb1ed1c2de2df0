// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_TREE_HASH_H_
#define KEYWARD_LIBS_AUDIT_TREE_HASH_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::audit {

// The hashes of the log's Merkle tree (RFC 6962 section 2.1, SHA-256). Leaves
// and inner nodes are hashed with different first bytes; without that, an
// inner node could be passed off as a leaf whose content is two hashes.
//
// Pure functions and a value type.

inline constexpr size_t kHashSize = 32;

struct Hash {
  std::array<uint8_t, kHashSize> bytes{};

  // The 32 bytes, valid as long as the object.
  absl::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // The hash that `view` holds; INVALID_ARGUMENT unless it is 32 bytes long.
  static absl::StatusOr<Hash> FromBytes(absl::string_view view);

  friend bool operator==(const Hash& a, const Hash& b) {
    return a.bytes == b.bytes;
  }
  friend bool operator!=(const Hash& a, const Hash& b) { return !(a == b); }
};

// SHA-256 of the empty string: the root of the empty tree.
Hash EmptyRoot();

// SHA-256(0x00 || leaf).
Hash LeafHash(absl::string_view leaf);

// SHA-256(0x01 || left || right).
Hash NodeHash(const Hash& left, const Hash& right);

// The largest power of two that is smaller than `size`, which is at least 2:
// where a tree of that size splits into its two halves.
uint64_t SplitPoint(uint64_t size);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_TREE_HASH_H_
