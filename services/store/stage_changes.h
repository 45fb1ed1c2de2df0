// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_STAGE_CHANGES_H_
#define KEYWARD_SERVICES_STORE_STAGE_CHANGES_H_

#include "absl/status/statusor.h"
#include "libs/rpc/call.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/change.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Promote and rollback (P7): which version is current moves in one step, to a
// version that is enabled and that a reader can therefore open; as
// SecretChanges.
//
// A request must outlive its planner. Thread-safe.
class StageChanges {
 public:
  explicit StageChanges(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<Planner> Promote(
      const rpc::CallContext& context,
      const keyward::secrets::v1::PromoteSecretVersionRequest& request) const;
  absl::StatusOr<Planner> Rollback(
      const rpc::CallContext& context,
      const keyward::secrets::v1::RollbackSecretRequest& request) const;

 private:
  const StoreParts* const parts_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STAGE_CHANGES_H_
