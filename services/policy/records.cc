// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/records.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/base/byte_order.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"

namespace keyward::policy_service {
namespace {

std::string NumberedKey(absl::string_view prefix, uint64_t revision,
                        uint32_t part) {
  std::string key = absl::StrCat(prefix, BigEndian64(revision));
  PutBigEndian32(&key, part);
  return key;
}

}  // namespace

std::string DeltaKey(uint64_t revision, uint32_t part) {
  return NumberedKey(kDeltaPrefix, revision, part);
}

std::string DeltaKeyBegin(uint64_t revision) {
  return absl::StrCat(kDeltaPrefix, BigEndian64(revision));
}

std::string ChunkKey(uint64_t revision, uint32_t number) {
  return NumberedKey(kChunkPrefix, revision, number);
}

std::string ChunkKeyBegin(uint64_t revision) {
  return absl::StrCat(kChunkPrefix, BigEndian64(revision));
}

std::string GenerationKey(absl::string_view parent) {
  return absl::StrCat(kGenerationPrefix, parent);
}

std::string DeletionKey(absl::string_view project) {
  return absl::StrCat(kDeletionPrefix, project);
}

std::string RequestIdExpiryKey(absl::Time expire_time,
                               absl::string_view request_id_key) {
  return absl::StrCat(
      kRequestIdExpiryPrefix,
      BigEndian64(static_cast<uint64_t>(absl::ToUnixMicros(expire_time))),
      request_id_key);
}

std::string EncodeRecord(const google::protobuf::Message& record) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  record.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string EncodeHead(uint64_t revision) {
  keyward::internal::policy::v1::HeadRecord head;
  head.set_format(kRecordFormat);
  head.set_revision(revision);
  return EncodeRecord(head);
}

absl::Status ParseRecord(absl::string_view bytes,
                         google::protobuf::Message* record) {
  if (record->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "policy's folder is damaged: a ", record->GetDescriptor()->name(),
      " cannot be read; restore it from a backup"));
}

absl::Status CheckRecordFormat(uint32_t format) {
  if (format == kRecordFormat) return absl::OkStatus();
  if (format > kRecordFormat) {
    return absl::FailedPreconditionError(
        "policy's folder was written by a newer release: use that one");
  }
  return absl::DataLossError(
      "policy's folder is damaged: a record names no format; restore it from "
      "a backup");
}

}  // namespace keyward::policy_service
