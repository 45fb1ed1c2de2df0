// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_PLAN_STEPS_H_
#define KEYWARD_SERVICES_STORE_PLAN_STEPS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/resource_name.h"
#include "libs/rpc/call.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/change.h"
#include "services/store/new_value.h"
#include "services/store/record_codec.h"
#include "services/store/record_reader.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// The steps that plans are made of. A step adds to the plan what it rests on,
// as preconditions, together with what it writes. Thread-safe.

// What a planner keeps of its call: the context may be gone when it runs.
struct PlannedCall {
  explicit PlannedCall(const rpc::CallContext& context)
      : project_uid(context.project_uid),
        attributes_etag(context.attributes_etag) {}

  std::string project_uid;
  std::string attributes_etag;
};

// The secret that a change is about, as LoadSecret. ABORTED with the reason
// kAttributesChanged if it is no longer as the decision saw it.
absl::StatusOr<Loaded<keyward::internal::store::v1::SecretRecord>>
LoadForChange(const StoreParts& parts, const PlannedCall& call,
              const ResourceName& name);

// FAILED_PRECONDITION with the reason SECRET_DELETED.
absl::Status CheckNotDeleted(
    const keyward::internal::store::v1::SecretRecord& secret);

// Moves the secret's etag and update time.
void Touch(absl::Time now, keyward::internal::store::v1::SecretRecord* secret);

// Writes the record that was read, changed, if nobody has changed it since.
template <typename Record>
void Replace(const Loaded<Record>& loaded, ChangePlan* plan) {
  plan->preconditions.push_back(loaded.Unchanged());
  plan->puts.push_back({loaded.key, EncodeRecord(loaded.record)});
}

// The key `key_name` of the project, which may not change until the plan is
// carried out: a data key that is wrapped by a version which retires meanwhile
// would be missed by the rewrap. Makes the project's default key, in this
// plan, if it has none. NOT_FOUND for another key that does not exist.
absl::StatusOr<keyward::internal::store::v1::KeyRecord> UseKey(
    const StoreParts& parts, const std::string& project_uid,
    const std::string& key_name, absl::Time now, ChangePlan* plan);

// Gives `key` a new primary version and marks it for the rewrap of what the
// older ones wrap. Errors of KeyRing::AddVersion.
absl::Status Rotate(const StoreParts& parts, absl::Time now,
                    Loaded<keyward::internal::store::v1::KeyRecord>* key,
                    ChangePlan* plan);

// Seals `value` as the next version of `secret` under the primary version of
// `key` and writes it. `secret` counts it; its stages are the caller's to
// move. `plan` must rest on `key` (UseKey). Errors of the key ring and of the
// seal counter; INVALID_ARGUMENT of NewValue::CheckType.
absl::StatusOr<keyward::internal::store::v1::VersionRecord> AddVersion(
    const StoreParts& parts, const keyward::internal::store::v1::KeyRecord& key,
    const NewValue& value, absl::Time now,
    keyward::internal::store::v1::SecretRecord* secret, ChangePlan* plan);

// Removes the secret for good, with the first kPurgeBatch of its versions; if
// there are more, leaves a record by which maintenance removes the rest, which
// nothing can reach any more, at once. UNAVAILABLE, DATA_LOSS of reading.
absl::Status Purge(
    const StoreParts& parts,
    const Loaded<keyward::internal::store::v1::SecretRecord>& secret,
    ChangePlan* plan);

// Removes up to kPurgeBatch versions of the secret with this uid, destroying
// their data keys. Answers whether more are left.
absl::StatusOr<bool> PurgeVersions(const StoreParts& parts,
                                   const std::string& secret_uid,
                                   ChangePlan* plan);

// Two operations and a precondition each, and room for the rest of the
// transaction's 120.
inline constexpr size_t kPurgeBatch = 40;

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_PLAN_STEPS_H_
