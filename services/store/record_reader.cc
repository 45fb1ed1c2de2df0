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

// Into its place: a record is not cheap to move, and reads are many.
template <typename Record>
absl::StatusOr<uint64_t> Read(const kv::KeyValueReader& reader,
                              absl::string_view key, absl::string_view what,
                              Record* record) {
  absl::StatusOr<kv::Entry> entry = reader.Get(key);
  if (absl::IsNotFound(entry.status())) return NoSuch(what);
  if (!entry.ok()) return ReadError(entry.status());
  absl::Status good = ParseRecord(entry->value, record);
  if (good.ok()) good = CheckRecordFormat(record->format());
  if (!good.ok()) return good;
  return entry->mod_revision;
}

absl::StatusOr<uint64_t> ReadSecretAt(const kv::KeyValueReader& reader,
                                      absl::string_view key,
                                      absl::string_view project_uid,
                                      const ResourceName& name,
                                      SecretRecord* record) {
  absl::StatusOr<uint64_t> revision = Read(reader, key, "secret", record);
  if (!revision.ok()) return revision;
  const bool in_place =
      record->project_uid() == project_uid &&
      record->name() ==
          absl::StrCat("projects/", name.project(), "/secrets/", name.secret());
  if (!in_place) return Misplaced("secret");
  return revision;
}

absl::StatusOr<uint64_t> ReadVersionAt(const kv::KeyValueReader& reader,
                                       absl::string_view key,
                                       absl::string_view secret_uid,
                                       int64_t number, VersionRecord* record) {
  absl::StatusOr<uint64_t> revision = Read(reader, key, "version", record);
  if (!revision.ok()) return revision;
  if (record->secret_uid() != secret_uid || record->number() != number) {
    return Misplaced("version");
  }
  return revision;
}

// What `read` reads at `key`.
template <typename Record, typename ReadAt>
absl::StatusOr<Loaded<Record>> Load(std::string key, ReadAt read) {
  absl::StatusOr<Loaded<Record>> loaded{Loaded<Record>()};
  const absl::StatusOr<uint64_t> revision = read(key, &loaded->record);
  if (!revision.ok()) return revision.status();
  loaded->key = std::move(key);
  loaded->revision = *revision;
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
  return Load<SecretRecord>(SecretKey(project_uid, name.secret()),
                            [&](absl::string_view key, SecretRecord* record) {
                              return ReadSecretAt(reader, key, project_uid,
                                                  name, record);
                            });
}

absl::StatusOr<uint64_t> ReadSecret(const kv::KeyValueReader& reader,
                                    absl::string_view project_uid,
                                    const ResourceName& name,
                                    SecretRecord* record) {
  const absl::Status good = CheckProjectUid(project_uid);
  if (!good.ok()) return good;
  return ReadSecretAt(reader, SecretKey(project_uid, name.secret()),
                      project_uid, name, record);
}

absl::StatusOr<Loaded<VersionRecord>> LoadVersion(
    const kv::KeyValueReader& reader, absl::string_view secret_uid,
    int64_t number) {
  return Load<VersionRecord>(VersionKey(secret_uid, number),
                             [&](absl::string_view key, VersionRecord* record) {
                               return ReadVersionAt(reader, key, secret_uid,
                                                    number, record);
                             });
}

absl::StatusOr<uint64_t> ReadVersion(const kv::KeyValueReader& reader,
                                     absl::string_view secret_uid,
                                     int64_t number, VersionRecord* record) {
  return ReadVersionAt(reader, VersionKey(secret_uid, number), secret_uid,
                       number, record);
}

absl::StatusOr<Loaded<KeyRecord>> LoadKey(const kv::KeyValueReader& reader,
                                          absl::string_view project_uid,
                                          absl::string_view key_id) {
  const absl::Status good = CheckProjectUid(project_uid);
  if (!good.ok()) return good;
  auto loaded = Load<KeyRecord>(KeyKey(project_uid, key_id),
                                [&](absl::string_view key, KeyRecord* record) {
                                  return Read(reader, key, "key", record);
                                });
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
