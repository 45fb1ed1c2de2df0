// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/resolve_version.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::secrets::v1::STAGE_CURRENT;
using keyward::secrets::v1::STAGE_PENDING;
using keyward::secrets::v1::STAGE_PREVIOUS;

// Versions 1 to 4: 3 is current, 4 pending, 2 previous.
SecretRecord Sample() {
  SecretRecord secret;
  secret.set_next_version(5);
  secret.set_current_version(3);
  secret.set_pending_version(4);
  secret.set_previous_version(2);
  secret.set_latest_version(3);
  (*secret.mutable_version_aliases())["stable"] = 1;
  return secret;
}

int64_t Resolved(const SecretRecord& secret, const std::string& segment) {
  auto number = ResolveVersion(secret, segment);
  EXPECT_TRUE(number.ok()) << segment << ": " << number.status();
  return number.value_or(-1);
}

void ExpectNotFound(const SecretRecord& secret, const std::string& segment) {
  auto number = ResolveVersion(secret, segment);
  EXPECT_EQ(number.status().code(), absl::StatusCode::kNotFound) << segment;
  EXPECT_EQ(ErrorReason(number.status()), kNotFound) << segment;
}

TEST(ResolveVersionTest, P7_NoVersionMeansCurrent) {
  EXPECT_EQ(Resolved(Sample(), ""), 3);
  EXPECT_EQ(Resolved(Sample(), "current"), 3);
}

TEST(ResolveVersionTest, StagesAliasesAndNumbersResolve) {
  EXPECT_EQ(Resolved(Sample(), "pending"), 4);
  EXPECT_EQ(Resolved(Sample(), "previous"), 2);
  EXPECT_EQ(Resolved(Sample(), "stable"), 1);
  EXPECT_EQ(Resolved(Sample(), "1"), 1);
  EXPECT_EQ(Resolved(Sample(), "4"), 4);
}

TEST(ResolveVersionTest, P7_LatestIsNotThePendingVersion) {
  EXPECT_EQ(Resolved(Sample(), "latest"), 3);
}

TEST(ResolveVersionTest, WhatDoesNotExistIsNotFound) {
  ExpectNotFound(Sample(), "5");
  ExpectNotFound(Sample(), "0");
  ExpectNotFound(Sample(), "99999999999999999999");
  ExpectNotFound(Sample(), "unknown");
}

TEST(ResolveVersionTest, AnEmptySecretHasNoVersionOfAnyStage) {
  SecretRecord secret;
  secret.set_next_version(1);
  for (const char* name : {"", "current", "pending", "previous", "latest"}) {
    ExpectNotFound(secret, name);
  }
}

TEST(ResolveVersionTest, AnErrorDoesNotRepeatTheName) {
  auto number = ResolveVersion(Sample(), "hunter2");
  EXPECT_EQ(number.status().message().find("hunter2"), absl::string_view::npos);
}

TEST(ResolveVersionTest, StagesOfAVersionAreListed) {
  SecretRecord secret = Sample();
  EXPECT_EQ(StagesOf(secret, 3), std::vector{STAGE_CURRENT});
  EXPECT_EQ(StagesOf(secret, 4), std::vector{STAGE_PENDING});
  EXPECT_EQ(StagesOf(secret, 2), std::vector{STAGE_PREVIOUS});
  EXPECT_TRUE(StagesOf(secret, 1).empty());
  EXPECT_TRUE(StagesOf(secret, 0).empty());
}

TEST(ResolveVersionTest, P7_MakingPendingCurrentEmptiesPending) {
  SecretRecord secret = Sample();
  MakeCurrent(4, &secret);
  EXPECT_EQ(secret.current_version(), 4);
  EXPECT_EQ(secret.previous_version(), 3);
  EXPECT_EQ(secret.pending_version(), 0);
  EXPECT_EQ(secret.latest_version(), 4);
}

TEST(ResolveVersionTest, P7_GoingBackDoesNotMoveLatestBack) {
  SecretRecord secret = Sample();
  MakeCurrent(2, &secret);
  EXPECT_EQ(secret.current_version(), 2);
  EXPECT_EQ(secret.previous_version(), 3);
  EXPECT_EQ(secret.latest_version(), 3);
}

TEST(ResolveVersionTest, P7_MakingCurrentTheCurrentVersionKeepsPrevious) {
  SecretRecord secret = Sample();
  MakeCurrent(3, &secret);
  EXPECT_EQ(secret.current_version(), 3);
  EXPECT_EQ(secret.previous_version(), 2);
}

TEST(ResolveVersionTest, ReservedNamesAreTheStagesAndLatest) {
  for (const char* name : {"current", "pending", "previous", "latest"}) {
    EXPECT_TRUE(IsReservedVersionName(name));
  }
  EXPECT_FALSE(IsReservedVersionName("stable"));
}

}  // namespace
}  // namespace keyward::store
