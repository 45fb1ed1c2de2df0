// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SECRET_CHANGES_H_
#define KEYWARD_SERVICES_STORE_SECRET_CHANGES_H_

#include "absl/status/statusor.h"
#include "libs/rpc/call.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/change.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// The changes of secrets: each checks its request and answers the planner of
// the change. What is wrong with the request itself is the answer instead;
// what is wrong with it on the present state is the planner's. The contract of
// each is its comment in secret_service.proto.
//
// A request must outlive its planner. Thread-safe.
class SecretChanges {
 public:
  static constexpr int kDefaultRecoveryDays = 30;
  static constexpr int kMinRecoveryDays = 7;
  static constexpr int kMaxRecoveryDays = 90;

  explicit SecretChanges(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<Planner> Create(
      const rpc::CallContext& context,
      const keyward::secrets::v1::CreateSecretRequest& request) const;
  absl::StatusOr<Planner> Update(
      const rpc::CallContext& context,
      const keyward::secrets::v1::UpdateSecretRequest& request) const;
  absl::StatusOr<Planner> Delete(
      const rpc::CallContext& context,
      const keyward::secrets::v1::DeleteSecretRequest& request) const;
  absl::StatusOr<Planner> Undelete(
      const rpc::CallContext& context,
      const keyward::secrets::v1::UndeleteSecretRequest& request) const;

 private:
  const StoreParts* const parts_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SECRET_CHANGES_H_
