// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_face.h"

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"

namespace keyward::audit_service {
namespace {

TEST(AuditFaceTest, EveryMethodHasOneThatRunsItAndSomeoneWhoMayCallIt) {
  const SystemClock clock;
  ThreadPool pool(1, 1);
  const auto methods = AuditCallMethods();
  ASSERT_TRUE(methods.ok()) << methods.status();
  // No method is called, so the core may be missing.
  const auto service = rpc::InternalService::Create(
      AuditLogService(),
      AuditLogMethods(nullptr, methods->get(), &pool, &clock, nullptr),
      AuditCallers(),
      [](const rpc::PeerFacts&) { return absl::StatusOr<std::string>(""); });
  EXPECT_TRUE(service.ok()) << service.status();
  EXPECT_EQ(AuditCallers().size(),
            static_cast<size_t>(AuditLogService()->method_count()));
}

TEST(AuditFaceTest, P2_OnlyPolicyPutsARevisionInForce) {
  EXPECT_EQ(AuditCallers().at("RaiseFence"),
            std::set<std::string>{"spiffe://keyward.internal/service/policy"});
}

}  // namespace
}  // namespace keyward::audit_service
