// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/batch_builder.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/fake_log_store.h"
#include "libs/base/fake_clock.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using Status = rpc::AppendStatus;

// On a log with: 0 in force at revision 5, 1 an open intent, 2 a closed one,
// 3 its outcome.
class BatchBuilderTest : public ::testing::Test {
 protected:
  BatchBuilderTest() {
    audit::v1::AuditEntry in_force =
        MakeEntry(audit::v1::ENTRY_KIND_IN_FORCE, 5);
    store_.Append({Leaf(in_force), Leaf(Intent()), Leaf(Intent()),
                   Leaf(MakeOutcome(2, audit::v1::CHANGE_OUTCOME_APPLIED))});
    view_.edge = store_.edge();
    view_.head = reader_.ReadHead().value().head;
    view_.fence = 5;
    EXPECT_TRUE(open_.Load(reader_, clock_).ok());
    builder_ = std::make_unique<BatchBuilder>(&view_, &open_, &reader_, kNow);
  }

  static std::string Leaf(const audit::v1::AuditEntry& entry) {
    return audit::SerializeEntry(entry).value();
  }
  static audit::v1::AuditEntry Intent() {
    return MakeEntry(audit::v1::ENTRY_KIND_INTENT, 5);
  }
  static audit::v1::AuditEntry Closing(uint64_t intent) {
    return MakeOutcome(intent, audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  }

  PendingAppend Add(rpc::AppendItem item) {
    PendingAppend pending;
    pending.item = CheckItem(std::move(item)).value();
    builder_->Add(&pending);
    return pending;
  }
  PendingAppend Raise(uint64_t revision) {
    PendingAppend pending;
    pending.raise_to = revision;
    builder_->Add(&pending);
    return pending;
  }

  const absl::Time kNow = absl::FromUnixSeconds(1800000000);
  const FakeClock clock_{kNow};
  audit::FakeLogStore store_;
  audit::LogReader reader_{&store_};
  OpenIntents open_;
  LogView view_;
  std::unique_ptr<BatchBuilder> builder_;
};

TEST_F(BatchBuilderTest, RecordsFollowTheLogAndEachOther) {
  EXPECT_EQ(Add(AccessItem(5)).result.first_index, 4u);
  const PendingAppend second =
      Add(MakeItem({MakeEntry(audit::v1::ENTRY_KIND_ACCESS, 5), Intent()}, 5));
  EXPECT_EQ(second.result.first_index, 5u);
  EXPECT_EQ(second.result.status, Status::kAccepted);
  EXPECT_TRUE(second.awaits_commit);
  EXPECT_EQ(builder_->batch().first_index, 4u);
  EXPECT_EQ(builder_->batch().leaves.size(), 3u);
  EXPECT_EQ(builder_->batch().opened, std::vector<uint64_t>{6});
  EXPECT_FALSE(builder_->needs_fence_confirmed());
}

TEST_F(BatchBuilderTest, P2_OlderRevisionIsRefusedForGood) {
  const PendingAppend old = Add(AccessItem(4));
  EXPECT_EQ(old.result.status, Status::kFence);
  EXPECT_EQ(old.result.fence, 5u);
  EXPECT_FALSE(old.awaits_commit);
  EXPECT_FALSE(builder_->needs_fence_confirmed());
}

TEST_F(BatchBuilderTest, P2_NewerRevisionIsRefusedOnlyOnceTheStoreIsAsked) {
  EXPECT_EQ(Add(AccessItem(6)).result.status, Status::kFence);
  EXPECT_TRUE(builder_->needs_fence_confirmed());
}

TEST_F(BatchBuilderTest, P2_CheckRestsOnTheCommitOrOnTheStore) {
  EXPECT_EQ(Add(MakeItem({}, 5)).result.status, Status::kAccepted);
  EXPECT_TRUE(builder_->needs_fence_confirmed());
  Add(AccessItem(5));
  EXPECT_FALSE(builder_->needs_fence_confirmed());
}

TEST_F(BatchBuilderTest, P2_RaiseIsTheRecordOfItself) {
  const PendingAppend raise = Raise(9);
  EXPECT_EQ(raise.result.fence, 9u);
  EXPECT_EQ(raise.result.first_index, 4u);
  EXPECT_EQ(builder_->batch().fence, 9u);
  const audit::v1::AuditEntry entry =
      audit::ParseEntry(builder_->batch().leaves[0]).value();
  EXPECT_EQ(entry.kind(), audit::v1::ENTRY_KIND_IN_FORCE);
  EXPECT_EQ(entry.policy_revision(), 9u);
  EXPECT_EQ(entry.time().seconds(), 1800000000);
}

TEST_F(BatchBuilderTest, P2_RaiseToWhatIsInForceIsConfirmedAndWritesNothing) {
  EXPECT_EQ(Raise(5).result.fence, 5u);
  EXPECT_TRUE(builder_->batch().leaves.empty());
  EXPECT_TRUE(builder_->needs_fence_confirmed());
}

TEST_F(BatchBuilderTest, P1_OutcomeClosesItsOpenIntent) {
  EXPECT_EQ(Add(MakeItem({Closing(1)}, {})).result.status, Status::kAccepted);
  EXPECT_EQ(builder_->batch().closed,
            (std::vector<audit::ClosedIntent>{{1, 4}}));
}

TEST_F(BatchBuilderTest, P1_OutcomeOfAClosedIntentGetsTheFirst) {
  const PendingAppend second = Add(MakeItem({Closing(2)}, {}));
  EXPECT_EQ(second.result.status, Status::kIntentClosed);
  EXPECT_EQ(second.result.closing_outcome.outcome(),
            audit::v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_FALSE(second.awaits_commit);
  EXPECT_TRUE(builder_->batch().leaves.empty());
}

TEST_F(BatchBuilderTest, P1_SecondOutcomeOfTheBatchAwaitsTheFirst) {
  Add(MakeItem({Closing(1)}, {}));
  const PendingAppend second =
      Add(MakeItem({MakeOutcome(1, audit::v1::CHANGE_OUTCOME_APPLIED)}, {}));
  EXPECT_EQ(second.result.status, Status::kIntentClosed);
  EXPECT_EQ(second.result.closing_outcome.outcome(),
            audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  EXPECT_TRUE(second.awaits_commit);
}

TEST_F(BatchBuilderTest, P3_OutcomeBehindTheClosingOneOfTheBatchIsRefused) {
  EXPECT_EQ(Add(MakeItem({Closing(1)}, {})).result.status, Status::kAccepted);
  const PendingAppend late =
      Add(MakeItem({MakeOutcome(1, audit::v1::CHANGE_OUTCOME_UNKNOWN)}, {}));
  EXPECT_EQ(late.result.status, Status::kIntentClosed);
  EXPECT_EQ(builder_->batch().leaves.size(), 1u);
}

TEST_F(BatchBuilderTest, OutcomeOfWhatIsNoIntentIsRefused) {
  for (const uint64_t index : {0, 3, 4, 99}) {
    EXPECT_EQ(Add(MakeItem({Closing(index)}, {})).result.error.code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(BatchBuilderTest, ItemIsTakenWholeOrNotAtAll) {
  const PendingAppend pending = Add(MakeItem({Closing(1), Closing(2)}, {}));
  EXPECT_EQ(pending.result.status, Status::kIntentClosed);
  EXPECT_TRUE(builder_->batch().leaves.empty());
  EXPECT_TRUE(builder_->batch().closed.empty());
}

TEST_F(BatchBuilderTest, P8_DamagedOutcomeIsUnavailableAndNotAGuess) {
  store_.records()[audit::BatchKey(0)] = "garbage";
  const PendingAppend pending = Add(MakeItem({Closing(2)}, {}));
  EXPECT_EQ(pending.result.status, Status::kFailed);
  EXPECT_EQ(pending.result.error.code(), absl::StatusCode::kUnavailable);
}

TEST_F(BatchBuilderTest, IntentsAreRefusedWhenTooManyAreOpen) {
  audit::Batch batch;
  for (uint64_t i = 0; i < kMaxOpenIntents - 1; ++i) {
    batch.opened.push_back(1000 + i);
  }
  open_.Apply(batch, clock_.SteadyNow());
  const PendingAppend pending = Add(IntentItem(5));
  EXPECT_EQ(pending.result.status, Status::kFailed);
  EXPECT_EQ(pending.result.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Add(AccessItem(5)).result.status, Status::kAccepted);
}

}  // namespace
}  // namespace keyward::audit_service
