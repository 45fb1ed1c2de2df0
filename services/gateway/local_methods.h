// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway answers itself: what the policy in force says, which is the
// snapshot that decides, and how the installation stands.

#ifndef KEYWARD_SERVICES_GATEWAY_LOCAL_METHODS_H_
#define KEYWARD_SERVICES_GATEWAY_LOCAL_METHODS_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "google/protobuf/message.h"
#include "libs/auth/credential.h"
#include "libs/base/clock.h"
#include "libs/policy/evaluator.h"
#include "libs/rpc/call.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "services/gateway/method_table.h"

namespace keyward::gateway {

// Fills in everything of the status but the policy revision. It must not
// block: what is polled elsewhere is shown as it was last seen.
using StatusSource =
    absl::AnyInvocable<void(operators::v1::GetStatusResponse*) const>;

// Thread-safe. The clock must outlive it.
class LocalMethods {
 public:
  LocalMethods(const Clock* clock, StatusSource status);
  LocalMethods(const LocalMethods&) = delete;
  LocalMethods& operator=(const LocalMethods&) = delete;

  // Runs a method that the gateway owns, for a caller that was authorized
  // under `snapshot`. Calls `done` before it returns.
  void Execute(const MethodRule& rule, const rpc::CallContext& context,
               const auth::Credential& credential,
               const policy::PolicySnapshot& snapshot,
               const google::protobuf::Message& request, rpc::CallDone done);

 private:
  rpc::CallResult Explain(const policy::PolicySnapshot& snapshot,
                          const google::protobuf::Message& request) const;
  rpc::CallResult TestPermissions(
      const auth::Credential& credential,
      const policy::PolicySnapshot& snapshot,
      const google::protobuf::Message& request) const;
  rpc::CallResult Identity(const auth::Credential& credential,
                           const policy::PolicySnapshot& snapshot) const;
  rpc::CallResult Status(const policy::PolicySnapshot& snapshot) const;

  const Clock* const clock_;
  const StatusSource status_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_LOCAL_METHODS_H_
