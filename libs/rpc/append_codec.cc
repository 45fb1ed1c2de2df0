// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/append_codec.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/rpc_status.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::audit::v1;

// Tags and lengths of an entry, and the other fields of an item.
constexpr size_t kEntryOverhead = 4;
constexpr size_t kItemOverhead = 48;

wire::AppendStatus EncodeStatus(AppendStatus status) {
  switch (status) {
    case AppendStatus::kAccepted:
      return wire::APPEND_STATUS_ACCEPTED;
    case AppendStatus::kFence:
      return wire::APPEND_STATUS_FENCE;
    case AppendStatus::kIntentClosed:
      return wire::APPEND_STATUS_INTENT_CLOSED;
    case AppendStatus::kFailed:
      return wire::APPEND_STATUS_FAILED;
    case AppendStatus::kUnknown:
      return wire::APPEND_STATUS_UNKNOWN;
  }
  return wire::APPEND_STATUS_UNKNOWN;
}

AppendStatus DecodeStatus(wire::AppendStatus status) {
  switch (status) {
    case wire::APPEND_STATUS_ACCEPTED:
      return AppendStatus::kAccepted;
    case wire::APPEND_STATUS_FENCE:
      return AppendStatus::kFence;
    case wire::APPEND_STATUS_INTENT_CLOSED:
      return AppendStatus::kIntentClosed;
    case wire::APPEND_STATUS_FAILED:
      return AppendStatus::kFailed;
    default:
      return AppendStatus::kUnknown;
  }
}

}  // namespace

size_t AppendItemBytes(const AppendItem& item) {
  size_t bytes = kItemOverhead;
  for (const std::string& entry : item.entries) {
    bytes += entry.size() + kEntryOverhead;
  }
  return bytes;
}

wire::AppendItem EncodeAppendItem(uint64_t id, AppendItem item) {
  wire::AppendItem encoded;
  encoded.set_id(id);
  for (std::string& entry : item.entries) {
    encoded.add_entries(std::move(entry));
  }
  if (item.fenced_revision.has_value()) {
    encoded.set_fenced_revision(*item.fenced_revision);
  }
  return encoded;
}

absl::StatusOr<AppendItem> DecodeAppendItem(SteadyTime now,
                                            wire::AppendItem item) {
  if (item.entries_size() > static_cast<int>(kMaxItemEntries)) {
    return FieldError("items.entries", "must be at most 128");
  }
  if (item.entries().empty() && !item.has_fenced_revision()) {
    return FieldError("items", "must have entries or a revision to check");
  }
  AppendItem decoded;
  decoded.entries.reserve(static_cast<size_t>(item.entries_size()));
  for (std::string& entry : *item.mutable_entries()) {
    if (entry.empty() || entry.size() > kMaxEntryBytes) {
      return FieldError("items.entries", "must have 1 to 2048 bytes each");
    }
    decoded.entries.push_back(std::move(entry));
  }
  if (item.has_fenced_revision()) {
    decoded.fenced_revision = item.fenced_revision();
  }
  decoded.deadline = now + DecodeRemaining(item.remaining());
  return decoded;
}

wire::AppendResult EncodeAppendResult(uint64_t id, const AppendResult& result) {
  wire::AppendResult answer;
  answer.set_id(id);
  answer.set_status(EncodeStatus(result.status));
  answer.set_first_index(result.first_index);
  if (result.status == AppendStatus::kIntentClosed) {
    *answer.mutable_closing_outcome() = result.closing_outcome;
  }
  if (!result.error.ok()) *answer.mutable_error() = ToRpcStatus(result.error);
  return answer;
}

AppendResult DecodeAppendResult(wire::AppendResult answer, uint64_t fence,
                                const std::string& checkpoint) {
  AppendResult result;
  result.status = DecodeStatus(answer.status());
  result.first_index = answer.first_index();
  result.fence = fence;
  result.checkpoint = checkpoint;
  result.error = FromRpcStatus(answer.error());
  if (result.status == AppendStatus::kIntentClosed) {
    if (!answer.has_closing_outcome()) result.status = AppendStatus::kUnknown;
    result.closing_outcome.Swap(answer.mutable_closing_outcome());
  }
  const bool failed = result.status == AppendStatus::kFailed ||
                      result.status == AppendStatus::kUnknown;
  if (failed && result.error.ok()) {
    result.error = MakeError(absl::StatusCode::kUnavailable, kAuditUnavailable,
                             "audit did not say what became of a record");
  }
  if (!failed) result.error = absl::OkStatus();
  return result;
}

}  // namespace keyward::rpc
