// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_face.h"

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_methods.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/feed_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/standing_methods.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::audit_service {
namespace {

constexpr char kGateway[] = "spiffe://keyward.internal/service/gateway";
constexpr char kStore[] = "spiffe://keyward.internal/service/store";
constexpr char kPolicy[] = "spiffe://keyward.internal/service/policy";

}  // namespace

const google::protobuf::ServiceDescriptor* AuditLogService() {
  return keyward::internal::audit::v1::AppendRequest::descriptor()
      ->file()
      ->FindServiceByName("AuditLogService");
}

absl::StatusOr<std::unique_ptr<rpc::CallMethods>> AuditCallMethods() {
  return rpc::CallMethods::Create({"keyward.audit.v1.AuditService"});
}

rpc::InternalMethods AuditLogMethods(AuditCore* core,
                                     const rpc::CallMethods* methods,
                                     ThreadPool* pool, const Clock* clock,
                                     const rpc::ProcessStanding* standing) {
  rpc::InternalMethods internal;
  rpc::AddAuditMethods(
      core,
      [core](uint64_t old_size, SteadyTime) {
        return core->GetCheckpoint(old_size);
      },
      pool, clock, &internal);
  internal.unary["Execute"] = rpc::ExecuteMethod(
      AuditLogService()->FindMethodByName("Execute"), core, methods, clock,
      /*changes=*/nullptr);
  internal.streams["FollowEntries"] = rpc::FollowEntriesMethod(core);
  rpc::AddStandingMethod(AuditLogService(), standing, &internal);
  return internal;
}

rpc::InternalCallers AuditCallers() {
  return {{"Append", {kGateway, kStore, kPolicy}},
          {"RaiseFence", {kPolicy}},
          {"GetLogState", {kGateway, kPolicy}},
          {"Execute", {kGateway}},
          {"FollowEntries", {kGateway}},
          {"GetCheckpoint", {kGateway, kStore, kPolicy}},
          {"GetStanding", {kGateway}}};
}

}  // namespace keyward::audit_service
