// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The audit log's records as they lie in its folder, which `audit verify` reads
// whoever wrote it: what decodes is what its encoder makes.

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/audit/batch.h"
#include "libs/audit/block_summary.h"
#include "libs/audit/entry.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/tile.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"
#include "services/audit/block_index.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using audit::v1::AuditEntry;

void CheckBatch(absl::string_view value) {
  const auto batch = audit::DecodeBatch(value);
  if (!batch.ok()) {
    FUZZ_CHECK(absl::IsDataLoss(batch.status()));
    return;
  }
  FUZZ_CHECK(!batch->leaves.empty());
  FUZZ_CHECK(batch->leaves.size() <= audit::kMaxBatchLeaves);
  FUZZ_CHECK(audit::EncodeBatch(*batch).value() == value);
}

bool IsPrintableAscii(absl::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

// Whatever a caller writes into a request, its record can be made, fits, and
// forges no line of the log.
void CheckEntry(const AuditEntry& entry) {
  const auto leaf = audit::SerializeEntry(entry);
  FUZZ_CHECK(leaf.ok() == (entry.kind() != audit::v1::ENTRY_KIND_UNSPECIFIED));
  if (!leaf.ok()) return;
  FUZZ_CHECK(leaf->size() <= audit::kMaxEntryBytes);
  const auto again = audit::ParseEntry(*leaf);
  FUZZ_CHECK(again.ok());
  for (const std::string* const text :
       {&again->request_id(), &again->principal(), &again->authentication(),
        &again->credential_id(), &again->peer(), &again->user_agent(),
        &again->method(), &again->action(), &again->resource(), &again->rule(),
        &again->detail()}) {
    FUZZ_CHECK(IsPrintableAscii(*text));
  }
  FUZZ_CHECK(audit::IsDecision(*again) == audit::IsDecision(entry));
}

void CheckLeaf(absl::string_view leaf) {
  const auto entry = audit::ParseEntry(leaf);
  if (entry.ok()) {
    CheckEntry(*entry);
    audit::BlockSummary summary;
    summary.Add(*entry);
    summary.Finish();
    const auto decoded = audit::BlockSummary::Decode(summary.Encode());
    FUZZ_CHECK(decoded.ok());
    const int64_t second = entry->time().seconds();
    FUZZ_CHECK(decoded->MayHoldTime(second, second));
    FUZZ_CHECK(entry->principal().empty() ||
               decoded->MayHold(
                   audit::BlockSummary::PrincipalKey(entry->principal())));
  } else {
    FUZZ_CHECK(absl::IsDataLoss(entry.status()));
    // Beyond the bounds of a leaf, too.
    AuditEntry long_entry;
    if (long_entry.ParseFromArray(leaf.data(), static_cast<int>(leaf.size()))) {
      CheckEntry(long_entry);
    }
  }
}

void CheckSmall(absl::string_view value) {
  const auto head = audit::DecodeHead(value);
  if (head.ok()) FUZZ_CHECK(audit::EncodeHead(*head) == value);
  const auto tile = audit::DecodeTile(value);
  FUZZ_CHECK(tile.ok() == (value.size() == audit::kTileBytes));
  if (tile.ok()) FUZZ_CHECK(audit::EncodeTile(*tile) == value);
  const auto batch = audit::NumberOfKey(audit::kBatchPrefix, value);
  if (batch.ok()) FUZZ_CHECK(audit::BatchKey(*batch) == value);
  const auto open = audit::NumberOfKey(audit::kOpenPrefix, value);
  if (open.ok()) FUZZ_CHECK(audit::OpenKey(*open) == value);
  const auto block = audit::NumberOfKey(audit::kIndexBlockPrefix, value);
  if (block.ok()) FUZZ_CHECK(audit::IndexBlockKey(*block) == value);
}

// A summary that somebody else wrote could hide a block from every query.
void CheckSummary(absl::string_view value) {
  static const crypto::SecretBuffer& key = *new crypto::SecretBuffer(
      crypto::SecretBuffer::CopyOf(std::string(32, 'k')));
  const auto summary = audit::BlockSummary::Decode(value);
  if (summary.ok()) {
    FUZZ_CHECK(summary->Encode() == value);
    const std::string sealed =
        audit_service::SealSummary(key, 7, *summary).value();
    FUZZ_CHECK(audit_service::OpenSummary(key, 7, sealed).ok());
    FUZZ_CHECK(!audit_service::OpenSummary(key, 8, sealed).ok());
  }
  const auto opened = audit_service::OpenSummary(key, 7, value);
  if (opened.ok()) {
    FUZZ_CHECK(audit_service::SealSummary(key, 7, *opened).value() == value);
  } else {
    FUZZ_CHECK(absl::IsDataLoss(opened.status()));
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  CheckBatch(text);
  // With the digest that belongs to it, which hardly a change leaves right.
  const keyward::crypto::Sha256Digest digest = keyward::crypto::Sha256(text);
  CheckBatch(absl::StrCat(text, keyward::crypto::AsBytes(digest)));
  CheckLeaf(text);
  CheckSmall(text);
  CheckSummary(text);
  return 0;
}
