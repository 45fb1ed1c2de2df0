// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_RECORD_CODEC_H_
#define KEYWARD_SERVICES_STORE_RECORD_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace keyward::store {

// The format that this build writes, and the newest that it reads.
inline constexpr uint32_t kRecordFormat = 1;

// The record's bytes, the same for equal records: FORMAT.md shows them.
std::string EncodeRecord(const google::protobuf::Message& record);

// Not for callers: what DecodeRecord checks after parsing.
absl::Status CheckRecordFormat(uint32_t format);
absl::Status ParseRecord(absl::string_view bytes,
                         google::protobuf::Message* record);

// The record that `bytes` hold. DATA_LOSS if they hold none: the message says
// of which kind, never what. FAILED_PRECONDITION if a newer build wrote it:
// reading on would lose what it meant.
template <typename Record>
absl::StatusOr<Record> DecodeRecord(absl::string_view bytes) {
  Record record;
  absl::Status status = ParseRecord(bytes, &record);
  if (status.ok()) status = CheckRecordFormat(record.format());
  if (!status.ok()) return status;
  return record;
}

// Times as records keep them; 0 stands for "not set".
int64_t ToMicros(absl::Time time);
absl::Time FromMicros(int64_t micros);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_RECORD_CODEC_H_
