// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/secret_update_command.h"

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/failure.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using secrets::v1::GetSecretRequest;
using secrets::v1::GetSecretResponse;
using secrets::v1::Secret;
using secrets::v1::UpdateSecretRequest;
using secrets::v1::UpdateSecretResponse;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Secret Before() {
  Secret secret;
  secret.set_name("projects/default/secrets/db");
  secret.set_etag("e1");
  (*secret.mutable_labels())["team"] = "pay";
  (*secret.mutable_labels())["tier"] = "1";
  (*secret.mutable_version_aliases())["blue"] = 1;
  return secret;
}

absl::StatusOr<UpdateSecretRequest> Build(const UpdateOptions& options) {
  return BuildUpdate(options, Before(), absl::FromUnixSeconds(1000));
}

TEST(SecretUpdateTest, EditsLabelsOneByOne) {
  UpdateOptions options;
  options.labels = {"tier=2", "new="};
  options.remove_labels = {"team", "absent"};
  auto request = Build(options);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->secret().labels(),
              UnorderedElementsAre(Pair("tier", "2"), Pair("new", "")));
  EXPECT_THAT(request->update_mask().paths(), ElementsAre("labels"));
}

// Otherwise another's label, set in between, would be taken back.
TEST(SecretUpdateTest, IsTiedToTheSecretAsItWasSeen) {
  UpdateOptions options;
  options.labels = {"a=b"};
  EXPECT_EQ(Build(options)->secret().etag(), "e1");
  options.etag = "mine";
  EXPECT_EQ(Build(options)->secret().etag(), "mine");
}

TEST(SecretUpdateTest, EditsAliases) {
  UpdateOptions options;
  options.aliases = {"green=2"};
  options.remove_aliases = {"blue"};
  EXPECT_THAT(Build(options)->secret().version_aliases(),
              UnorderedElementsAre(Pair("green", 2)));
  options.aliases = {"green=current"};
  EXPECT_EQ(ExitCode(Build(options).status()), kExitUsage);
}

TEST(SecretUpdateTest, SetsAndClearsExpiry) {
  UpdateOptions options;
  options.ttl = "1h";
  EXPECT_EQ(Build(options)->secret().ttl().seconds(), 3600);
  EXPECT_THAT(Build(options)->update_mask().paths(), ElementsAre("ttl"));
  options.ttl.clear();
  options.expire_time = "1h";
  EXPECT_EQ(Build(options)->secret().expire_time().seconds(), 4600);
  options.expire_time.clear();
  options.no_expiry = true;
  EXPECT_FALSE(Build(options)->secret().has_expire_time());
  EXPECT_THAT(Build(options)->update_mask().paths(),
              ElementsAre("expire_time"));
}

TEST(SecretUpdateTest, SetsProtection) {
  UpdateOptions options;
  options.unprotect = true;
  EXPECT_FALSE(Build(options)->secret().deletion_protection());
  EXPECT_THAT(Build(options)->update_mask().paths(),
              ElementsAre("deletion_protection"));
}

TEST(SecretUpdateTest, RefusesNothingAndContradictions) {
  EXPECT_EQ(ExitCode(Build({}).status()), kExitUsage);
  UpdateOptions both;
  both.protect = both.unprotect = true;
  EXPECT_EQ(ExitCode(Build(both).status()), kExitUsage);
  UpdateOptions expiries;
  expiries.ttl = "1h";
  expiries.no_expiry = true;
  EXPECT_EQ(ExitCode(Build(expiries).status()), kExitUsage);
  UpdateOptions label;
  label.labels = {"nothing"};
  EXPECT_EQ(ExitCode(Build(label).status()), kExitUsage);
}

TEST(SecretUpdateTest, ReadsThenChanges) {
  TestWorld world;
  world.gateway().On<GetSecretRequest, GetSecretResponse>(
      [](const GetSecretRequest&, GetSecretResponse* response) {
        *response->mutable_secret() = Before();
        return absl::OkStatus();
      });
  UpdateSecretRequest seen;
  world.gateway().On<UpdateSecretRequest, UpdateSecretResponse>(
      [&seen](const UpdateSecretRequest& request,
              UpdateSecretResponse* response) {
        seen = request;
        *response->mutable_secret() = request.secret();
        return absl::OkStatus();
      });
  ASSERT_EQ(world.Run({"secret", "update", "db", "--label", "a=b",
                       "--remove-label", "team"}),
            0)
      << world.err();
  EXPECT_THAT(seen.secret().labels(),
              UnorderedElementsAre(Pair("a", "b"), Pair("tier", "1")));
}

}  // namespace
}  // namespace keyward::cli
