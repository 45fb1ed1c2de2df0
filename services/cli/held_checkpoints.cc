// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/held_checkpoints.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/audit/log_key.h"
#include "libs/base/file_util.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::cli {
namespace {

// Where the records lie: services/store/FORMAT.md, services/policy/FORMAT.md.
constexpr char kStoreKey[] = "meta/checkpoint";
constexpr char kPolicyKey[] = "checkpoint";
constexpr uint32_t kRecordFormat = 1;

// Two keys of 100 bytes each, one of them wrapped.
constexpr size_t kMaxLogKeyFile = 16 << 10;

template <typename Record>
absl::Status AddHeld(const std::string& folder, absl::string_view key,
                     const std::string& name, TrustedCheckpoints* trusted) {
  absl::StatusOr<std::unique_ptr<kv::KeyValueReader>> state =
      kv::OpenRocksDbReadOnly(folder);
  if (absl::IsNotFound(state.status())) return absl::OkStatus();
  if (!state.ok()) return state.status();
  const absl::StatusOr<kv::Entry> entry = (*state)->Get(key);
  if (absl::IsNotFound(entry.status())) return absl::OkStatus();
  if (!entry.ok()) return entry.status();
  Record record;
  if (!record.ParseFromString(entry->value) ||
      record.format() != kRecordFormat) {
    return absl::DataLossError(absl::StrCat(
        folder, ": the checkpoint that is kept there cannot be read"));
  }
  trusted->held.push_back({name, record.note()});
  return absl::OkStatus();
}

}  // namespace

void AddKept(const std::string& name, const client::Pin& pin,
             TrustedCheckpoints* trusted) {
  trusted->held.push_back({name, pin.note});
  absl::StatusOr<audit::NoteVerifier> verifier =
      audit::NoteVerifier::Parse(pin.verifier_key);
  // A pin that could be read has a key that can be.
  if (!verifier.ok()) return;
  for (const audit::NoteVerifier& known : trusted->verifiers) {
    if (known.ToString() == verifier->ToString()) return;
  }
  trusted->verifiers.push_back(*std::move(verifier));
}

absl::Status AddHeldBelow(const std::string& data_folder,
                          TrustedCheckpoints* trusted) {
  absl::Status status = AddHeld<internal::store::v1::CheckpointRecord>(
      absl::StrCat(data_folder, "/store"), kStoreKey, "the store", trusted);
  if (!status.ok()) return status;
  return AddHeld<internal::policy::v1::CheckpointRecord>(
      absl::StrCat(data_folder, "/policy"), kPolicyKey, "policy", trusted);
}

absl::Status AddOwnKey(const std::string& data_folder,
                       TrustedCheckpoints* trusted) {
  if (!trusted->verifiers.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> content = ReadFileBounded(
      absl::StrCat(data_folder, "/audit/", audit::kLogKeyFile), kMaxLogKeyFile);
  if (!content.ok()) return content.status();
  absl::StatusOr<audit::NoteVerifier> verifier =
      audit::ReadLogVerifier(*content);
  if (!verifier.ok()) return verifier.status();
  trusted->verifiers.push_back(*std::move(verifier));
  trusted->keys_are_the_logs_own = true;
  return absl::OkStatus();
}

}  // namespace keyward::cli
