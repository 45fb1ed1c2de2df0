// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/block_index.h"

#include <algorithm>
#include <utility>

#include "libs/audit/entry.h"
#include "libs/audit/log_schema.h"
#include "libs/crypto/hmac.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/sha256.h"
#include "services/audit/unavailable.h"

namespace keyward::audit_service {

using audit::BlockSummary;
using audit::kBlockLeaves;
using audit::v1::AuditEntry;

namespace {

constexpr char kMarkKey[] = "index/mark";
constexpr char kPurpose[] = "keyward/audit/block-summary/1";

// Nobody waits for the index.
constexpr absl::Duration kCommitTime = absl::Seconds(10);

std::string Authenticated(uint64_t block, absl::string_view summary) {
  return crypto::LengthPrefixed()
      .Add(kPurpose)
      .AddNumber(block)
      .Add(summary)
      .bytes();
}

}  // namespace

absl::StatusOr<std::string> SealSummary(const crypto::SecretBuffer& key,
                                        uint64_t block,
                                        const BlockSummary& summary) {
  std::string value = summary.Encode();
  absl::StatusOr<crypto::Sha256Digest> mac =
      crypto::HmacSha256(key, Authenticated(block, value));
  if (!mac.ok()) return mac.status();
  value.append(crypto::AsBytes(*mac).data(), mac->size());
  return value;
}

absl::StatusOr<BlockSummary> OpenSummary(const crypto::SecretBuffer& key,
                                         uint64_t block,
                                         absl::string_view value) {
  if (value.size() < crypto::kSha256Size) {
    return absl::DataLossError("a block's summary is cut off");
  }
  const absl::string_view mac =
      value.substr(value.size() - crypto::kSha256Size);
  value.remove_suffix(crypto::kSha256Size);
  if (!crypto::VerifyHmacSha256(key, Authenticated(block, value), mac).ok()) {
    return absl::DataLossError("a block's summary is not of this log's key");
  }
  return BlockSummary::Decode(value);
}

absl::StatusOr<BlockIndex::Mark> BlockIndex::ReadMark() const {
  absl::StatusOr<kv::Entry> entry = store_->Get(kMarkKey);
  if (absl::IsNotFound(entry.status())) return Mark{};
  if (!entry.ok()) return entry.status();
  absl::StatusOr<uint64_t> blocks = kv::DecodeNumber(entry->value);
  // A damaged mark is as good as none.
  return Mark{blocks.value_or(0), entry->mod_revision};
}

absl::StatusOr<BlockSummary> BlockIndex::Summarize(uint64_t block) const {
  BlockSummary summary;
  uint64_t next = block * kBlockLeaves;
  const uint64_t end = next + kBlockLeaves;
  AuditEntry entry = audit::TakeEntry();
  while (next < end) {
    absl::StatusOr<std::vector<std::string>> leaves =
        reader_->ReadLeaves(next, end);
    if (!leaves.ok()) return leaves.status();
    for (const std::string& leaf : *leaves) {
      absl::Status parsed = audit::ParseEntry(leaf, &entry);
      if (!parsed.ok()) return parsed;
      summary.Add(entry);
    }
    next += leaves->size();
  }
  audit::GiveBackEntry(std::move(entry));
  summary.Finish();
  return summary;
}

absl::StatusOr<bool> BlockIndex::Build(uint64_t log_size) {
  const uint64_t full = log_size / kBlockLeaves;
  absl::StatusOr<Mark> mark = ReadMark();
  if (!mark.ok()) return mark.status();
  // A mark above the log is of another log.
  if (mark->blocks > full) mark->blocks = 0;
  absl::optional<uint64_t> missed;
  {
    MutexLock l(&mu_);
    missed = std::exchange(missed_, absl::nullopt);
  }
  const uint64_t first = std::min(mark->blocks, missed.value_or(mark->blocks));
  const uint64_t end = std::min<uint64_t>(full, first + kBuildBlocks);
  if (first >= end) return false;
  kv::Transaction txn;
  txn.preconditions = {
      kv::Precondition::RevisionIs(kMarkKey, mark->mod_revision)};
  for (uint64_t block = first; block < end; ++block) {
    absl::StatusOr<BlockSummary> summary = Summarize(block);
    if (!summary.ok()) return summary.status();
    absl::StatusOr<std::string> value = SealSummary(*key_, block, *summary);
    if (!value.ok()) return value.status();
    txn.puts.push_back({audit::IndexBlockKey(block), *std::move(value)});
  }
  const uint64_t blocks = std::max(mark->blocks, end);
  txn.puts.push_back({kMarkKey, kv::EncodeNumber(blocks)});
  if (absl::Status status = Commit(std::move(txn)); !status.ok()) {
    return status;
  }
  return blocks < full;
}

absl::Status BlockIndex::Commit(kv::Transaction txn) {
  kv::CommitOptions options;
  options.deadline = clock_->SteadyNow() + kCommitTime;
  if (session_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kv::WriterSession>> session =
        kv::WriterSession::Begin(store_, options.deadline);
    if (!session.ok()) return session.status();
    session_ = *std::move(session);
  }
  kv::CommitResult result = session_->CommitAndWait(std::move(txn), options);
  if (result.outcome == kv::CommitResult::Outcome::kUnknown) {
    const kv::TransactionId id = result.id;
    result = session_->SettleAndWait(id, options);
    if (result.outcome == kv::CommitResult::Outcome::kUnknown) {
      session_->Abandon(id);
    }
  }
  if (result.applied()) return absl::OkStatus();
  if (result.outcome == kv::CommitResult::Outcome::kRefused &&
      absl::IsFailedPrecondition(result.status)) {
    session_.reset();  // It has expired.
  }
  // A conflict: another process indexes. Whatever it was, nothing rests on it;
  // one that may yet apply writes what is true, or fails at the mark.
  return AuditUnavailable("the index was not written");
}

absl::StatusOr<std::vector<absl::optional<BlockSummary>>> BlockIndex::Read(
    uint64_t first, size_t count) {
  count = std::min(count, kReadBlocks);
  absl::StatusOr<Mark> mark = ReadMark();
  if (!mark.ok()) return mark.status();
  std::vector<absl::optional<BlockSummary>> summaries(count);
  kv::RangeOptions options;
  options.limit = kReadBlocks;
  options.max_bytes = size_t{2} << 20;
  absl::StatusOr<kv::RangeResult> range =
      store_->Range(audit::IndexBlockKey(first),
                    audit::IndexBlockKey(first + count), options);
  if (!range.ok()) return range.status();
  for (const kv::Entry& entry : range->entries) {
    absl::StatusOr<uint64_t> block =
        audit::NumberOfKey(audit::kIndexBlockPrefix, entry.key);
    if (!block.ok() || *block >= mark->blocks) continue;
    absl::StatusOr<BlockSummary> summary =
        OpenSummary(*key_, *block, entry.value);
    if (summary.ok()) summaries[*block - first] = *std::move(summary);
  }
  for (size_t i = 0; i < count; ++i) {
    const uint64_t block = first + i;
    if (summaries[i].has_value() || block >= mark->blocks) continue;
    MutexLock l(&mu_);
    missed_ = std::min(missed_.value_or(block), block);
    break;
  }
  return summaries;
}

}  // namespace keyward::audit_service
