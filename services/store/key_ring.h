// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_KEY_RING_H_
#define KEYWARD_SERVICES_STORE_KEY_RING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/kv/kv.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {

// A project's key for secrets that name none.
inline constexpr char kDefaultKeyId[] = "default";

// Key-encryption keys: made here, kept wrapped by the seal, opened into locked
// memory and remembered there, so that an access asks the seal for nothing.
//
// Thread-safe.
class KeyRing {
 public:
  using Kek = std::shared_ptr<const crypto::SecretBuffer>;

  // How many opened keys are remembered. Above it all are dropped and opened
  // again as they are needed: 32 bytes each of memory that is locked and
  // scarce.
  static constexpr size_t kMaxOpened = 4096;

  // The most versions of a key that still wrap something.
  static constexpr int kMaxLiveVersions = 32;
  // Of the destroyed ones the newest are kept to be shown, so that the record
  // stays small.
  static constexpr int kMaxDestroyedVersions = 256;

  // All must outlive the ring.
  KeyRing(const kv::KeyValueReader* reader, crypto::Seal* seal,
          crypto::RandomSource* random)
      : reader_(reader), seal_(seal), random_(random) {}

  // A new key with its first version. `name` is its full name. Errors of the
  // seal (UNAVAILABLE with the reason SEALED while it is sealed) and of
  // randomness.
  absl::StatusOr<keyward::internal::store::v1::KeyRecord> NewKey(
      absl::string_view name, absl::string_view project_uid, absl::Time now);

  // Adds a version to `key`, which becomes primary; the one before it retires.
  // FAILED_PRECONDITION if kMaxLiveVersions wrap something already. On an
  // error `key` is in no defined state.
  absl::Status AddVersion(absl::Time now,
                          keyward::internal::store::v1::KeyRecord* key);

  // The key material of a version of `key`. DATA_LOSS if the record has no
  // such version, or its material is destroyed or does not open.
  absl::StatusOr<Kek> Open(const keyward::internal::store::v1::KeyRecord& key,
                           int64_t version);

  // The key that wraps `version`'s data key: without a read if it is
  // remembered. Errors as Open and as LoadKey.
  absl::StatusOr<Kek> OpenFor(
      absl::string_view project_uid,
      const keyward::internal::store::v1::VersionRecord& version);

  // The numbers of those versions of `key` that are not destroyed and whose
  // stored material does not open, oldest first: whatever is remembered of
  // them, this is what a restart will find. Asks the seal for each. Its errors
  // but those that say so (UNAVAILABLE while it is sealed).
  absl::StatusOr<std::vector<int64_t>> DamagedVersions(
      const keyward::internal::store::v1::KeyRecord& key);

  // Wipes the opened version from memory, once nobody uses it any more.
  void Forget(absl::string_view key_uid, int64_t version);

 private:
  absl::StatusOr<Kek> Remembered(absl::string_view key_uid, int64_t version);
  void Remember(absl::string_view key_uid, int64_t version, Kek kek);
  absl::StatusOr<crypto::SecretBuffer> OpenStored(
      const keyward::internal::store::v1::KeyRecord& key,
      const keyward::internal::store::v1::KeyVersionRecord& version);
  absl::StatusOr<std::string> NewMaterial(
      const keyward::internal::store::v1::KeyRecord& key, int64_t version);
  std::string AssociatedData(const keyward::internal::store::v1::KeyRecord& key,
                             int64_t version) const;

  const kv::KeyValueReader* const reader_;
  crypto::Seal* const seal_;
  crypto::RandomSource* const random_;

  Mutex mu_;
  absl::flat_hash_map<std::pair<std::string, int64_t>, Kek> opened_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_KEY_RING_H_
