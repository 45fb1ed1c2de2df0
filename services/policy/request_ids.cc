// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/request_ids.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/sha256.h"
#include "services/policy/records.h"

namespace keyward::policy_service {
namespace {

using keyward::internal::policy::v1::RequestIdRecord;
using keyward::internal::policy::v1::StoredResult;

std::string Hash(const std::string& bytes) {
  return std::string(crypto::AsBytes(crypto::Sha256(bytes)));
}

// Of the expiry key: the prefix and the 8 bytes of the time.
constexpr size_t kExpiryKeyHeader = sizeof(kRequestIdExpiryPrefix) - 1 + 8;

}  // namespace

absl::StatusOr<RequestIdUse> UseRequestId(
    absl::string_view principal, absl::string_view method,
    absl::string_view request_id, const google::protobuf::Message& request) {
  RequestIdUse use;
  if (request_id.empty()) return use;
  if (request_id.size() > kMaxRequestIdBytes ||
      !std::all_of(request_id.begin(), request_id.end(),
                   [](char c) { return c >= 0x20 && c <= 0x7e; })) {
    return FieldError("request_id",
                      "must be 1 to 64 printable ASCII characters");
  }
  use.key = absl::StrCat(kRequestIdPrefix, Hash(crypto::LengthPrefixed()
                                                    .Add(principal)
                                                    .Add(method)
                                                    .Add(request_id)
                                                    .bytes()));
  use.content_hash = Hash(EncodeRecord(request));
  return use;
}

absl::StatusOr<absl::optional<StoredResult>> FindRequestId(
    const kv::KeyValueReader& reader, const RequestIdUse& use, absl::Time now) {
  absl::optional<StoredResult> none;
  if (use.key.empty()) return none;
  const absl::StatusOr<kv::Entry> entry = reader.Get(use.key);
  if (absl::IsNotFound(entry.status())) return none;
  if (!entry.ok()) return entry.status();
  absl::StatusOr<RequestIdRecord> record =
      DecodeRecord<RequestIdRecord>(entry->value);
  if (!record.ok()) return record.status();
  if (absl::FromUnixMicros(record->expire_time()) <= now) return none;
  if (record->content_hash() != use.content_hash) {
    return FieldError("request_id", "was used for a request with other content",
                      kRequestIdReused);
  }
  return absl::optional<StoredResult>(std::move(*record->mutable_result()));
}

void AddRequestId(const RequestIdUse& use, const StoredResult& result,
                  absl::Time now, std::vector<kv::Put>* puts) {
  if (use.key.empty()) return;
  const absl::Time expire_time = now + kRequestIdRetention;
  RequestIdRecord record;
  record.set_format(kRecordFormat);
  record.set_content_hash(use.content_hash);
  *record.mutable_result() = result;
  record.set_expire_time(absl::ToUnixMicros(expire_time));
  puts->push_back({use.key, EncodeRecord(record)});
  puts->push_back({RequestIdExpiryKey(expire_time, use.key), ""});
}

absl::StatusOr<std::vector<std::string>> ExpiredRequestIdKeys(
    const kv::KeyValueReader& reader, absl::Time now, size_t limit) {
  kv::RangeOptions options;
  options.limit = std::max<size_t>(limit / 2, 1);
  options.keys_only = true;
  // A time's entries end where those of the next microsecond begin.
  const absl::StatusOr<kv::RangeResult> expired = reader.Range(
      kRequestIdExpiryPrefix, RequestIdExpiryKey(now, ""), options);
  if (!expired.ok()) return expired.status();
  std::vector<std::string> keys;
  for (const kv::Entry& entry : expired->entries) {
    const std::string id =
        entry.key.substr(std::min(kExpiryKeyHeader, entry.key.size()));
    keys.push_back(entry.key);
    const absl::StatusOr<kv::Entry> record = reader.Get(id);
    if (!record.ok()) continue;
    const auto decoded = DecodeRecord<RequestIdRecord>(record->value);
    // The id may have been used again since, with a later end.
    if (decoded.ok() && absl::FromUnixMicros(decoded->expire_time()) <= now) {
      keys.push_back(id);
    }
  }
  return keys;
}

}  // namespace keyward::policy_service
