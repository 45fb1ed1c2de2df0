// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_log.h"

#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {

absl::Status AppendEvent(const kv::KeyValueReader& reader,
                         const std::string& project_uid,
                         const ChangeEvent& event, absl::Time now,
                         kv::Transaction* txn) {
  const std::string head_key = EventHeadKey(project_uid);
  uint64_t head = 0;
  uint64_t revision = 0;
  const absl::StatusOr<kv::Entry> entry = reader.Get(head_key);
  if (entry.ok()) {
    const absl::StatusOr<uint64_t> number = kv::DecodeNumber(entry->value);
    if (!number.ok()) return number.status();
    head = *number;
    revision = entry->mod_revision;
  } else if (!absl::IsNotFound(entry.status())) {
    return ReadError(entry.status());
  }

  keyward::internal::store::v1::EventRecord record;
  record.set_format(kRecordFormat);
  record.set_name(event.name);
  record.set_version(event.version);
  record.set_kind(event.kind);
  record.set_time(ToMicros(now));
  txn->preconditions.push_back(
      kv::Precondition::RevisionIs(head_key, revision));
  txn->puts.push_back({head_key, kv::EncodeNumber(head + 1)});
  txn->puts.push_back({EventKey(project_uid, head + 1), EncodeRecord(record)});
  return absl::OkStatus();
}

}  // namespace keyward::store
