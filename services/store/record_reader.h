// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_RECORD_READER_H_
#define KEYWARD_SERVICES_STORE_RECORD_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"
#include "libs/kv/kv.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {

// A record with the place and the revision it was read at.
template <typename Record>
struct Loaded {
  Record record;
  std::string key;
  uint64_t revision = 0;

  // Holds as long as nobody has changed the record since.
  kv::Precondition Unchanged() const {
    return kv::Precondition::RevisionIs(key, revision);
  }
};

// Reading of records. A record must say that it belongs where it lies: one
// that was moved there by someone with access to the disk is DATA_LOSS, before
// any key is tried on it. Other errors: NOT_FOUND, as clients see it;
// UNAVAILABLE with the reason STORE_UNAVAILABLE.

// The secret `name` (a secret's or a version's name) of the project.
absl::StatusOr<Loaded<keyward::internal::store::v1::SecretRecord>> LoadSecret(
    const kv::KeyValueReader& reader, absl::string_view project_uid,
    const ResourceName& name);

absl::StatusOr<Loaded<keyward::internal::store::v1::VersionRecord>> LoadVersion(
    const kv::KeyValueReader& reader, absl::string_view secret_uid,
    int64_t number);

// The same into `record`, which is empty, for readers that give it memory to
// lie in; its revision.
absl::StatusOr<uint64_t> ReadSecret(
    const kv::KeyValueReader& reader, absl::string_view project_uid,
    const ResourceName& name,
    keyward::internal::store::v1::SecretRecord* record);
absl::StatusOr<uint64_t> ReadVersion(
    const kv::KeyValueReader& reader, absl::string_view secret_uid,
    int64_t number, keyward::internal::store::v1::VersionRecord* record);

// The key `key_id` of the project.
absl::StatusOr<Loaded<keyward::internal::store::v1::KeyRecord>> LoadKey(
    const kv::KeyValueReader& reader, absl::string_view project_uid,
    absl::string_view key_id);

// The number at a number key, 0 if it is absent.
absl::StatusOr<uint64_t> LoadNumber(const kv::KeyValueReader& reader,
                                    absl::string_view key);

// `status` of the state layer as clients see it: what is no NOT_FOUND and no
// DATA_LOSS is UNAVAILABLE.
absl::Status ReadError(const absl::Status& status);

// NOT_FOUND about a resource that does not exist ("secret", "version", "key").
absl::Status NoSuch(absl::string_view what);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_RECORD_READER_H_
