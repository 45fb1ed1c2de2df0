// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/project_purge.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/own_commit.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::KeyVersionRecord;

}  // namespace

absl::StatusOr<int64_t> ProjectPurge::CountSecrets(
    const std::string& project_uid) const {
  const std::string prefix = SecretPrefix(project_uid);
  kv::RangeOptions options;
  options.limit = kMaxCounted;
  options.max_bytes = kv::kMaxRangeBytes;
  options.keys_only = true;
  const absl::StatusOr<kv::RangeResult> range =
      kv_->Range(prefix, kv::PrefixEnd(prefix), options);
  if (!range.ok()) return ReadError(range.status());
  return static_cast<int64_t>(range->entries.size());
}

absl::Status ProjectPurge::ForgetKeys(const std::string& project_uid) {
  const std::string prefix = KeyPrefix(project_uid);
  const absl::StatusOr<kv::RangeResult> range =
      kv_->Range(prefix, kv::PrefixEnd(prefix), kv::RangeOptions());
  if (!range.ok()) return ReadError(range.status());
  for (const kv::Entry& entry : range->entries) {
    const absl::StatusOr<KeyRecord> key = DecodeRecord<KeyRecord>(entry.value);
    if (!key.ok()) continue;  // What cannot be read is not in memory either.
    for (const KeyVersionRecord& version : key->versions()) {
      keys_->Forget(key->uid(), version.number());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ProjectPurge::RemoveBatch(const std::string& project_uid,
                                               const std::string& prefix,
                                               bool erase,
                                               SteadyTime deadline) {
  kv::RangeOptions options;
  options.limit = kBatch;
  options.keys_only = true;
  const absl::StatusOr<kv::RangeResult> range =
      kv_->Range(prefix, kv::PrefixEnd(prefix), options);
  if (!range.ok()) return ReadError(range.status());
  if (range->entries.empty()) return false;
  kv::Transaction txn;
  for (const kv::Entry& entry : range->entries) {
    txn.preconditions.push_back(
        kv::Precondition::RevisionIs(entry.key, entry.mod_revision));
    txn.deletes.push_back({entry.key, erase});
  }
  // Every change moves the head: none has come since the secrets were counted.
  const absl::StatusOr<kv::Entry> head = kv_->Get(EventHeadKey(project_uid));
  if (!head.ok() && !absl::IsNotFound(head.status())) {
    return ReadError(head.status());
  }
  txn.preconditions.push_back(kv::Precondition::RevisionIs(
      EventHeadKey(project_uid), head.ok() ? head->mod_revision : 0));
  const absl::StatusOr<int64_t> secrets = CountSecrets(project_uid);
  if (!secrets.ok()) return secrets.status();
  if (*secrets > 0) {
    return absl::AbortedError("a secret was created meanwhile");
  }
  KEYWARD_FAULT_POINT("store.project.before_batch");
  const absl::Status removed = CommitOwn(session_, std::move(txn), deadline);
  if (!removed.ok()) return removed;
  KEYWARD_FAULT_POINT("store.project.batch_removed");
  return true;
}

absl::Status ProjectPurge::RemoveAll(const std::string& project_uid,
                                     const std::string& prefix, bool erase,
                                     SteadyTime deadline) {
  while (true) {
    const absl::StatusOr<bool> removed =
        RemoveBatch(project_uid, prefix, erase, deadline);
    if (!removed.ok()) return removed.status();
    if (!*removed) return absl::OkStatus();
  }
}

absl::StatusOr<int64_t> ProjectPurge::Interrupted(
    const std::string& project_uid, const absl::Status& status) const {
  if (!absl::IsAborted(status)) return status;
  const absl::StatusOr<int64_t> secrets = CountSecrets(project_uid);
  if (!secrets.ok() || *secrets > 0) return secrets;
  return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable,
                   "other changes came first; ask again");
}

absl::StatusOr<int64_t> ProjectPurge::Run(const std::string& project,
                                          const std::string& project_uid,
                                          SteadyTime deadline) {
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(absl::StrCat("projects/", project), "project");
  if (!name.ok()) return name.status();
  absl::Status status = CheckProjectUid(project_uid);
  if (!status.ok()) return status;
  const absl::StatusOr<int64_t> secrets = CountSecrets(project_uid);
  if (!secrets.ok() || *secrets > 0) return secrets;
  status = ForgetKeys(project_uid);
  if (!status.ok()) return status;
  const std::pair<std::string, bool> ranges[] = {
      {KeyPrefix(project_uid), true},
      {absl::StrCat(kRewrapPrefix, project_uid, "/"), false},
      {absl::StrCat(kRotationPrefix, project_uid, "/"), false},
      {absl::StrCat(kSealCountPrefix, project_uid, "/"), false},
      {EventPrefix(project_uid), false}};
  for (const auto& [prefix, erase] : ranges) {
    status = RemoveAll(project_uid, prefix, erase, deadline);
    if (!status.ok()) return Interrupted(project_uid, status);
  }
  // One may have been created since the last batch.
  return CountSecrets(project_uid);
}

}  // namespace keyward::store
