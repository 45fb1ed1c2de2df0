// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/record_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;

absl::Status Misplaced(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("a stored ", what, " lies where another belongs"));
}

template <typename Record>
absl::StatusOr<Loaded<Record>> Load(const kv::KeyValueReader& reader,
                                    std::string key, absl::string_view what) {
  absl::StatusOr<kv::Entry> entry = reader.Get(key);
  if (absl::IsNotFound(entry.status())) return NoSuch(what);
  if (!entry.ok()) return ReadError(entry.status());
  // Into its place: a record is not cheap to move, and reads are many.
  absl::StatusOr<Loaded<Record>> loaded{Loaded<Record>()};
  absl::Status good = ParseRecord(entry->value, &loaded->record);
  if (good.ok()) good = CheckRecordFormat(loaded->record.format());
  if (!good.ok()) return good;
  loaded->key = std::move(key);
  loaded->revision = entry->mod_revision;
  return loaded;
}

}  // namespace

absl::Status ReadError(const absl::Status& status) {
  if (absl::IsNotFound(status) || absl::IsDataLoss(status)) return status;
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kStoreUnavailable,
                            "the store cannot read its state",
                            status.message());
}

absl::Status NoSuch(absl::string_view what) {
  return MakeError(absl::StatusCode::kNotFound, kNotFound,
                   absl::StrCat("the ", what, " does not exist"));
}

absl::StatusOr<Loaded<SecretRecord>> LoadSecret(
    const kv::KeyValueReader& reader, absl::string_view project_uid,
    const ResourceName& name) {
  const absl::Status good = CheckProjectUid(project_uid);
  if (!good.ok()) return good;
  auto loaded = Load<SecretRecord>(
      reader, SecretKey(project_uid, name.secret()), "secret");
  if (!loaded.ok()) return loaded;
  const bool in_place =
      loaded->record.project_uid() == project_uid &&
      loaded->record.name() ==
          absl::StrCat("projects/", name.project(), "/secrets/", name.secret());
  if (!in_place) return Misplaced("secret");
  return loaded;
}

absl::StatusOr<Loaded<VersionRecord>> LoadVersion(
    const kv::KeyValueReader& reader, absl::string_view secret_uid,
    int64_t number) {
  auto loaded =
      Load<VersionRecord>(reader, VersionKey(secret_uid, number), "version");
  if (!loaded.ok()) return loaded;
  if (loaded->record.secret_uid() != secret_uid ||
      loaded->record.number() != number) {
    return Misplaced("version");
  }
  return loaded;
}

absl::StatusOr<Loaded<KeyRecord>> LoadKey(const kv::KeyValueReader& reader,
                                          absl::string_view project_uid,
                                          absl::string_view key_id) {
  const absl::Status good = CheckProjectUid(project_uid);
  if (!good.ok()) return good;
  auto loaded = Load<KeyRecord>(reader, KeyKey(project_uid, key_id), "key");
  if (!loaded.ok()) return loaded;
  if (loaded->record.project_uid() != project_uid) return Misplaced("key");
  return loaded;
}

absl::StatusOr<uint64_t> LoadNumber(const kv::KeyValueReader& reader,
                                    absl::string_view key) {
  absl::StatusOr<kv::Entry> entry = reader.Get(key);
  if (absl::IsNotFound(entry.status())) return 0;
  if (!entry.ok()) return ReadError(entry.status());
  return kv::DecodeNumber(entry->value);
}

}  // namespace keyward::store
