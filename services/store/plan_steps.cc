// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/plan_steps.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "services/store/envelope.h"
#include "services/store/etag.h"
#include "services/store/record_keys.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::PurgeRecord;
using keyward::internal::store::v1::ReferenceRecord;
using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;

}  // namespace

absl::StatusOr<Loaded<SecretRecord>> LoadForChange(const StoreParts& parts,
                                                   const PlannedCall& call,
                                                   const ResourceName& name) {
  auto secret = LoadSecret(*parts.kv, call.project_uid, name);
  if (call.attributes_etag.empty()) return secret;
  if (absl::IsNotFound(secret.status()) ||
      (secret.ok() && SecretEtag(secret->record) != call.attributes_etag)) {
    return MakeError(absl::StatusCode::kAborted, kAttributesChanged,
                     "the resource has changed since it was decided on");
  }
  return secret;
}

absl::Status CheckNotDeleted(const SecretRecord& secret) {
  if (secret.delete_time() == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, kSecretDeleted,
                   "the secret is deleted; undelete it first");
}

void Touch(absl::Time now, SecretRecord* secret) {
  secret->set_generation(secret->generation() + 1);
  secret->set_update_time(ToMicros(now));
}

absl::StatusOr<KeyRecord> UseKey(const StoreParts& parts,
                                 const std::string& project_uid,
                                 const std::string& key_name, absl::Time now,
                                 ChangePlan* plan) {
  const absl::StatusOr<ResourceName> name = ResourceName::Parse(key_name);
  if (!name.ok()) return name.status();
  auto loaded = LoadKey(*parts.kv, project_uid, name->key());
  if (loaded.ok()) {
    plan->preconditions.push_back(loaded->Unchanged());
    return std::move(loaded->record);
  }
  if (!absl::IsNotFound(loaded.status()) || name->key() != kDefaultKeyId) {
    return loaded.status();
  }
  absl::StatusOr<KeyRecord> key =
      parts.keys->NewKey(key_name, project_uid, now);
  if (!key.ok()) return key;
  std::string place = KeyKey(project_uid, name->key());
  plan->preconditions.push_back(kv::Precondition::Absent(place));
  plan->puts.push_back({std::move(place), EncodeRecord(*key)});
  return key;
}

absl::Status Rotate(const StoreParts& parts, absl::Time now,
                    Loaded<KeyRecord>* key, ChangePlan* plan) {
  KEYWARD_FAULT_POINT("store.rotate.before_version");
  const absl::Status added = parts.keys->AddVersion(now, &key->record);
  if (!added.ok()) return added;
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(key->record.name());
  if (!name.ok()) return name.status();
  Replace(*key, plan);
  ReferenceRecord reference;
  reference.set_format(kRecordFormat);
  reference.set_key(key->key);
  plan->puts.push_back({RewrapKey(key->record.project_uid(), name->key()),
                        EncodeRecord(reference)});
  plan->deletes.push_back(
      {RotationKey(key->record.project_uid(), name->key())});
  return absl::OkStatus();
}

absl::StatusOr<VersionRecord> AddVersion(const StoreParts& parts,
                                         const KeyRecord& key,
                                         const NewValue& value, absl::Time now,
                                         SecretRecord* secret,
                                         ChangePlan* plan) {
  const absl::StatusOr<absl::Time> not_after = value.CheckType(
      static_cast<keyward::secrets::v1::SecretType>(secret->type()));
  if (!not_after.ok()) return not_after.status();
  const absl::StatusOr<KeyRing::Kek> kek =
      parts.keys->Open(key, key.primary_version());
  if (!kek.ok()) return kek.status();
  const absl::Status counted = parts.seals->Count(key, 1, plan);
  if (!counted.ok()) return counted;
  const int64_t number = secret->next_version();
  absl::StatusOr<SealedVersion> sealed = SealVersion(
      {parts.installation_id, secret->name(), secret->uid(), number},
      {key.name(), key.uid(), key.primary_version()}, **kek, value.data(),
      *parts.random);
  if (!sealed.ok()) return sealed.status();

  VersionRecord version;
  version.set_format(kRecordFormat);
  version.set_secret_name(secret->name());
  version.set_secret_uid(secret->uid());
  version.set_number(number);
  version.set_generation(1);
  version.set_state(keyward::secrets::v1::VERSION_STATE_ENABLED);
  version.set_create_time(ToMicros(now));
  version.set_key_name(key.name());
  version.set_key_uid(key.uid());
  version.set_key_version(key.primary_version());
  version.set_wrapped_data_key(std::move(sealed->wrapped_data_key));
  version.set_sealed_payload(std::move(sealed->sealed_payload));
  version.set_client_specified_checksum(value.client_specified_checksum());
  if (*not_after != absl::InfinitePast()) {
    version.set_certificate_not_after(ToMicros(*not_after));
  }
  secret->set_next_version(number + 1);
  std::string place = VersionKey(secret->uid(), number);
  plan->preconditions.push_back(kv::Precondition::Absent(place));
  plan->puts.push_back({std::move(place), EncodeRecord(version)});
  plan->puts.push_back(
      {WrapKey(key.uid(), key.primary_version(), secret->uid(), number),
       std::string()});
  return version;
}

absl::StatusOr<bool> PurgeVersions(const StoreParts& parts,
                                   const std::string& secret_uid,
                                   ChangePlan* plan) {
  const std::string prefix = VersionPrefix(secret_uid);
  kv::RangeOptions options;
  options.limit = kPurgeBatch;
  options.max_bytes = kv::kMaxRangeBytes;
  const absl::StatusOr<kv::RangeResult> page =
      parts.kv->Range(prefix, kv::PrefixEnd(prefix), options);
  if (!page.ok()) return ReadError(page.status());
  for (const kv::Entry& entry : page->entries) {
    plan->preconditions.push_back(
        kv::Precondition::RevisionIs(entry.key, entry.mod_revision));
    plan->deletes.push_back({entry.key, /*erase=*/true});
    const absl::StatusOr<VersionRecord> version =
        DecodeRecord<VersionRecord>(entry.value);
    // What cannot be read is removed all the same.
    if (!version.ok() || version->wrapped_data_key().empty()) continue;
    plan->deletes.push_back({WrapKey(version->key_uid(), version->key_version(),
                                     secret_uid, version->number())});
  }
  return page->more;
}

absl::Status Purge(const StoreParts& parts, const Loaded<SecretRecord>& secret,
                   ChangePlan* plan) {
  plan->preconditions.push_back(secret.Unchanged());
  plan->deletes.push_back({secret.key, /*erase=*/true});
  if (secret.record.delete_time() != 0) {
    plan->deletes.push_back(
        {PurgeTimeKey(secret.record.purge_time(), secret.record.uid())});
  }
  const absl::StatusOr<bool> more =
      PurgeVersions(parts, secret.record.uid(), plan);
  if (!more.ok()) return more.status();
  if (*more) {
    PurgeRecord rest;
    rest.set_format(kRecordFormat);
    rest.set_name(secret.record.name());
    rest.set_secret_uid(secret.record.uid());
    plan->puts.push_back({PurgeKey(secret.record.uid()), EncodeRecord(rest)});
    plan->afterwards = [signal = parts.signal] { signal->Raise(); };
  }
  plan->event = ChangeEvent{secret.record.name(), 0,
                            keyward::secrets::v1::SECRET_EVENT_KIND_PURGED};
  return absl::OkStatus();
}

}  // namespace keyward::store
