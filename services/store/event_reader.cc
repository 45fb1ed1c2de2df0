// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_reader.h"

#include <utility>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::EventRecord;
using keyward::internal::store::v1::StoredEvent;

StoredEvent ViewEvent(uint64_t number, const EventRecord& record) {
  StoredEvent event;
  event.set_number(number);
  event.set_name(record.name());
  event.set_version(record.version());
  event.set_kind(record.kind());
  *event.mutable_time() = ViewTime(record.time());
  return event;
}

absl::Status Compacted() {
  return MakeError(absl::StatusCode::kFailedPrecondition, kPositionCompacted,
                   "position: the events after it are no longer kept; list "
                   "again and watch from there");
}

absl::Status FromTheFuture() {
  return MakeError(absl::StatusCode::kFailedPrecondition, kPositionForeign,
                   "position: lies after the newest event; list again and "
                   "watch from there");
}

}  // namespace

EventReader::EventReader(const kv::KeyValueReader* kv,
                         const EventPositions* positions,
                         std::string project_uid, const std::string& position)
    : kv_(kv), positions_(positions), project_uid_(std::move(project_uid)) {
  error_ = CheckProjectUid(project_uid_);
  if (!error_.ok()) return;
  const absl::StatusOr<uint64_t> after =
      position.empty() ? LoadNumber(*kv_, EventHeadKey(project_uid_))
                       : positions_->Decode(project_uid_, position);
  if (after.ok()) {
    after_ = *after;
  } else {
    error_ = after.status();
  }
}

absl::Status EventReader::CheckNothingMissed(
    uint64_t head, const kv::RangeResult& range) const {
  if (after_ > head) return FromTheFuture();
  if (range.entries.empty()) {
    return head == after_ ? absl::OkStatus() : Compacted();
  }
  const absl::StatusOr<uint64_t> first =
      EventNumber(range.entries.front().key, project_uid_);
  if (!first.ok()) return first.status();
  return *first == after_ + 1 ? absl::OkStatus() : Compacted();
}

absl::StatusOr<rpc::EventRange> EventReader::Next() {
  if (!error_.ok()) return error_;
  // The head first: an event that comes in between is then in the range, and
  // never looks like one that is gone.
  const absl::StatusOr<uint64_t> head =
      LoadNumber(*kv_, EventHeadKey(project_uid_));
  if (!head.ok()) return head.status();
  kv::RangeOptions options;
  options.limit = kMaxEvents;
  const absl::StatusOr<kv::RangeResult> range =
      kv_->Range(EventKey(project_uid_, after_ + 1),
                 kv::PrefixEnd(EventPrefix(project_uid_)), options);
  if (!range.ok()) return ReadError(range.status());
  const absl::Status whole = CheckNothingMissed(*head, *range);
  if (!whole.ok()) return whole;

  rpc::EventRange events;
  uint64_t number = after_;
  for (const kv::Entry& entry : range->entries) {
    const absl::StatusOr<EventRecord> record =
        DecodeRecord<EventRecord>(entry.value);
    if (!record.ok()) return record.status();
    StoredEvent event = ViewEvent(++number, *record);
    absl::StatusOr<std::string> position =
        positions_->Encode(project_uid_, number);
    if (!position.ok()) return position.status();
    event.set_position(*std::move(position));
    events.events.push_back(std::move(event));
  }
  absl::StatusOr<std::string> next = positions_->Encode(project_uid_, number);
  if (!next.ok()) return next.status();
  events.next_position = *std::move(next);
  after_ = number;
  return events;
}

}  // namespace keyward::store
