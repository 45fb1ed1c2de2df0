// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_schema.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/byte_order.h"

namespace keyward::audit {
namespace {

constexpr char kHeadFormat = 1;

}  // namespace

std::string BatchKey(uint64_t first_index) {
  return absl::StrCat(kBatchPrefix, BigEndian64(first_index));
}

std::string TileKey(int level, uint64_t tile_index) {
  const char byte = static_cast<char>(level);
  return absl::StrCat(kTilePrefix, absl::string_view(&byte, 1),
                      BigEndian64(tile_index));
}

std::string OpenKey(uint64_t intent_index) {
  return absl::StrCat(kOpenPrefix, BigEndian64(intent_index));
}

std::string ClosedKey(uint64_t intent_index) {
  return absl::StrCat(kClosedPrefix, BigEndian64(intent_index));
}

std::string IndexBlockKey(uint64_t block) {
  return absl::StrCat(kIndexBlockPrefix, BigEndian64(block));
}

absl::StatusOr<uint64_t> NumberOfKey(absl::string_view prefix,
                                     absl::string_view key) {
  if (!absl::StartsWith(key, prefix) || key.size() != prefix.size() + 8) {
    return absl::DataLossError("a key of the log is malformed");
  }
  absl::string_view number = key.substr(prefix.size());
  return TakeBigEndian64(&number);
}

std::string EncodeHead(const Head& head) {
  std::string value(1, kHeadFormat);
  PutBigEndian64(&value, head.size);
  value.append(head.root.view().data(), kHashSize);
  return value;
}

absl::StatusOr<Head> DecodeHead(absl::string_view value) {
  if (value.size() != 1 + 8 + kHashSize) {
    return absl::DataLossError("the log's head has a wrong length");
  }
  if (value[0] != kHeadFormat) {
    return absl::DataLossError(
        "the log's head is of a format that this build does not know");
  }
  value.remove_prefix(1);
  Head head;
  absl::StatusOr<uint64_t> size = TakeBigEndian64(&value);
  if (!size.ok()) return size.status();
  head.size = *size;
  absl::StatusOr<Hash> root = Hash::FromBytes(value);
  if (!root.ok()) return root.status();
  head.root = *root;
  return head;
}

}  // namespace keyward::audit
