// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/stage_changes.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

class StageChangesTest : public StoreFixture {
 protected:
  secrets::PromoteSecretVersionRequest Promote(const std::string& version) {
    secrets::PromoteSecretVersionRequest request;
    request.set_name(Name("db") + "/versions/" + version);
    return request;
  }
  secrets::RollbackSecretRequest Rollback() {
    secrets::RollbackSecretRequest request;
    request.set_name(Name("db"));
    return request;
  }
  template <typename Request>
  absl::Status Move(int64_t number) {
    Request request;
    request.set_name(Name("db") + "/versions/" + std::to_string(number));
    return Call(request).status;
  }
};

TEST_F(StageChangesTest, P7_AnAddedVersionBecomesCurrentAndTheOldPrevious) {
  Create("db", "one");
  Add("db", "two");
  Add("db", "three");
  EXPECT_EQ(Read("db"), "three");
  EXPECT_EQ(Read("db", "current"), "three");
  EXPECT_EQ(Read("db", "previous"), "two");
  EXPECT_EQ(Read("db", "latest"), "three");
}

TEST_F(StageChangesTest, P7_APendingVersionIsReachedByNumberOrStageOnly) {
  Create("db", "one");
  AddPending("db", "two");
  EXPECT_EQ(Read("db"), "one");
  EXPECT_EQ(Read("db", "latest"), "one");
  EXPECT_EQ(Read("db", "pending"), "two");
  EXPECT_EQ(Read("db", "2"), "two");
  EXPECT_EQ(Access("db", "previous").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(StageChangesTest, P7_PromotingThePendingVersionEmptiesPending) {
  Create("db", "one");
  AddPending("db", "two");
  const rpc::CallResult result = Call(Promote("pending"));
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.resource, Name("db") + "/versions/2");
  EXPECT_EQ(Read("db"), "two");
  EXPECT_EQ(Read("db", "previous"), "one");
  EXPECT_EQ(Read("db", "latest"), "two");
  EXPECT_EQ(Get("db").pending_version(), 0);
}

TEST_F(StageChangesTest, P7_LatestDoesNotGoBackWithARollback) {
  Create("db", "one");
  Add("db", "two");
  ASSERT_TRUE(Call(Rollback()).status.ok());
  EXPECT_EQ(Read("db"), "one");
  EXPECT_EQ(Read("db", "previous"), "two");
  EXPECT_EQ(Read("db", "latest"), "two");
  ASSERT_TRUE(Call(Rollback()).status.ok());
  EXPECT_EQ(Read("db"), "two");
}

TEST_F(StageChangesTest, P7_LatestNeverFallsBackToAnotherVersion) {
  Create("db", "one");
  Add("db", "two");
  ASSERT_TRUE(Move<secrets::DisableSecretVersionRequest>(2).ok());
  EXPECT_EQ(ErrorReason(Access("db", "latest").status()), kVersionDisabled);
  EXPECT_EQ(ErrorReason(Access("db").status()), kVersionDisabled);
}

TEST_F(StageChangesTest, P7_OnlyAnEnabledVersionBecomesCurrent) {
  Create("db", "one");
  AddPending("db", "two");
  ASSERT_TRUE(Move<secrets::DisableSecretVersionRequest>(2).ok());
  for (const char* version : {"2", "pending"}) {
    EXPECT_EQ(ErrorReason(Call(Promote(version)).status), kVersionDisabled);
  }
  ASSERT_TRUE(Move<secrets::DestroySecretVersionRequest>(2).ok());
  EXPECT_EQ(ErrorReason(Call(Promote("2")).status), kVersionDestroyed);
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(StageChangesTest, P7_ARollbackToADestroyedVersionIsRefused) {
  Create("db", "one");
  Add("db", "two");
  ASSERT_TRUE(Move<secrets::DestroySecretVersionRequest>(1).ok());
  EXPECT_EQ(ErrorReason(Call(Rollback()).status), kVersionDestroyed);
  EXPECT_EQ(Read("db"), "two");
}

TEST_F(StageChangesTest, P7_AStageMovesOnlyWithItsEtag) {
  Create("db", "one");
  AddPending("db", "two");
  auto request = Promote("2");
  request.set_etag(Get("db").etag());
  Add("db", "three");
  EXPECT_EQ(ErrorReason(Call(request).status), kEtagMismatch);
  EXPECT_EQ(Read("db"), "three");
  auto rollback = Rollback();
  rollback.set_etag(request.etag());
  EXPECT_EQ(Call(rollback).status.code(), absl::StatusCode::kAborted);
}

TEST_F(StageChangesTest, P7_AVersionAddedByHandLeavesPendingAlone) {
  Create("db", "one");
  AddPending("db", "two");
  Add("db", "three");
  EXPECT_EQ(Read("db"), "three");
  EXPECT_EQ(Read("db", "pending"), "two");
}

TEST_F(StageChangesTest, P7_AMoveIsSeenWholeAfterALossOfPower) {
  Create("db", "one");
  AddPending("db", "two");
  ASSERT_TRUE(Call(Promote("pending")).status.ok());
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.PowerCut().ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Read("db"), "two");
  EXPECT_EQ(Read("db", "previous"), "one");
}

TEST_F(StageChangesTest, AFirstVersionThatIsPendingLeavesNothingCurrent) {
  Create("db");
  AddPending("db", "one");
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Access("db", "latest").status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(Call(Promote("1")).status.ok());
  EXPECT_EQ(Read("db"), "one");
  EXPECT_EQ(Get("db").previous_version(), 0);
}

TEST_F(StageChangesTest, PromotingTheCurrentVersionChangesNothing) {
  Create("db", "one");
  const std::string etag = Get("db").etag();
  EXPECT_EQ(Call(Promote("1")).outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(Get("db").etag(), etag);
}

TEST_F(StageChangesTest, RollingBackWithoutAPreviousVersionIsRefused) {
  Create("db", "one");
  const absl::Status refused = Call(Rollback()).status;
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), kNoPreviousVersion);
}

TEST_F(StageChangesTest, OtherNamesAreNotPromoted) {
  Create("db", "one");
  for (const char* version : {"latest", "previous", "current", "alias"}) {
    EXPECT_EQ(Call(Promote(version)).status.code(),
              absl::StatusCode::kInvalidArgument)
        << version;
  }
  EXPECT_EQ(Call(Promote("7")).status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Call(Promote("pending")).status.code(),
            absl::StatusCode::kNotFound);
}

TEST_F(StageChangesTest, AnAliasStaysWhereItWasPut) {
  Create("db", "one");
  secrets::UpdateSecretRequest request;
  request.mutable_secret()->set_name(Name("db"));
  (*request.mutable_secret()->mutable_version_aliases())["stable"] = 1;
  request.mutable_update_mask()->add_paths("version_aliases");
  ASSERT_TRUE(Call(request).status.ok());
  Add("db", "two");
  EXPECT_EQ(Read("db", "stable"), "one");
}

}  // namespace
}  // namespace keyward::store
