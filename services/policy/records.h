// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_RECORDS_H_
#define KEYWARD_SERVICES_POLICY_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace keyward::policy_service {

// Where policy's records lie and how their bytes are made: FORMAT.md. Pure
// functions.

// The format that this build writes, and the newest that it reads.
inline constexpr uint32_t kRecordFormat = 1;

inline constexpr char kHeadKey[] = "head";
inline constexpr char kSnapshotKey[] = "snapshot";
inline constexpr char kCheckpointKey[] = "checkpoint";
inline constexpr char kInstallationKey[] = "installation";
inline constexpr char kDeltaPrefix[] = "delta/";
inline constexpr char kChunkPrefix[] = "chunk/";
inline constexpr char kGenerationPrefix[] = "generation/";
inline constexpr char kDeletionPrefix[] = "deletion/";
inline constexpr char kRequestIdPrefix[] = "request/";
inline constexpr char kRequestIdExpiryPrefix[] = "request-expiry/";

// Part `part` of the change to `revision`; and where all its parts begin.
std::string DeltaKey(uint64_t revision, uint32_t part);
std::string DeltaKeyBegin(uint64_t revision);

// Chunk `number` of the snapshot at `revision`; and where they begin.
std::string ChunkKey(uint64_t revision, uint32_t number);
std::string ChunkKeyBegin(uint64_t revision);

// The number key with the revision at which the parent's entries last changed.
std::string GenerationKey(absl::string_view parent);

std::string DeletionKey(absl::string_view project);

// The expiry entry of the request id's record at `request_id_key`.
std::string RequestIdExpiryKey(absl::Time expire_time,
                               absl::string_view request_id_key);

// The record's bytes, the same for equal records.
std::string EncodeRecord(const google::protobuf::Message& record);

// The HeadRecord of `revision`.
std::string EncodeHead(uint64_t revision);

// Not for callers: what DecodeRecord does.
absl::Status ParseRecord(absl::string_view bytes,
                         google::protobuf::Message* record);
absl::Status CheckRecordFormat(uint32_t format);

// The record that `bytes` hold. DATA_LOSS if they hold none: the message says
// of which kind, never what. FAILED_PRECONDITION if a newer build wrote it.
template <typename Record>
absl::StatusOr<Record> DecodeRecord(absl::string_view bytes) {
  Record record;
  absl::Status status = ParseRecord(bytes, &record);
  if (status.ok()) status = CheckRecordFormat(record.format());
  if (!status.ok()) return status;
  return record;
}

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_RECORDS_H_
