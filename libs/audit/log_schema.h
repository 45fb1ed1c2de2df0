// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_LOG_SCHEMA_H_
#define KEYWARD_LIBS_AUDIT_LOG_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// The keys under which the log lies in its key-value store, and the value of
// the head. FORMAT.md has the bytes. Numbers in keys are 8 bytes, big-endian:
// keys sort as their numbers do.
//
// What begins with "log/" is the log; what begins with "index/" is derived
// from it and may be dropped at any time.

// The head: compared and set by every append, which makes appends one by one.
inline constexpr char kHeadKey[] = "log/head";

// The fence, a number key (libs/kv/transaction.h): the policy revision of the
// newest in-force record, 0 before genesis.
inline constexpr char kFenceKey[] = "log/fence";

// A batch (batch.h), by the index of its first leaf.
inline constexpr char kBatchPrefix[] = "log/batch/";
std::string BatchKey(uint64_t first_index);

// A full hash tile (tile.h).
inline constexpr char kTilePrefix[] = "log/tile/";
std::string TileKey(int level, uint64_t tile_index);

// Exists while an intent has no closing outcome. The value is empty.
inline constexpr char kOpenPrefix[] = "log/open/";
std::string OpenKey(uint64_t intent_index);

// The index of the outcome that closed an intent, as a number.
inline constexpr char kClosedPrefix[] = "log/closed/";
std::string ClosedKey(uint64_t intent_index);

// What the audit service knows of a block of leaves (block_summary.h), to find
// entries with; services/audit/FORMAT.md.
inline constexpr char kIndexBlockPrefix[] = "index/block/";
std::string IndexBlockKey(uint64_t block);

// The number at the end of a key of one of the prefixes above. DATA_LOSS if
// it does not have that form.
absl::StatusOr<uint64_t> NumberOfKey(absl::string_view prefix,
                                     absl::string_view key);

struct Head {
  // The number of leaves.
  uint64_t size = 0;
  // The root of their tree: what a checkpoint of this size signs.
  Hash root;
};

std::string EncodeHead(const Head& head);

// DATA_LOSS for anything that EncodeHead does not make.
absl::StatusOr<Head> DecodeHead(absl::string_view value);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_LOG_SCHEMA_H_
