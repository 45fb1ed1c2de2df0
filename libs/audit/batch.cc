// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/batch.h"

#include <utility>

#include "libs/audit/entry.h"
#include "libs/base/byte_order.h"
#include "libs/crypto/sha256.h"

namespace keyward::audit {
namespace {

constexpr char kFormat = 1;

absl::Status CheckBounds(const Batch& batch) {
  if (batch.leaves.empty() || batch.leaves.size() > kMaxBatchLeaves) {
    return absl::InvalidArgumentError("a batch must have 1 to 256 leaves");
  }
  if (batch.opened.size() > batch.leaves.size() ||
      batch.closed.size() > batch.leaves.size()) {
    return absl::InvalidArgumentError(
        "a batch must not list more intents than it has leaves");
  }
  size_t bytes = 0;
  for (const std::string& leaf : batch.leaves) {
    if (leaf.empty() || leaf.size() > kMaxEntryBytes) {
      return absl::InvalidArgumentError("a leaf must have 1 to 2048 bytes");
    }
    bytes += leaf.size();
  }
  if (bytes > kMaxBatchLeafBytes) {
    return absl::InvalidArgumentError(
        "a batch must have at most 768 KiB of leaves");
  }
  return absl::OkStatus();
}

absl::Status Damaged(const char* what) { return absl::DataLossError(what); }

// Reads the fields one after another; the first that is missing decides.
class Parser {
 public:
  explicit Parser(absl::string_view in) : in_(in) {}

  uint64_t Number16() { return Keep(TakeBigEndian16(&in_)); }
  uint64_t Number64() { return Keep(TakeBigEndian64(&in_)); }
  std::string Bytes(uint64_t count) {
    if (!status_.ok()) return "";
    absl::StatusOr<absl::string_view> bytes = TakeBytes(&in_, count);
    if (!bytes.ok()) {
      status_ = bytes.status();
      return "";
    }
    return std::string(*bytes);
  }

  bool AtEnd() const { return in_.empty(); }
  const absl::Status& status() const { return status_; }

 private:
  template <typename T>
  uint64_t Keep(absl::StatusOr<T> number) {
    if (!status_.ok()) return 0;
    if (!number.ok()) {
      status_ = number.status();
      return 0;
    }
    return *number;
  }

  absl::string_view in_;
  absl::Status status_;
};

absl::StatusOr<Batch> ParseFields(absl::string_view body) {
  Parser parser(body);
  Batch batch;
  batch.first_index = parser.Number64();
  batch.fence = parser.Number64();
  const uint64_t opened = parser.Number16();
  if (opened > kMaxBatchLeaves)
    return Damaged("a batch opens too many intents");
  for (uint64_t i = 0; i < opened; ++i) {
    batch.opened.push_back(parser.Number64());
  }
  const uint64_t closed = parser.Number16();
  if (closed > kMaxBatchLeaves) {
    return Damaged("a batch closes too many intents");
  }
  for (uint64_t i = 0; i < closed; ++i) {
    const uint64_t intent = parser.Number64();
    batch.closed.push_back({intent, parser.Number64()});
  }
  const uint64_t leaves = parser.Number16();
  if (leaves > kMaxBatchLeaves) return Damaged("a batch has too many leaves");
  for (uint64_t i = 0; i < leaves; ++i) {
    batch.leaves.push_back(parser.Bytes(parser.Number16()));
  }
  if (!parser.status().ok()) return Damaged("a batch is cut short");
  if (!parser.AtEnd()) return Damaged("a batch has trailing bytes");
  return batch;
}

}  // namespace

absl::StatusOr<std::string> EncodeBatch(const Batch& batch) {
  if (absl::Status status = CheckBounds(batch); !status.ok()) return status;
  std::string out(1, kFormat);
  PutBigEndian64(&out, batch.first_index);
  PutBigEndian64(&out, batch.fence);
  PutBigEndian16(&out, static_cast<uint16_t>(batch.opened.size()));
  for (const uint64_t index : batch.opened) PutBigEndian64(&out, index);
  PutBigEndian16(&out, static_cast<uint16_t>(batch.closed.size()));
  for (const ClosedIntent& closed : batch.closed) {
    PutBigEndian64(&out, closed.intent_index);
    PutBigEndian64(&out, closed.outcome_index);
  }
  PutBigEndian16(&out, static_cast<uint16_t>(batch.leaves.size()));
  for (const std::string& leaf : batch.leaves) {
    PutBigEndian16(&out, static_cast<uint16_t>(leaf.size()));
    out.append(leaf);
  }
  const crypto::Sha256Digest digest = crypto::Sha256(out);
  out.append(crypto::AsBytes(digest).data(), digest.size());
  return out;
}

absl::StatusOr<Batch> DecodeBatch(absl::string_view value) {
  if (value.size() < 1 + crypto::kSha256Size) {
    return Damaged("a batch is cut short");
  }
  const absl::string_view body =
      value.substr(0, value.size() - crypto::kSha256Size);
  const crypto::Sha256Digest digest = crypto::Sha256(body);
  if (crypto::AsBytes(digest) != value.substr(body.size())) {
    return Damaged("a batch does not match its digest");
  }
  if (body[0] != kFormat) {
    return Damaged("a batch is of a format that this build does not know");
  }
  absl::StatusOr<Batch> batch = ParseFields(body.substr(1));
  if (!batch.ok()) return batch;
  if (!CheckBounds(*batch).ok()) return Damaged("a batch exceeds its bounds");
  return batch;
}

}  // namespace keyward::audit
