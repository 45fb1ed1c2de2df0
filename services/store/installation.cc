// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/installation.h"

#include <utility>

#include "libs/crypto/hkdf.h"
#include "libs/crypto/length_prefixed.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/own_commit.h"
#include "services/store/random_uid.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::InstallationRecord;

constexpr size_t kIncarnationBytes = 16;
constexpr size_t kMacKeyBytes = 32;

std::string MacKeyAssociatedData(const crypto::Seal& seal) {
  return crypto::LengthPrefixed()
      .Add("keyward/store-mac/1")
      .Add(seal.installation_id())
      .bytes();
}

// Secrets without an installation are what a lost record leaves: a new one
// would make all of them unreadable for good, as if nothing had been lost.
absl::Status CheckEmpty(const kv::KeyValueReader& reader) {
  for (const char* const prefix : {"secret/", "version/", "key/"}) {
    kv::RangeOptions options;
    options.limit = 1;
    options.keys_only = true;
    const absl::StatusOr<kv::RangeResult> range =
        reader.Range(prefix, kv::PrefixEnd(prefix), options);
    if (!range.ok()) return ReadError(range.status());
    if (!range->entries.empty()) {
      return absl::DataLossError(
          "the store's data folder holds secrets and no installation record: "
          "restore it from a backup");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<InstallationRecord> NewRecord(
    const InstallationDependencies& deps) {
  const absl::StatusOr<crypto::SecretBuffer> mac_key =
      crypto::RandomKey(kMacKeyBytes, *deps.random);
  if (!mac_key.ok()) return mac_key.status();
  absl::StatusOr<std::string> wrapped = deps.seal->Wrap(
      crypto::SealLabel::kStore, MacKeyAssociatedData(*deps.seal), *mac_key);
  if (!wrapped.ok()) return wrapped.status();
  absl::StatusOr<std::string> incarnation =
      RandomBytes(kIncarnationBytes, *deps.random);
  if (!incarnation.ok()) return incarnation.status();
  InstallationRecord record;
  record.set_format(kRecordFormat);
  record.set_installation_id(deps.seal->installation_id());
  record.set_incarnation(*std::move(incarnation));
  record.set_wrapped_mac_key(*std::move(wrapped));
  record.set_create_time(ToMicros(deps.clock->Now()));
  return record;
}

absl::StatusOr<InstallationRecord> MakeInstallation(
    const InstallationDependencies& deps, bool restored, SteadyTime deadline) {
  if (restored) {
    return absl::FailedPreconditionError(
        "the store's data folder is empty: put the backup in place before "
        "starting with --restored");
  }
  const absl::Status empty = CheckEmpty(*deps.kv);
  if (!empty.ok()) return empty;
  absl::StatusOr<InstallationRecord> record = NewRecord(deps);
  if (!record.ok()) return record;
  kv::Transaction txn;
  txn.preconditions.push_back(kv::Precondition::Absent(kInstallationKey));
  txn.puts.push_back({kInstallationKey, EncodeRecord(*record)});
  txn.puts.push_back({kFenceKey, kv::EncodeNumber(0)});
  txn.puts.push_back({kCheckpointSizeKey, kv::EncodeNumber(0)});
  const absl::Status made = CommitOwn(deps.session, std::move(txn), deadline);
  if (!made.ok()) return made;
  return record;
}

absl::Status CheckOwner(const InstallationRecord& record,
                        const crypto::Seal& seal) {
  if (record.incarnation().size() != kIncarnationBytes) {
    return absl::DataLossError("the store's installation record is damaged");
  }
  if (record.installation_id() != seal.installation_id()) {
    return absl::FailedPreconditionError(
        "the store's data folder belongs to another installation: start it "
        "with the root key that it was made with");
  }
  return absl::OkStatus();
}

absl::Status NewIncarnation(const InstallationDependencies& deps,
                            uint64_t revision, SteadyTime deadline,
                            InstallationRecord* record) {
  absl::StatusOr<std::string> incarnation =
      RandomBytes(kIncarnationBytes, *deps.random);
  if (!incarnation.ok()) return incarnation.status();
  record->set_incarnation(*std::move(incarnation));
  record->set_restores(record->restores() + 1);
  kv::Transaction txn;
  txn.preconditions.push_back(
      kv::Precondition::RevisionIs(kInstallationKey, revision));
  txn.puts.push_back({kInstallationKey, EncodeRecord(*record)});
  return CommitOwn(deps.session, std::move(txn), deadline);
}

absl::StatusOr<InstallationRecord> FindInstallation(
    const InstallationDependencies& deps, bool restored, SteadyTime deadline) {
  const absl::StatusOr<kv::Entry> entry = deps.kv->Get(kInstallationKey);
  if (absl::IsNotFound(entry.status())) {
    return MakeInstallation(deps, restored, deadline);
  }
  if (!entry.ok()) return ReadError(entry.status());
  absl::StatusOr<InstallationRecord> record =
      DecodeRecord<InstallationRecord>(entry->value);
  if (!record.ok()) return record;
  absl::Status status = CheckOwner(*record, *deps.seal);
  if (status.ok() && restored) {
    status = NewIncarnation(deps, entry->mod_revision, deadline, &*record);
  }
  if (!status.ok()) return status;
  return record;
}

}  // namespace

absl::StatusOr<Installation> OpenInstallation(
    const InstallationDependencies& deps, bool restored, SteadyTime deadline) {
  const absl::StatusOr<InstallationRecord> record =
      FindInstallation(deps, restored, deadline);
  if (!record.ok()) return record.status();
  const absl::StatusOr<crypto::SecretBuffer> mac_key = deps.seal->Unwrap(
      crypto::SealLabel::kStore, MacKeyAssociatedData(*deps.seal),
      record->wrapped_mac_key());
  if (!mac_key.ok()) return mac_key.status();
  absl::StatusOr<crypto::SecretBuffer> request_ids = crypto::HkdfSha256(
      *mac_key, "", "keyward/store/request-ids", kMacKeyBytes);
  if (!request_ids.ok()) return request_ids.status();
  absl::StatusOr<crypto::SecretBuffer> tokens =
      crypto::HkdfSha256(*mac_key, "", "keyward/store/tokens", kMacKeyBytes);
  if (!tokens.ok()) return tokens.status();
  return Installation{record->incarnation(), record->restores(),
                      *std::move(request_ids), *std::move(tokens)};
}

}  // namespace keyward::store
