// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/control_state.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"
#include "libs/kv/kv.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using ControlStateTest = StoreFixture;

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
  ASSERT_TRUE(Hold(0).ok());
  EXPECT_EQ(Held(), log_.Note(0));
  ASSERT_TRUE(Hold(10).ok());
  ASSERT_TRUE(Hold(9).ok());
  EXPECT_EQ(Held(), log_.Note(10));
  ASSERT_TRUE(Hold(11).ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Held(), log_.Note(11));
}

TEST_F(ControlStateTest, P3_AnotherLogsCheckpointIsRefusedOnceAKeyIsPinned) {
  const audit::CheckpointsForTesting other('o');
  ASSERT_TRUE(Hold(10).ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(
      core_->HoldCheckpoint({other.Note(11), other.key()}, Deadline()).code(),
      absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      core_->HoldCheckpoint({other.Note(11), log_.key()}, Deadline()).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Held(), log_.Note(10));
}

// As a release left it that pinned no key.
TEST_F(ControlStateTest, P3_AFolderWithoutAKeyGetsOneFromItsOwnLogAlone) {
  keyward::internal::store::v1::CheckpointRecord record;
  record.set_format(kRecordFormat);
  record.set_note(log_.Note(10));
  record.set_tree_size(10);
  CloseCore();
  kv::Transaction txn;
  txn.id = kv::TransactionId::Intent(999);
  txn.preconditions.push_back(kv::Precondition::Absent(kCheckpointKey));
  txn.puts.push_back({kCheckpointKey, EncodeRecord(record)});
  txn.puts.push_back({kCheckpointSizeKey, kv::EncodeNumber(10)});
  ASSERT_TRUE(engine()->CommitAndWait(std::move(txn), {Deadline()}).applied());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Held(), log_.Note(10));
  const audit::CheckpointsForTesting other('o');
  EXPECT_EQ(
      core_->HoldCheckpoint({other.Note(11), other.key()}, Deadline()).code(),
      absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Hold(9).ok());
  EXPECT_EQ(Held(), log_.Note(10));
  ASSERT_TRUE(Hold(11).ok());
  EXPECT_EQ(Held(), log_.Note(11));
}

TEST_F(ControlStateTest, ACheckpointThatIsNotDurableIsNotCalledHeld) {
  faults_->FailCommits(absl::UnavailableError("disk"));
  EXPECT_EQ(Hold(10).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Held(), "");
}

TEST_F(ControlStateTest, WhatIsNoCheckpointIsRefused) {
  for (const std::string& bad :
       {std::string(), std::string("log\n1\nroot"), log_.Note(7).substr(1),
        log_.Note(1) + std::string(5000, 'x')}) {
    EXPECT_EQ(core_->HoldCheckpoint({bad, log_.key()}, Deadline()).code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
  EXPECT_EQ(core_->HoldCheckpoint({log_.Note(7), ""}, Deadline()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Held(), "");
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
