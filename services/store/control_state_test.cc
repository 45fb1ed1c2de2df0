// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/control_state.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using ControlStateTest = StoreFixture;

std::string Checkpoint(int size) {
  return "example.com/log\n" + std::to_string(size) + "\nroot\n\n- sig\n";
}

TEST_F(ControlStateTest, P2_TheFenceNeverGoesDown) {
  EXPECT_EQ(*core_->RaiseFence(5, Deadline()), 5u);
  EXPECT_EQ(*core_->RaiseFence(3, Deadline()), 5u);
  EXPECT_EQ(*core_->RaiseFence(5, Deadline()), 5u);
  EXPECT_EQ(*core_->RaiseFence(6, Deadline()), 6u);
}

TEST_F(ControlStateTest, P2_TheFenceSurvivesALossOfPower) {
  ASSERT_TRUE(core_->RaiseFence(5, Deadline()).ok());
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.PowerCut().ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(*core_->RaiseFence(0, Deadline()), 5u);
}

TEST_F(ControlStateTest, P2_AFenceThatIsNotDurableIsNotAnswered) {
  faults_->FailCommits(absl::UnavailableError("disk"));
  EXPECT_EQ(core_->RaiseFence(5, Deadline()).status().code(),
            absl::StatusCode::kUnavailable);
  faults_->FailCommits(absl::OkStatus(), 0);
  EXPECT_EQ(*core_->RaiseFence(1, Deadline()), 1u);
}

TEST_F(ControlStateTest, NoCheckpointIsHeldAtFirst) {
  EXPECT_EQ(*core_->GetHeldCheckpoint(Deadline()), "");
}

TEST_F(ControlStateTest, P3_TheLargestCheckpointIsHeld) {
  ASSERT_TRUE(core_->HoldCheckpoint(Checkpoint(10), Deadline()).ok());
  ASSERT_TRUE(core_->HoldCheckpoint(Checkpoint(9), Deadline()).ok());
  EXPECT_EQ(*core_->GetHeldCheckpoint(Deadline()), Checkpoint(10));
  ASSERT_TRUE(core_->HoldCheckpoint(Checkpoint(11), Deadline()).ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(*core_->GetHeldCheckpoint(Deadline()), Checkpoint(11));
}

TEST_F(ControlStateTest, WhatIsNoCheckpointIsRefused) {
  for (const char* bad :
       {"", "log", "log\n1\nroot", "log\n-1\nroot\n\n", "log\n01\nroot\n\n",
        "log\n1x\nroot\n\n", "log\n99999999999999999999\nroot\n\n"}) {
    EXPECT_EQ(core_->HoldCheckpoint(bad, Deadline()).code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
  EXPECT_EQ(
      core_->HoldCheckpoint(Checkpoint(1) + std::string(5000, 'x'), Deadline())
          .code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlStateTest, IntentsAreResolvedByWhatHappened) {
  const auto request = CreateRequest("db", "x");
  const rpc::CallContext made = ContextFor(request);
  ASSERT_TRUE(Call(made, request).status.ok());
  auto resolved = core_->ResolveIntents({*made.intent_id, 777}, Deadline());
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->size(), 2u);
  for (const rpc::IntentResolution& resolution : *resolved) {
    const bool applied = resolution.intent_id == *made.intent_id;
    EXPECT_EQ(resolution.outcome,
              applied ? rpc::Outcome::kApplied : rpc::Outcome::kNotApplied);
    EXPECT_EQ(resolution.code, applied ? 0 : 14);
  }
}

TEST_F(ControlStateTest, IntentsThatCannotBeSettledAreLeftOut) {
  faults_->FailSettles(true);
  auto resolved = core_->ResolveIntents({777}, Deadline());
  ASSERT_TRUE(resolved.ok());
  EXPECT_TRUE(resolved->empty());
}

TEST_F(ControlStateTest, TooManyIntentsAreRefused) {
  EXPECT_TRUE(
      core_->ResolveIntents(std::vector<uint64_t>(256, 7), Deadline()).ok());
  EXPECT_EQ(core_->ResolveIntents(std::vector<uint64_t>(257, 7), Deadline())
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlStateTest, TheFloorNeverGoesDown) {
  EXPECT_EQ(*core_->RaiseFloor(10, Deadline()), 10u);
  EXPECT_EQ(*core_->RaiseFloor(9, Deadline()), 10u);
  EXPECT_EQ(*core_->RaiseFloor(11, Deadline()), 11u);
}

}  // namespace
}  // namespace keyward::store
