// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/tree_hash.h"

#include <algorithm>

#include "libs/crypto/sha256.h"

namespace keyward::audit {

absl::StatusOr<Hash> Hash::FromBytes(absl::string_view view) {
  if (view.size() != kHashSize) {
    return absl::InvalidArgumentError("a hash must have 32 bytes");
  }
  Hash hash;
  std::copy(view.begin(), view.end(), hash.bytes.begin());
  return hash;
}

Hash EmptyRoot() { return {crypto::Sha256("")}; }

Hash LeafHash(absl::string_view leaf) {
  return {crypto::Sha256({absl::string_view("\x00", 1), leaf})};
}

Hash NodeHash(const Hash& left, const Hash& right) {
  return {crypto::Sha256({"\x01", left.view(), right.view()})};
}

uint64_t SplitPoint(uint64_t size) {
  uint64_t power = 1;
  // `size - power > power` is `size > 2 * power` without overflow.
  while (size - power > power) power <<= 1;
  return power;
}

}  // namespace keyward::audit
