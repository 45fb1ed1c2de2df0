// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/request_ids.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/constant_time.h"
#include "libs/crypto/hmac.h"
#include "libs/crypto/length_prefixed.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::RequestIdRecord;
using keyward::internal::store::v1::StoredResult;

// The request's bytes, the same for equal requests, in memory that is wiped:
// there may be a payload in them.
crypto::SecretBuffer Content(const google::protobuf::Message& request) {
  crypto::SecretBuffer content(request.ByteSizeLong());
  const absl::Span<char> bytes = content.MutableSecret();
  google::protobuf::io::ArrayOutputStream stream(
      bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return content;
}

}  // namespace

absl::Status RequestIds::Check(absl::string_view request_id) {
  bool good = request_id.size() <= kMaxBytes;
  for (const char c : request_id) good = good && c >= 0x20 && c <= 0x7e;
  if (good) return absl::OkStatus();
  return FieldError("request_id", "must be 1 to 64 printable ASCII characters");
}

absl::StatusOr<RequestIds::Used> RequestIds::Use(
    absl::string_view principal, absl::string_view method,
    absl::string_view request_id,
    const google::protobuf::Message& request) const {
  const auto id_mac = crypto::HmacSha256(mac_key_, crypto::LengthPrefixed()
                                                       .Add("id")
                                                       .Add(principal)
                                                       .Add(method)
                                                       .Add(request_id)
                                                       .bytes());
  if (!id_mac.ok()) return id_mac.status();
  // No request begins with the bytes that the id's MAC begins with: those
  // would be a tag of field number 0.
  const crypto::SecretBuffer content = Content(request);
  const auto content_mac = crypto::HmacSha256(mac_key_, content.ExposeSecret());
  if (!content_mac.ok()) return content_mac.status();
  Used used;
  used.id_mac = std::string(crypto::AsBytes(*id_mac));
  used.key = RequestIdKey(used.id_mac);
  used.content_mac = std::string(crypto::AsBytes(*content_mac));
  return used;
}

absl::StatusOr<RequestIds::Known> RequestIds::Find(
    const kv::KeyValueReader& reader, const Used& used, absl::Time now) const {
  Known known;
  const absl::StatusOr<kv::Entry> entry = reader.Get(used.key);
  if (absl::IsNotFound(entry.status())) return known;
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<RequestIdRecord> record =
      DecodeRecord<RequestIdRecord>(entry->value);
  if (!record.ok()) return record.status();
  known.revision = entry->mod_revision;
  if (FromMicros(record->expire_time()) <= now) {
    known.old_expiry_key =
        RequestIdExpiryKey(record->expire_time(), used.id_mac);
    return known;
  }
  if (!crypto::ConstantTimeEquals(record->content_mac(), used.content_mac)) {
    return FieldError("request_id", "was used for a request with other content",
                      kRequestIdReused);
  }
  known.result = std::move(*record->mutable_result());
  return known;
}

void RequestIds::Add(const Used& used, const StoredResult& result,
                     absl::Time now, kv::Transaction* txn) const {
  RequestIdRecord record;
  record.set_format(kRecordFormat);
  record.set_content_mac(used.content_mac);
  *record.mutable_result() = result;
  record.set_expire_time(ToMicros(now + kRetention));
  const std::string expiry_key =
      RequestIdExpiryKey(record.expire_time(), used.id_mac);
  txn->preconditions.push_back(
      kv::Precondition::RevisionIs(used.key, used.revision));
  txn->puts.push_back({used.key, EncodeRecord(record)});
  txn->puts.push_back({expiry_key, std::string()});
  if (!used.old_expiry_key.empty() && used.old_expiry_key != expiry_key) {
    txn->deletes.push_back({used.old_expiry_key});
  }
}

}  // namespace keyward::store
