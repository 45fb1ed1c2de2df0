// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The fields of clients' requests that are looked at beyond their names: a
// secret's, under a mask, and an audit query's. The input is a serialized
// UpdateSecretRequest and a serialized QueryEntriesRequest at once.

#include <string>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "libs/base/proto_time.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "re2/re2.h"
#include "services/audit/query_request.h"
#include "services/store/record_codec.h"
#include "services/store/secret_fields.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::secrets::v1::UpdateSecretRequest;

absl::Time Now() { return absl::FromUnixSeconds(1800000000); }

void CheckRefusal(const absl::Status& status) {
  FUZZ_CHECK(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status));
  FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
}

// What a record never holds, whoever asked for it.
void CheckRecord(const SecretRecord& record) {
  static const RE2& key_pattern = *new RE2("[a-z][a-z0-9_.-]{0,62}");
  static const RE2& value_pattern = *new RE2("[A-Za-z0-9_.-]{0,63}");
  static const RE2& alias_pattern = *new RE2("[A-Za-z][A-Za-z0-9_-]{0,62}");
  FUZZ_CHECK(record.labels().size() <= store::kMaxLabels);
  for (const auto& label : record.labels()) {
    FUZZ_CHECK(RE2::FullMatch(label.first, key_pattern));
    FUZZ_CHECK(RE2::FullMatch(label.second, value_pattern));
  }
  size_t bytes = 0;
  for (const auto& annotation : record.annotations()) {
    bytes += annotation.first.size() + annotation.second.size();
  }
  FUZZ_CHECK(record.annotations().size() <= store::kMaxAnnotations);
  FUZZ_CHECK(bytes <= store::kMaxAnnotationBytes);
  FUZZ_CHECK(record.version_aliases().size() <= store::kMaxAliases);
  for (const auto& alias : record.version_aliases()) {
    FUZZ_CHECK(RE2::FullMatch(alias.first, alias_pattern));
    FUZZ_CHECK(alias.first != "latest" && alias.first != "current");
    FUZZ_CHECK(alias.second >= 1 && alias.second < record.next_version());
  }
  if (record.expire_time() != 0) {
    const absl::Time expiry = store::FromMicros(record.expire_time());
    FUZZ_CHECK(expiry >= Now() + store::kMinExpiry - absl::Microseconds(1));
    FUZZ_CHECK(expiry <= Now() + store::kMaxExpiry);
  }
}

void CheckSecret(const UpdateSecretRequest& request) {
  SecretRecord record;
  record.set_next_version(3);
  absl::Status status = store::ApplyMaskedFields(
      request.secret(), request.update_mask(), Now(), &record);
  if (status.ok()) {
    CheckRecord(record);
  } else {
    CheckRefusal(status);
  }
  SecretRecord created;
  created.set_next_version(3);
  status = store::ApplyCreateFields(request.secret(), Now(), &created);
  if (!status.ok()) return CheckRefusal(status);
  CheckRecord(created);
  FUZZ_CHECK(created.type() != 0 &&
             keyward::secrets::v1::SecretType_IsValid(created.type()));
  FUZZ_CHECK(request.secret().uid().empty() && request.secret().name().empty());
}

void CheckQuery(const audit::v1::QueryEntriesRequest& request) {
  const auto spec = audit_service::ParseQueryRequest(request);
  if (!spec.ok()) return CheckRefusal(spec.status());
  FUZZ_CHECK(spec->page_size >= 1);
  FUZZ_CHECK(spec->page_size <= audit_service::kMaxPageSize);
  FUZZ_CHECK(spec->start <= spec->end);
  // A query of a project sees that project and nothing else.
  if (request.parent() != "system") {
    FUZZ_CHECK(spec->resource.has_value());
    FUZZ_CHECK(
        spec->resource->ToString() == request.parent() ||
        absl::StartsWith(spec->resource->ToString(), request.parent() + "/"));
  }
  // Pages of one query belong together, and of two do not.
  audit::v1::QueryEntriesRequest other = request;
  other.set_page_size(7);
  other.set_page_token("x");
  FUZZ_CHECK(audit_service::QueryIdentity(other) ==
             audit_service::QueryIdentity(request));
  other.set_descending(!other.descending());
  FUZZ_CHECK(audit_service::QueryIdentity(other) !=
             audit_service::QueryIdentity(request));
  other = request;
  other.set_principal(request.principal() + "x");
  FUZZ_CHECK(audit_service::QueryIdentity(other) !=
             audit_service::QueryIdentity(request));
}

template <typename Message>
bool Parsed(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  UpdateSecretRequest secret;
  if (Parsed(text, &secret)) CheckSecret(secret);
  keyward::audit::v1::QueryEntriesRequest query;
  if (Parsed(text, &query)) CheckQuery(query);
  return 0;
}
