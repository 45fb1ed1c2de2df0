// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_VERSION_CHANGES_H_
#define KEYWARD_SERVICES_STORE_VERSION_CHANGES_H_

#include "absl/status/statusor.h"
#include "libs/rpc/call.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/change.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// The changes of versions and their states; as SecretChanges.
//
// A request must outlive its planner. Thread-safe.
class VersionChanges {
 public:
  explicit VersionChanges(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<Planner> Add(
      const rpc::CallContext& context,
      const keyward::secrets::v1::AddSecretVersionRequest& request) const;
  absl::StatusOr<Planner> Enable(
      const rpc::CallContext& context,
      const keyward::secrets::v1::EnableSecretVersionRequest& request) const;
  absl::StatusOr<Planner> Disable(
      const rpc::CallContext& context,
      const keyward::secrets::v1::DisableSecretVersionRequest& request) const;
  absl::StatusOr<Planner> Destroy(
      const rpc::CallContext& context,
      const keyward::secrets::v1::DestroySecretVersionRequest& request) const;

 private:
  const StoreParts* const parts_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_VERSION_CHANGES_H_
