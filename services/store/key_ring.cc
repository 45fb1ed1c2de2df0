// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/key_ring.h"

#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/aead.h"
#include "libs/crypto/length_prefixed.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/random_uid.h"
#include "services/store/record_codec.h"
#include "services/store/record_reader.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::KeyVersionRecord;
using keyward::internal::store::v1::VersionRecord;
using keyward::keys::v1::KEY_VERSION_STATE_DESTROYED;
using keyward::keys::v1::KEY_VERSION_STATE_PRIMARY;
using keyward::keys::v1::KEY_VERSION_STATE_RETIRING;

int LiveVersions(const KeyRecord& key) {
  int live = 0;
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.state() != KEY_VERSION_STATE_DESTROYED) ++live;
  }
  return live;
}

const KeyVersionRecord* FindVersion(const KeyRecord& key, int64_t number) {
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.number() == number) return &version;
  }
  return nullptr;
}

}  // namespace

std::string KeyRing::AssociatedData(const KeyRecord& key,
                                    int64_t version) const {
  return crypto::LengthPrefixed()
      .Add("keyward/key/1")
      .Add(seal_->installation_id())
      .Add(key.name())
      .Add(key.uid())
      .AddNumber(static_cast<uint64_t>(version))
      .bytes();
}

absl::StatusOr<std::string> KeyRing::NewMaterial(const KeyRecord& key,
                                                 int64_t version) {
  const absl::StatusOr<crypto::SecretBuffer> material =
      crypto::RandomKey(crypto::kAeadKeySize, *random_);
  if (!material.ok()) return material.status();
  return seal_->Wrap(crypto::SealLabel::kStore, AssociatedData(key, version),
                     *material);
}

absl::StatusOr<KeyRecord> KeyRing::NewKey(absl::string_view name,
                                          absl::string_view project_uid,
                                          absl::Time now) {
  absl::StatusOr<std::string> uid = NewUid(*random_);
  if (!uid.ok()) return uid.status();
  KeyRecord key;
  key.set_format(kRecordFormat);
  key.set_name(std::string(name));
  key.set_uid(*std::move(uid));
  key.set_project_uid(std::string(project_uid));
  key.set_generation(0);
  key.set_create_time(ToMicros(now));
  const absl::Status added = AddVersion(now, &key);
  if (!added.ok()) return added;
  key.set_rotate_time(0);
  return key;
}

absl::Status KeyRing::AddVersion(absl::Time now, KeyRecord* key) {
  if (LiveVersions(*key) >= kMaxLiveVersions) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, kKeyVersionsInUse,
        "the key has 32 versions that still wrap something: wait until "
        "rewrapping has retired some");
  }
  const int64_t number = key->primary_version() + 1;
  absl::StatusOr<std::string> wrapped = NewMaterial(*key, number);
  if (!wrapped.ok()) return wrapped.status();
  for (KeyVersionRecord& version : *key->mutable_versions()) {
    if (version.state() == KEY_VERSION_STATE_PRIMARY) {
      version.set_state(KEY_VERSION_STATE_RETIRING);
    }
  }
  KeyVersionRecord* const version = key->add_versions();
  version->set_number(number);
  version->set_state(KEY_VERSION_STATE_PRIMARY);
  version->set_create_time(ToMicros(now));
  version->set_wrapped_material(*std::move(wrapped));
  key->set_primary_version(number);
  key->set_rotate_time(ToMicros(now));
  key->set_generation(key->generation() + 1);
  return absl::OkStatus();
}

absl::StatusOr<KeyRing::Kek> KeyRing::Remembered(absl::string_view key_uid,
                                                 int64_t version) {
  MutexLock l(&mu_);
  const auto found = opened_.find(std::pair(std::string(key_uid), version));
  if (found == opened_.end()) return absl::NotFoundError("not opened");
  return found->second;
}

void KeyRing::Remember(absl::string_view key_uid, int64_t version, Kek kek) {
  MutexLock l(&mu_);
  if (opened_.size() >= kMaxOpened) opened_.clear();
  opened_[std::pair(std::string(key_uid), version)] = std::move(kek);
}

void KeyRing::Forget(absl::string_view key_uid, int64_t version) {
  MutexLock l(&mu_);
  opened_.erase(std::pair(std::string(key_uid), version));
}

absl::StatusOr<crypto::SecretBuffer> KeyRing::OpenStored(
    const KeyRecord& key, const KeyVersionRecord& version) {
  if (version.wrapped_material().empty()) {
    return absl::DataLossError("the key version is destroyed or missing");
  }
  return seal_->Unwrap(crypto::SealLabel::kStore,
                       AssociatedData(key, version.number()),
                       version.wrapped_material());
}

absl::StatusOr<std::vector<int64_t>> KeyRing::DamagedVersions(
    const KeyRecord& key) {
  std::vector<int64_t> damaged;
  for (const KeyVersionRecord& version : key.versions()) {
    if (version.state() == KEY_VERSION_STATE_DESTROYED) continue;
    const absl::Status opens = OpenStored(key, version).status();
    // The second is of another root key, or of no form that is known here.
    if (absl::IsDataLoss(opens) || absl::IsFailedPrecondition(opens)) {
      damaged.push_back(version.number());
    } else if (!opens.ok()) {
      return opens;
    }
  }
  return damaged;
}

absl::StatusOr<KeyRing::Kek> KeyRing::Open(const KeyRecord& key,
                                           int64_t version) {
  absl::StatusOr<Kek> remembered = Remembered(key.uid(), version);
  if (remembered.ok()) return remembered;
  const KeyVersionRecord* const record = FindVersion(key, version);
  if (record == nullptr) {
    return absl::DataLossError("the key version is destroyed or missing");
  }
  absl::StatusOr<crypto::SecretBuffer> material = OpenStored(key, *record);
  if (!material.ok()) return material.status();
  Kek kek = std::make_shared<const crypto::SecretBuffer>(*std::move(material));
  Remember(key.uid(), version, kek);
  return kek;
}

absl::StatusOr<KeyRing::Kek> KeyRing::OpenFor(absl::string_view project_uid,
                                              const VersionRecord& version) {
  absl::StatusOr<Kek> remembered =
      Remembered(version.key_uid(), version.key_version());
  if (remembered.ok()) return remembered;
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(version.key_name());
  if (!name.ok() || name->kind() != ResourceKind::kKey) {
    return absl::DataLossError("a stored version names no key");
  }
  const auto key = LoadKey(*reader_, project_uid, name->key());
  if (absl::IsNotFound(key.status()) ||
      (key.ok() && key->record.uid() != version.key_uid())) {
    return absl::DataLossError("the key of a stored version is missing");
  }
  if (!key.ok()) return key.status();
  return Open(key->record, version.key_version());
}

}  // namespace keyward::store
