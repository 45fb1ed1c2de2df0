// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/store_face.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/feed_methods.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/standing_methods.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::store {
namespace {

constexpr char kGateway[] = "spiffe://keyward.internal/service/gateway";
constexpr char kPolicy[] = "spiffe://keyward.internal/service/policy";
constexpr char kAudit[] = "spiffe://keyward.internal/service/audit";

rpc::UnaryMethod GetInstallationMethod(const StoreCore* core) {
  namespace wire = keyward::internal::store::v1;
  return [core](std::unique_ptr<google::protobuf::Message>, SteadyTime,
                rpc::UnaryDone done) {
    InstallationFacts facts = core->installation();
    auto response = std::make_unique<wire::GetInstallationResponse>();
    response->set_installation_id(std::move(facts.id));
    response->set_incarnation(facts.incarnation);
    done(absl::OkStatus(), std::move(response));
  };
}

}  // namespace

const google::protobuf::ServiceDescriptor* StoreService() {
  return keyward::internal::store::v1::ExecuteRequest::descriptor()
      ->file()
      ->FindServiceByName("StoreService");
}

absl::StatusOr<std::unique_ptr<rpc::CallMethods>> StoreCallMethods() {
  return rpc::CallMethods::Create(
      {"keyward.secrets.v1.SecretService", "keyward.keys.v1.KeyService"});
}

rpc::InternalMethods StoreMethods(StoreCore* core,
                                  const rpc::CallMethods* methods,
                                  ThreadPool* control, ThreadPool* changes,
                                  const Clock* clock,
                                  const rpc::ProcessStanding* standing) {
  rpc::InternalMethods internal;
  internal.unary["Execute"] =
      rpc::ExecuteMethod(StoreService()->FindMethodByName("Execute"), core,
                         methods, clock, changes);
  rpc::AddControlMethods(StoreService(), core, control, &internal);
  rpc::AddPurgeMethod(core, control, &internal);
  internal.unary["GetInstallation"] = GetInstallationMethod(core);
  internal.streams["FollowEvents"] = rpc::FollowEventsMethod(core);
  rpc::AddStandingMethod(StoreService(), standing, &internal);
  return internal;
}

rpc::InternalCallers StoreCallers() {
  return {{"Execute", {kGateway}},         {"FollowEvents", {kGateway}},
          {"RaiseFence", {kPolicy}},       {"PurgeProject", {kPolicy}},
          {"GetHeldCheckpoint", {kAudit}}, {"HoldCheckpoint", {kAudit}},
          {"ResolveIntents", {kAudit}},    {"RaiseFloor", {kAudit}},
          {"GetInstallation", {kGateway}}, {"GetStanding", {kGateway}}};
}

}  // namespace keyward::store
