// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_face.h"

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/feed_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/standing_methods.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"

namespace keyward::policy_service {
namespace {

constexpr char kGateway[] = "spiffe://keyward.internal/service/gateway";
constexpr char kAudit[] = "spiffe://keyward.internal/service/audit";

}  // namespace

const google::protobuf::ServiceDescriptor* PolicyInternalService() {
  return keyward::internal::policy::v1::ExecuteRequest::descriptor()
      ->file()
      ->FindServiceByName("PolicyInternalService");
}

absl::StatusOr<std::unique_ptr<rpc::CallMethods>> PolicyCallMethods() {
  return rpc::CallMethods::Create({"keyward.policy.v1.PolicyService"});
}

rpc::InternalMethods PolicyMethods(PolicyCore* core,
                                   const rpc::CallMethods* methods,
                                   ThreadPool* pool, const Clock* clock,
                                   const rpc::ProcessStanding* standing) {
  const google::protobuf::ServiceDescriptor* service = PolicyInternalService();
  rpc::InternalMethods internal;
  internal.unary["Execute"] = rpc::ExecuteMethod(
      service->FindMethodByName("Execute"), core, methods, clock,
      /*changes=*/nullptr);
  rpc::AddControlMethods(service, core, pool, &internal);
  internal.streams["FollowSnapshots"] = rpc::FollowSnapshotsMethod(core);
  rpc::AddStandingMethod(service, standing, &internal);
  return internal;
}

rpc::InternalCallers PolicyCallers() {
  return {{"Execute", {kGateway}},         {"FollowSnapshots", {kGateway}},
          {"GetHeldCheckpoint", {kAudit}}, {"HoldCheckpoint", {kAudit}},
          {"ResolveIntents", {kAudit}},    {"RaiseFloor", {kAudit}},
          {"GetStanding", {kGateway}}};
}

}  // namespace keyward::policy_service
