// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_KEY_CHANGES_H_
#define KEYWARD_SERVICES_STORE_KEY_CHANGES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/kv/kv.h"
#include "libs/rpc/call.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/change.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// RotateKey; as SecretChanges. Thread-safe.
class KeyChanges {
 public:
  explicit KeyChanges(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<Planner> Rotate(
      const rpc::CallContext& context,
      const keyward::keys::v1::RotateKeyRequest& request) const;

 private:
  const StoreParts* const parts_;
};

// How many data keys are still wrapped by versions of `key` that retire,
// counted up to kMaxRewrapCount. Errors of reading.
inline constexpr int64_t kMaxRewrapCount = 100000;
absl::StatusOr<int64_t> CountRewrapRemaining(
    const kv::KeyValueReader& reader,
    const keyward::internal::store::v1::KeyRecord& key);

// `key` as clients see it, counted and looked at. Errors of reading and of the
// seal.
absl::StatusOr<keyward::keys::v1::Key> ShowKey(
    const StoreParts& parts,
    const keyward::internal::store::v1::KeyRecord& key);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_KEY_CHANGES_H_
