// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/append_queue.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using Status = rpc::AppendStatus;

class AppendQueueTest : public ::testing::Test {
 protected:
  std::unique_ptr<PendingAppend> Pending(
      std::shared_ptr<Answer> answer, size_t leaves = 1,
      absl::Duration time = absl::Seconds(10)) {
    auto pending = std::make_unique<PendingAppend>();
    pending->item.leaves.assign(leaves, "leaf");
    pending->item.leaf_bytes = 4 * leaves;
    pending->item.deadline = clock_.SteadyNow() + time;
    pending->done = Answer::Into(std::move(answer));
    return pending;
  }
  // Submits without an interest in the answer; true if it leads.
  bool Submit(size_t leaves = 1, absl::Duration time = absl::Seconds(10)) {
    return queue_.Submit(Pending(Answer::New(), leaves, time));
  }
  std::shared_ptr<Answer> SubmitFor(absl::Duration time) {
    auto answer = Answer::New();
    (void)queue_.Submit(Pending(answer, 1, time));
    return answer;
  }
  bool SubmitRaise() {
    auto pending = Pending(Answer::New(), 0);
    pending->raise_to = 7;
    return queue_.Submit(std::move(pending));
  }
  // Takes the next group; its size.
  size_t Next() { return queue_.NextGroup() ? queue_.group().size() : 0; }
  void Accept() {
    for (const auto& pending : queue_.group()) {
      pending->result.status = Status::kAccepted;
    }
    queue_.AnswerGroup();
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  FakeTimer timer_{&clock_};
  AppendQueue queue_{{/*max_waiting=*/300}, &clock_, &timer_};
};

TEST_F(AppendQueueTest, FirstLeadsUntilNothingWaits) {
  EXPECT_TRUE(Submit());
  EXPECT_FALSE(Submit());
  EXPECT_EQ(Next(), 2u);
  EXPECT_FALSE(Submit());
  Accept();
  EXPECT_EQ(Next(), 1u);
  Accept();
  EXPECT_FALSE(queue_.NextGroup());
  EXPECT_TRUE(Submit());
}

TEST_F(AppendQueueTest, GroupFitsOneBatch) {
  (void)Submit(128);
  (void)Submit(100);
  (void)Submit(29);
  EXPECT_EQ(Next(), 2u);
  Accept();
  EXPECT_EQ(Next(), 1u);
}

TEST_F(AppendQueueTest, GroupFitsOneTransactionsIntents) {
  for (int i = 0; i < 3; ++i) {
    auto pending = Pending(Answer::New(), 40);
    for (size_t offset = 0; offset < 40; ++offset) {
      pending->item.intents.push_back(offset);
    }
    (void)queue_.Submit(std::move(pending));
  }
  EXPECT_EQ(Next(), 2u);
}

TEST_F(AppendQueueTest, ChecksAreBoundedToo) {
  for (int i = 0; i < 300; ++i) (void)Submit(0);
  EXPECT_EQ(Next(), 256u);
}

TEST_F(AppendQueueTest, RaisedFenceIsAGroupByItself) {
  (void)Submit();
  (void)SubmitRaise();
  (void)Submit();
  EXPECT_EQ(Next(), 1u);
  Accept();
  ASSERT_EQ(Next(), 1u);
  EXPECT_TRUE(queue_.group()[0]->raise_to.has_value());
  Accept();
  EXPECT_EQ(Next(), 1u);
}

TEST_F(AppendQueueTest, P8_TooManyAreRefusedAtOnce) {
  for (int i = 0; i < 300; ++i) (void)Submit();
  const auto refused = SubmitFor(absl::Seconds(10));
  EXPECT_EQ(refused->Wait().status, Status::kFailed);
  EXPECT_EQ(ErrorReason(refused->Wait().error), kAuditUnavailable);
}

TEST_F(AppendQueueTest, P8_WaitingCallerFailsAtItsDeadlineAndNotBefore) {
  (void)Submit();
  (void)queue_.NextGroup();
  const auto waiting = SubmitFor(absl::Seconds(1));
  timer_.Advance(absl::Milliseconds(900));
  EXPECT_EQ(waiting->count(), 0);
  timer_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(waiting->Wait().status, Status::kFailed);
  Accept();
  EXPECT_FALSE(queue_.NextGroup());
}

TEST_F(AppendQueueTest, P8_ATimeOfDaySetBackLengthensNoDeadline) {
  const auto submitted = SubmitFor(absl::Seconds(1));
  (void)queue_.NextGroup();
  queue_.MarkSubmitted();
  const auto waiting = SubmitFor(absl::Seconds(1));
  clock_.Set(clock_.Now() - absl::Hours(1));
  timer_.Advance(absl::Seconds(1));
  EXPECT_EQ(submitted->Wait().status, Status::kUnknown);
  EXPECT_EQ(waiting->Wait().status, Status::kFailed);
}

TEST_F(AppendQueueTest, P8_ATimeOfDaySetForwardsEndsNothingEarly) {
  const auto submitted = SubmitFor(absl::Seconds(1));
  (void)queue_.NextGroup();
  queue_.MarkSubmitted();
  const auto waiting = SubmitFor(absl::Seconds(1));
  clock_.Set(clock_.Now() + absl::Hours(1));
  timer_.Advance(absl::Milliseconds(900));
  EXPECT_EQ(submitted->count(), 0);
  EXPECT_EQ(waiting->count(), 0);
  Accept();
  EXPECT_EQ(submitted->Wait().status, Status::kAccepted);
}

TEST_F(AppendQueueTest, P4_CallerOfASubmittedGroupIsToldUnknown) {
  const auto early = SubmitFor(absl::Seconds(1));
  const auto late = SubmitFor(absl::Seconds(5));
  (void)queue_.NextGroup();
  queue_.MarkSubmitted();
  timer_.Advance(absl::Seconds(2));
  EXPECT_EQ(early->Wait().status, Status::kUnknown);
  EXPECT_EQ(ErrorReason(early->Wait().error), kOutcomeUnknown);
  EXPECT_EQ(late->count(), 0);
  Accept();
  EXPECT_EQ(late->Wait().status, Status::kAccepted);
  EXPECT_EQ(early->count(), 1);
}

TEST_F(AppendQueueTest, RequeuedGroupComesFirstAndWithoutWhoGaveUp) {
  const auto early = SubmitFor(absl::Seconds(1));
  const auto late = SubmitFor(absl::Seconds(5));
  (void)queue_.NextGroup();
  queue_.MarkSubmitted();
  (void)Submit(2);
  timer_.Advance(absl::Seconds(2));
  queue_.RequeueGroup();
  ASSERT_EQ(Next(), 2u);
  EXPECT_EQ(queue_.group()[0]->item.leaves.size(), 1u);
  EXPECT_EQ(queue_.group()[1]->item.leaves.size(), 2u);
  Accept();
  EXPECT_EQ(late->Wait().status, Status::kAccepted);
  EXPECT_EQ(early->Wait().status, Status::kUnknown);
}

TEST_F(AppendQueueTest, DecidedItemsAreAnsweredBeforeTheCommit) {
  const auto decided = SubmitFor(absl::Seconds(5));
  const auto awaiting = SubmitFor(absl::Seconds(5));
  (void)queue_.NextGroup();
  queue_.group()[0]->result.status = Status::kFence;
  queue_.group()[1]->result.status = Status::kAccepted;
  queue_.group()[1]->awaits_commit = true;
  queue_.AnswerDecided();
  EXPECT_EQ(decided->Wait().status, Status::kFence);
  EXPECT_EQ(awaiting->count(), 0);
  EXPECT_EQ(queue_.group().size(), 1u);
  queue_.AnswerGroup();
  EXPECT_EQ(awaiting->Wait().status, Status::kAccepted);
}

TEST_F(AppendQueueTest, CloseAnswersEverybody) {
  const auto in_flight = SubmitFor(absl::Seconds(5));
  (void)queue_.NextGroup();
  const auto waiting = SubmitFor(absl::Seconds(5));
  queue_.Close();
  EXPECT_EQ(in_flight->Wait().status, Status::kUnknown);
  EXPECT_EQ(waiting->Wait().status, Status::kFailed);
  EXPECT_EQ(SubmitFor(absl::Seconds(5))->Wait().status, Status::kFailed);
  queue_.AnswerGroup();
  EXPECT_EQ(in_flight->count(), 1);
}

TEST_F(AppendQueueTest, GroupsDeadlineIsTheLatest) {
  (void)SubmitFor(absl::Seconds(1));
  (void)SubmitFor(absl::Seconds(9));
  (void)SubmitFor(absl::Seconds(5));
  (void)queue_.NextGroup();
  EXPECT_EQ(queue_.GroupDeadline(), clock_.SteadyNow() + absl::Seconds(9));
}

TEST_F(AppendQueueTest, LeadersAreOneAtATime) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::atomic<int> leaders{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        auto pending = Pending(Answer::New());
        pending->done = [&](rpc::AppendResult) { ++answered; };
        if (!queue_.Submit(std::move(pending))) continue;
        while (queue_.NextGroup()) {
          EXPECT_EQ(++leaders, 1);
          EXPECT_FALSE(queue_.group().empty());
          --leaders;
          Accept();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kEach);
}

TEST_F(AppendQueueTest, IdleQueueArmsNoTimer) {
  EXPECT_EQ(timer_.waiting(), 0u);
  (void)Submit();
  EXPECT_EQ(timer_.waiting(), 1u);
  (void)queue_.NextGroup();
  Accept();
  timer_.Advance(absl::Seconds(1));
  EXPECT_EQ(timer_.waiting(), 0u);
}

}  // namespace
}  // namespace keyward::audit_service
