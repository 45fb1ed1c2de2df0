// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/retry_policy.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::client {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

const MethodDescriptor& Method(const std::string& name) {
  const MethodDescriptor* method =
      DescriptorPool::generated_pool()->FindMethodByName(name);
  EXPECT_NE(method, nullptr) << name;
  return *method;
}

TEST(RetryPolicyTest, ReadsAreRepeatable) {
  EXPECT_TRUE(IsRepeatable(Method("keyward.secrets.v1.SecretService.GetSecret"),
                           secrets::v1::GetSecretRequest()));
}

TEST(RetryPolicyTest, ChangesAreRepeatableOnlyWithARequestId) {
  const MethodDescriptor& method =
      Method("keyward.secrets.v1.SecretService.AddSecretVersion");
  secrets::v1::AddSecretVersionRequest request;
  EXPECT_FALSE(IsRepeatable(method, request));
  request.set_request_id("r1");
  EXPECT_TRUE(IsRepeatable(method, request));
}

TEST(RetryPolicyTest, ChangesWithoutRequestIdsAreNeverRepeated) {
  const MethodDescriptor& method =
      Method("keyward.operators.v1.OperatorService.Seal");
  EXPECT_FALSE(TakesRequestId(method));
  EXPECT_FALSE(IsRepeatable(method, operators::v1::SealRequest()));
}

// A contract that forgot the field would make every retry a second change.
TEST(RetryPolicyTest, EveryBuiltChangeOfTheContractsTakesARequestId) {
  for (const char* name :
       {"keyward.secrets.v1.SecretService", "keyward.keys.v1.KeyService",
        "keyward.policy.v1.PolicyService", "keyward.audit.v1.AuditService",
        "keyward.operators.v1.OperatorService"}) {
    const auto* service =
        DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      const auto& rule = method.options().GetExtension(access::v1::access);
      if (rule.effect() != access::v1::EFFECT_CHANGE) continue;
      if (!rule.not_implemented().empty()) continue;
      EXPECT_TRUE(TakesRequestId(method)) << method.full_name();
    }
  }
}

TEST(RetryPolicyTest, RepeatsWhatMayPass) {
  EXPECT_TRUE(RetryDelay(absl::UnavailableError("x"), 2, 0).has_value());
  // Calls that are under way when a gateway begins to drain end like this.
  EXPECT_TRUE(RetryDelay(absl::CancelledError("x"), 2, 0).has_value());
}

TEST(RetryPolicyTest, RepeatsNothingThatIsAnAnswer) {
  for (absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kAborted,
        absl::StatusCode::kUnauthenticated, absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInternal,
        absl::StatusCode::kDataLoss, absl::StatusCode::kUnknown,
        absl::StatusCode::kUnimplemented}) {
    EXPECT_FALSE(RetryDelay(absl::Status(code, "x"), 2, 0).has_value())
        << absl::StatusCodeToString(code);
  }
}

TEST(RetryPolicyTest, DoublesTheBackoffUpToItsBound) {
  const absl::Status error = absl::UnavailableError("x");
  EXPECT_EQ(RetryDelay(error, 2, 1), absl::Milliseconds(100));
  EXPECT_EQ(RetryDelay(error, 3, 1), absl::Milliseconds(200));
  EXPECT_EQ(RetryDelay(error, 4, 1), absl::Milliseconds(400));
  EXPECT_EQ(RetryDelay(error, 5, 1), absl::Milliseconds(800));
  EXPECT_EQ(RetryDelay(error, 50, 1), kMaxBackoff);
}

TEST(RetryPolicyTest, JitterHalvesTheBackoffAtMost) {
  const absl::Status error = absl::UnavailableError("x");
  EXPECT_EQ(RetryDelay(error, 2, 0), absl::Milliseconds(50));
  EXPECT_EQ(RetryDelay(error, 2, 0.5), absl::Milliseconds(75));
}

TEST(RetryPolicyTest, WaitsAsLongAsAQuotaAsks) {
  const absl::Status quota =
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded, "slow");
  EXPECT_FALSE(RetryDelay(quota, 2, 0).has_value());
  EXPECT_EQ(RetryDelay(WithRetryAfter(quota, absl::Seconds(1)), 2, 0),
            absl::Seconds(1));
}

TEST(RetryPolicyTest, LeavesLongWaitsToTheCaller) {
  const absl::Status quota =
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded, "slow");
  EXPECT_FALSE(
      RetryDelay(WithRetryAfter(quota, absl::Minutes(1)), 2, 0).has_value());
}

}  // namespace
}  // namespace keyward::client
