// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_face.h"

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_service.h"
#include "services/policy/policy_core.h"

namespace keyward::policy_service {
namespace {

TEST(PolicyFaceTest, EveryMethodHasOneThatRunsItAndSomeoneWhoMayCallIt) {
  const SystemClock clock;
  ThreadPool pool(1, 1);
  const auto methods = PolicyCallMethods();
  ASSERT_TRUE(methods.ok()) << methods.status();
  // No method is called, so the core may be missing.
  const auto service = rpc::InternalService::Create(
      PolicyInternalService(),
      PolicyMethods(nullptr, methods->get(), &pool, &clock, nullptr),
      PolicyCallers(),
      [](const rpc::PeerFacts&) { return absl::StatusOr<std::string>(""); });
  EXPECT_TRUE(service.ok()) << service.status();
  EXPECT_EQ(PolicyCallers().size(),
            static_cast<size_t>(PolicyInternalService()->method_count()));
}

TEST(PolicyFaceTest, EveryMethodThatTheCoreRunsIsTakenByExecute) {
  const auto methods = PolicyCallMethods();
  ASSERT_TRUE(methods.ok());
  for (const std::string& name : PolicyCore::Methods()) {
    EXPECT_NE((*methods)->Find(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace keyward::policy_service
