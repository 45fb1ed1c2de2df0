// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_log.h"

#include <utility>

#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"

namespace keyward::store {

std::string EncodeEvent(const ChangeEvent& event, absl::Time now) {
  keyward::internal::store::v1::EventRecord record;
  record.set_format(kRecordFormat);
  record.set_name(event.name);
  record.set_version(event.version);
  record.set_kind(event.kind);
  record.set_time(ToMicros(now));
  return EncodeRecord(record);
}

void AppendEvent(const std::string& project_uid, uint64_t number,
                 std::string record, kv::Transaction* txn) {
  const std::string head_key = EventHeadKey(project_uid);
  const uint64_t head = number - 1;
  // The number and not the revision that put it, which nobody knows yet while
  // the transaction with the event before is on its way.
  if (head == 0) {
    txn->preconditions.push_back(kv::Precondition::Absent(head_key));
  } else {
    txn->preconditions.push_back(
        kv::Precondition::NumberAtLeast(head_key, head));
    txn->preconditions.push_back(
        kv::Precondition::NumberAtMost(head_key, head));
  }
  txn->puts.push_back({head_key, kv::EncodeNumber(number)});
  txn->puts.push_back({EventKey(project_uid, number), std::move(record)});
}

}  // namespace keyward::store
