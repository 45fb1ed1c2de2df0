// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Records of the store and of policy, from a disk that may be damaged: of a
// format that is known, and the same bytes again once they were written anew.

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/policy/records.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

namespace store_v1 = keyward::internal::store::v1;
namespace policy_v1 = keyward::internal::policy::v1;

void CheckRefusal(const absl::Status& status) {
  FUZZ_CHECK(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status));
}

template <typename Record>
void CheckStoreRecord(absl::string_view bytes) {
  const auto record = store::DecodeRecord<Record>(bytes);
  if (!record.ok()) return CheckRefusal(record.status());
  FUZZ_CHECK(record->format() == store::kRecordFormat);
  const std::string once = store::EncodeRecord(*record);
  const auto again = store::DecodeRecord<Record>(once);
  FUZZ_CHECK(again.ok() && store::EncodeRecord(*again) == once);
}

template <typename Record>
void CheckPolicyRecord(absl::string_view bytes) {
  const auto record = policy_service::DecodeRecord<Record>(bytes);
  if (!record.ok()) return CheckRefusal(record.status());
  FUZZ_CHECK(record->format() == policy_service::kRecordFormat);
  const std::string once = policy_service::EncodeRecord(*record);
  const auto again = policy_service::DecodeRecord<Record>(once);
  FUZZ_CHECK(again.ok() && policy_service::EncodeRecord(*again) == once);
}

void CheckKeys(absl::string_view key) {
  const auto number = store::EventNumber(key, "puid");
  if (number.ok()) {
    FUZZ_CHECK(store::EventKey("puid", *number) == key);
  } else {
    CheckRefusal(number.status());
  }
  const std::string prefix = store::WrapPrefix("kuid", 3);
  const auto version = store::VersionKeyOfWrap(key, prefix);
  if (version.ok()) {
    const absl::string_view rest = key.substr(prefix.size());
    FUZZ_CHECK(*version == absl::StrCat("version/", rest));
    FUZZ_CHECK(rest.size() >= 10 && rest[rest.size() - 9] == '/');
  } else {
    CheckRefusal(version.status());
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  CheckStoreRecord<store_v1::InstallationRecord>(text);
  CheckStoreRecord<store_v1::SecretRecord>(text);
  CheckStoreRecord<store_v1::VersionRecord>(text);
  CheckStoreRecord<store_v1::KeyRecord>(text);
  CheckStoreRecord<store_v1::SealCountRecord>(text);
  CheckStoreRecord<store_v1::EventRecord>(text);
  CheckStoreRecord<store_v1::RequestIdRecord>(text);
  CheckStoreRecord<store_v1::CheckpointRecord>(text);
  CheckStoreRecord<store_v1::StoredResult>(text);
  CheckPolicyRecord<policy_v1::HeadRecord>(text);
  CheckPolicyRecord<policy_v1::DeltaRecord>(text);
  CheckPolicyRecord<policy_v1::SnapshotRecord>(text);
  CheckPolicyRecord<policy_v1::SnapshotChunkRecord>(text);
  CheckPolicyRecord<policy_v1::DeletionRecord>(text);
  CheckPolicyRecord<policy_v1::RequestIdRecord>(text);
  CheckKeys(text);
  return 0;
}
