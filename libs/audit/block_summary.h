// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_BLOCK_SUMMARY_H_
#define KEYWARD_LIBS_AUDIT_BLOCK_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::audit {

// The leaves that one summary stands for; the same as a tile's.
inline constexpr uint64_t kBlockLeaves = 256;

// What can be said of a block of the log without reading it: the times in it,
// and, as short hashes, the resources, with all that are above them, and the
// principals. A query leaves out the blocks that cannot hold what it asks for;
// a hash that two names share only makes it read one block too many.
//
// It says nothing of who wrote it: a summary that leaves keys out hides entries
// from every query, so the service authenticates what it stores, and whoever
// verifies the log makes each summary again.
//
// A value type.
class BlockSummary {
 public:
  // The 4-byte hashes that queries look for.
  static uint32_t ResourceKey(const ResourceName& resource);
  static uint32_t PrincipalKey(absl::string_view principal);

  // The summary of no entries.
  BlockSummary() = default;

  // Adds an entry. Call Finish after the last one.
  void Add(const v1::AuditEntry& entry);
  void Finish();

  // The stored form (services/audit/FORMAT.md) without its authenticator, and
  // back; DATA_LOSS if it is malformed.
  std::string Encode() const;
  static absl::StatusOr<BlockSummary> Decode(absl::string_view value);

  // Whether the block may hold an entry under this key.
  bool MayHold(uint32_t key) const;
  // Whether it may hold one whose time, in whole seconds since 1970, is at
  // least `begin` and at most `end`.
  bool MayHoldTime(int64_t begin, int64_t end) const {
    return min_seconds_ <= end && max_seconds_ >= begin;
  }

 private:
  int64_t min_seconds_ = std::numeric_limits<int64_t>::max();
  int64_t max_seconds_ = std::numeric_limits<int64_t>::min();
  std::vector<uint32_t> keys_;  // Ascending, each once.
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_BLOCK_SUMMARY_H_
