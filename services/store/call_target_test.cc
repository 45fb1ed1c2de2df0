// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/call_target.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::store {
namespace {

rpc::CallContext Authorized(const std::string& resource) {
  rpc::CallContext context;
  context.resource = resource;
  return context;
}

constexpr char kSecret[] = "projects/pay/secrets/db";
constexpr char kVersion[] = "projects/pay/secrets/db/versions/3";

absl::StatusCode Target(const std::string& authorized, const std::string& name,
                        ResourceKind kind) {
  return CallTarget(Authorized(authorized), "name", name, kind).status().code();
}

TEST(CallTargetTest, TheAuthorizedResourceAndWhatIsBelowItPass) {
  EXPECT_EQ(Target(kSecret, kSecret, ResourceKind::kSecret),
            absl::StatusCode::kOk);
  EXPECT_EQ(Target(kSecret, kVersion, ResourceKind::kSecretVersion),
            absl::StatusCode::kOk);
  EXPECT_EQ(Target("projects/pay", kSecret, ResourceKind::kSecret),
            absl::StatusCode::kOk);
}

TEST(CallTargetTest, P1_AnyOtherResourceIsAnError) {
  for (const char* authorized :
       {"projects/pay/secrets/d", "projects/pay/secrets/dbx", kVersion,
        "projects/other", "", "garbage"}) {
    EXPECT_EQ(Target(authorized, kSecret, ResourceKind::kSecret),
              absl::StatusCode::kInternal)
        << authorized;
  }
}

TEST(CallTargetTest, AnotherKindIsTheClientsError) {
  EXPECT_EQ(Target(kSecret, kVersion, ResourceKind::kSecret),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Target(kSecret, kSecret, ResourceKind::kSecretVersion),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Target(kSecret, "x", ResourceKind::kSecret),
            absl::StatusCode::kInvalidArgument);
}

TEST(CallTargetTest, AStageIsNoNumber) {
  EXPECT_TRUE(NumberedVersionTarget(Authorized(kVersion), kVersion).ok());
  const std::string staged = std::string(kSecret) + "/versions/current";
  EXPECT_EQ(NumberedVersionTarget(Authorized(staged), staged).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CallTargetTest, AVersionsSecretIsNamed) {
  EXPECT_EQ(SecretNameOf(*ResourceName::Parse(kVersion)), kSecret);
  EXPECT_EQ(SecretNameOf(*ResourceName::Parse(kSecret)), kSecret);
}

}  // namespace
}  // namespace keyward::store
