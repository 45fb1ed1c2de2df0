// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_writer.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/log_reader.h"
#include "libs/audit/log_schema.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/writer_session.h"
#include "services/audit/log_prover.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using Status = rpc::AppendStatus;

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() { Open(); }

  void Open() {
    writer_.reset();
    LogWriter::Dependencies dependencies;
    dependencies.store = &faulty_;
    dependencies.signer = key_.signer.get();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    writer_ = LogWriter::Open(dependencies, {}, Soon()).value();
  }

  SteadyTime Soon() { return clock_.SteadyNow() + absl::Seconds(10); }

  std::shared_ptr<Answer> Append(rpc::AppendItem item) {
    auto answer = Answer::New();
    writer_->Append(std::move(item), Answer::Into(answer));
    return answer;
  }
  // Appends, and waits until the store holds the commit back.
  std::shared_ptr<Answer> AppendHeld(rpc::AppendItem item) {
    auto answer = Append(std::move(item));
    Await([this] { return faulty_.stalled_commits() > 0; });
    return answer;
  }
  // Appends, and waits until the writer has seen that the commit is not
  // answered: besides the deadlines' tick, its next question is armed.
  std::shared_ptr<Answer> AppendTorn(rpc::AppendItem item) {
    auto answer = Append(std::move(item));
    Await([this] { return timer_.waiting() >= 2; });
    return answer;
  }
  static void Await(const std::function<bool()>& condition) {
    const SteadyTime end = SystemClock().SteadyNow() + absl::Seconds(30);
    while (!condition() && SystemClock().SteadyNow() < end)
      std::this_thread::yield();
    ASSERT_TRUE(condition());
  }
  std::shared_ptr<Answer> Raise(uint64_t revision) {
    auto answer = Answer::New();
    writer_->RaiseFence(revision, Soon(), Answer::Into(answer));
    return answer;
  }
  rpc::AppendItem Access(uint64_t revision) {
    return AccessItem(revision, Soon());
  }
  uint64_t StoredSize() { return reader_.ReadHead().value().head.size; }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  FakeTimer timer_{&clock_};
  kv::TestKv kv_;
  kv::FaultyKv faulty_{kv_.store()};
  audit::LogReader reader_{kv_.store()};
  audit::LogKey key_ = TestLogKey();
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
  std::unique_ptr<LogWriter> writer_;
};

TEST_F(LogWriterTest, NewLogIsEmptyAndHasNoFence) {
  EXPECT_EQ(writer_->view()->size(), 0u);
  EXPECT_EQ(writer_->view()->fence, 0u);
}

TEST_F(LogWriterTest, RecordsGetConsecutiveIndexes) {
  ASSERT_EQ(Raise(1)->Wait().status, Status::kAccepted);
  const rpc::AppendResult first = Append(Access(1))->Wait();
  EXPECT_EQ(first.status, Status::kAccepted);
  EXPECT_EQ(first.first_index, 1u);
  EXPECT_EQ(first.fence, 1u);
  EXPECT_EQ(Append(Access(1))->Wait().first_index, 2u);
  EXPECT_EQ(StoredSize(), 3u);
}

// What a caller does when it is answered keeps no other from the disk.
TEST_F(LogWriterTest, TheNextBatchIsCommittedWhileCallersAreAnswered) {
  ASSERT_EQ(Raise(1)->Wait().status, Status::kAccepted);
  std::promise<void> begun;
  std::promise<void> release;
  auto first = Answer::New();
  writer_->Append(Access(1), [&, done = Answer::Into(first)](
                                 rpc::AppendResult result) mutable {
    begun.set_value();
    release.get_future().wait();
    done(std::move(result));
  });
  begun.get_future().wait();
  auto second = Append(Access(1));
  Await([this] { return writer_->view()->size() == 3; });
  EXPECT_EQ(first->count(), 0);
  release.set_value();
  EXPECT_EQ(first->Wait().status, Status::kAccepted);
  EXPECT_EQ(second->Wait().status, Status::kAccepted);
}

TEST_F(LogWriterTest, NothingIsAnsweredAfterShutdown) {
  ASSERT_EQ(Raise(1)->Wait().status, Status::kAccepted);
  std::promise<void> begun;
  std::promise<void> release;
  std::atomic<bool> answered{false};
  writer_->Append(Access(1), [&](rpc::AppendResult) {
    begun.set_value();
    release.get_future().wait();
    answered = true;
  });
  begun.get_future().wait();
  auto shut = std::async(std::launch::async, [&] {
    writer_->Shutdown();
    return answered.load();
  });
  EXPECT_EQ(shut.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  release.set_value();
  EXPECT_TRUE(shut.get());
}

TEST_F(LogWriterTest, LeafIsTheBytesThatTheWriterSent) {
  Raise(1)->Wait();
  const rpc::AppendItem item = Access(1);
  Append(item)->Wait();
  EXPECT_EQ(reader_.ReadLeaf(1).value(), item.entries[0]);
}

TEST_F(LogWriterTest, LogSurvivesAReopening) {
  Raise(3)->Wait();
  const uint64_t intent = Append(IntentItem(3, Soon()))->Wait().first_index;
  const audit::Hash root = writer_->view()->head.root;
  Open();
  EXPECT_EQ(writer_->view()->size(), 2u);
  EXPECT_EQ(writer_->view()->head.root, root);
  EXPECT_EQ(writer_->view()->fence, 3u);
  EXPECT_TRUE(writer_->open_intents().Contains(intent));
}

TEST_F(LogWriterTest, P1_NoAnswerWhileTheCommitIsHeld) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  const auto answer = AppendHeld(Access(1));
  EXPECT_EQ(answer->count(), 0);
  EXPECT_EQ(StoredSize(), 1u);
  faulty_.ReleaseCommits();
  EXPECT_EQ(answer->Wait().status, Status::kAccepted);
  EXPECT_EQ(StoredSize(), 2u);
}

TEST_F(LogWriterTest, P1_HeldSyncOfTheDiskHoldsTheAnswer) {
  Raise(1)->Wait();
  kv_.StallSyncs();
  const auto answer =
      Append(AccessItem(1, clock_.SteadyNow() + absl::Hours(1)));
  Await([this] { return kv_.StalledSyncs() > 0; });
  EXPECT_EQ(answer->count(), 0);
  kv_.ReleaseSyncs();
  EXPECT_EQ(answer->Wait().status, Status::kAccepted);
}

TEST_F(LogWriterTest, P8_NoCallersThreadReadsOrCommits) {
  Raise(1)->Wait();
  std::promise<std::thread::id> answering;
  writer_->Append(Access(1), [&](rpc::AppendResult) {
    answering.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(answering.get_future().get(), std::this_thread::get_id());
}

TEST_F(LogWriterTest, P8_StalledCommitIsUnknownAtTheDeadlineAndSettlesLater) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  const auto in_flight = AppendHeld(Access(1));
  const auto waiting = Append(Access(1));
  timer_.Advance(absl::Seconds(11));
  const rpc::AppendResult unknown = in_flight->Wait();
  EXPECT_EQ(unknown.status, Status::kUnknown);
  EXPECT_EQ(unknown.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(unknown.error), kOutcomeUnknown);
  const rpc::AppendResult failed = waiting->Wait();
  EXPECT_EQ(failed.status, Status::kFailed);
  EXPECT_EQ(failed.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(failed.error), kAuditUnavailable);
  faulty_.ReleaseCommits();
  // What was said to be failed is not there; the log goes on.
  EXPECT_EQ(Append(Access(1))->Wait().status, Status::kAccepted);
  EXPECT_LE(StoredSize(), 3u);
}

TEST_F(LogWriterTest, P8_ATimeOfDaySetBackWhileACommitStallsMovesNoDeadline) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  const auto in_flight = AppendHeld(Access(1));
  const auto waiting = Append(Access(1));
  clock_.Set(clock_.Now() - absl::Hours(1));
  timer_.Advance(absl::Milliseconds(9900));
  EXPECT_EQ(in_flight->count(), 0);
  EXPECT_EQ(waiting->count(), 0);
  timer_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(in_flight->Wait().status, Status::kUnknown);
  EXPECT_EQ(waiting->Wait().status, Status::kFailed);
  faulty_.ReleaseCommits();
}

TEST_F(LogWriterTest, P8_ATimeOfDaySetForwardsWhileACommitStallsEndsNothing) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  const auto in_flight = AppendHeld(Access(1));
  const auto waiting = Append(Access(1));
  clock_.Set(clock_.Now() + absl::Hours(1));
  timer_.Advance(absl::Milliseconds(9900));
  EXPECT_EQ(in_flight->count(), 0);
  EXPECT_EQ(waiting->count(), 0);
  faulty_.ReleaseCommits();
  EXPECT_EQ(in_flight->Wait().status, Status::kAccepted);
  EXPECT_EQ(waiting->Wait().status, Status::kAccepted);
}

TEST_F(LogWriterTest, P8_FailingCommitsFailEveryCallerAndAppendNothing) {
  Raise(1)->Wait();
  faulty_.FailCommits(absl::UnavailableError("the disk is full"));
  for (int i = 0; i < 3; ++i) {
    const rpc::AppendResult result = Append(Access(1))->Wait();
    EXPECT_EQ(result.status, Status::kFailed);
    EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(StoredSize(), 1u);
  faulty_.FailCommits(absl::OkStatus(), 0);
  EXPECT_EQ(Append(Access(1))->Wait().first_index, 1u);
}

TEST_F(LogWriterTest, P4_UnansweredCommitThatAppliedIsAccepted) {
  Raise(1)->Wait();
  faulty_.TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  const auto answer = AppendTorn(Access(1));
  EXPECT_EQ(answer->count(), 0);
  timer_.Advance(absl::Seconds(1));
  const rpc::AppendResult result = answer->Wait();
  EXPECT_EQ(result.status, Status::kAccepted);
  EXPECT_EQ(result.first_index, 1u);
  EXPECT_EQ(StoredSize(), 2u);
  EXPECT_EQ(Append(Access(1))->Wait().first_index, 2u);
}

TEST_F(LogWriterTest, P4_UnansweredCommitThatDidNotApplyIsTriedAgain) {
  Raise(1)->Wait();
  faulty_.TearCommits(kv::FaultyKv::Tear::kNotApplied, 1);
  const auto answer = AppendTorn(Access(1));
  EXPECT_EQ(answer->count(), 0);
  timer_.Advance(absl::Seconds(1));
  EXPECT_EQ(answer->Wait().first_index, 1u);
  EXPECT_EQ(StoredSize(), 2u);
}

TEST_F(LogWriterTest,
       P4_UnsettledCommitIsUnknownAndNothingIsAppendedMeanwhile) {
  Raise(1)->Wait();
  faulty_.TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  faulty_.FailSettles(true);
  const auto torn = AppendTorn(Access(1));
  const auto later = Append(Access(1));
  timer_.Advance(absl::Seconds(11));
  EXPECT_EQ(torn->Wait().status, Status::kUnknown);
  EXPECT_EQ(later->Wait().status, Status::kFailed);
  EXPECT_EQ(StoredSize(), 2u);
}

TEST_F(LogWriterTest, P2_DecisionAtAnotherRevisionThanTheFenceIsRefusedAlone) {
  Raise(5)->Wait();
  faulty_.StallCommits();
  const auto leader = AppendHeld(Access(5));  // Others gather behind it.
  const auto old = Append(Access(4));
  const auto good = Append(Access(5));
  const auto early = Append(Access(6));
  faulty_.ReleaseCommits();
  EXPECT_EQ(leader->Wait().status, Status::kAccepted);
  EXPECT_EQ(old->Wait().status, Status::kFence);
  EXPECT_EQ(old->Wait().fence, 5u);
  EXPECT_EQ(early->Wait().status, Status::kFence);
  EXPECT_EQ(good->Wait().status, Status::kAccepted);
  EXPECT_EQ(StoredSize(), 3u);
}

TEST_F(LogWriterTest, P2_FenceRaisedByAnotherProcessIsComparedInTheCommit) {
  Raise(5)->Wait();
  // Another process raises the fence where this one's memory does not see it.
  auto session = kv::WriterSession::Begin(kv_.store(), Soon()).value();
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Exists(audit::kFenceKey)};
  txn.puts = {{audit::kFenceKey, kv::EncodeNumber(6)}};
  ASSERT_TRUE(session->CommitAndWait(txn, {}).applied());
  const rpc::AppendResult stale = Append(Access(5))->Wait();
  EXPECT_EQ(stale.status, Status::kFence);
  EXPECT_EQ(stale.fence, 6u);
  EXPECT_EQ(StoredSize(), 1u);
  EXPECT_EQ(Append(Access(6))->Wait().status, Status::kAccepted);
}

TEST_F(LogWriterTest, P2_ChecksAreComparedWithTheStoreAndLeaveNoRecord) {
  Raise(5)->Wait();
  EXPECT_EQ(Append(MakeItem({}, 5, Soon()))->Wait().status, Status::kAccepted);
  EXPECT_EQ(Append(MakeItem({}, 4, Soon()))->Wait().status, Status::kFence);
  auto session = kv::WriterSession::Begin(kv_.store(), Soon()).value();
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Exists(audit::kFenceKey)};
  txn.puts = {{audit::kFenceKey, kv::EncodeNumber(6)}};
  ASSERT_TRUE(session->CommitAndWait(txn, {}).applied());
  const rpc::AppendResult stale = Append(MakeItem({}, 5, Soon()))->Wait();
  EXPECT_EQ(stale.status, Status::kFence);
  EXPECT_EQ(stale.fence, 6u);
  EXPECT_EQ(StoredSize(), 1u);
}

TEST_F(LogWriterTest, P2_FenceIsRaisedByItsRecordAndNeverGoesDown) {
  const rpc::AppendResult raised = Raise(5)->Wait();
  EXPECT_EQ(raised.fence, 5u);
  const audit::v1::AuditEntry record =
      audit::ParseEntry(reader_.ReadLeaf(0).value()).value();
  EXPECT_EQ(record.kind(), audit::v1::ENTRY_KIND_IN_FORCE);
  EXPECT_EQ(record.policy_revision(), 5u);
  EXPECT_EQ(reader_.ReadFence().value(), 5u);
  for (const uint64_t revision : {uint64_t{5}, uint64_t{4}, uint64_t{1}}) {
    const rpc::AppendResult again = Raise(revision)->Wait();
    EXPECT_EQ(again.status, Status::kAccepted);
    EXPECT_EQ(again.fence, 5u);
  }
  EXPECT_EQ(StoredSize(), 1u);
}

TEST_F(LogWriterTest, P2_RaiseDividesWhatWasQueuedBeforeFromWhatIsAfter) {
  Raise(5)->Wait();
  faulty_.StallCommits();
  const auto leader = AppendHeld(Access(5));
  const auto before = Append(Access(5));
  const auto raise = Raise(6);
  const auto after = Append(Access(5));
  const auto next = Append(Access(6));
  faulty_.ReleaseCommits();
  EXPECT_EQ(before->Wait().status, Status::kAccepted);
  EXPECT_EQ(raise->Wait().fence, 6u);
  EXPECT_EQ(after->Wait().status, Status::kFence);
  EXPECT_EQ(next->Wait().status, Status::kAccepted);
  EXPECT_LT(before->Wait().first_index, raise->Wait().first_index);
  EXPECT_GT(next->Wait().first_index, raise->Wait().first_index);
}

TEST_F(LogWriterTest, P4_BatchOfAnotherProcessIsNeitherLostNorOverwritten) {
  Raise(1)->Wait();
  LogWriter::Dependencies dependencies;
  dependencies.store = kv_.store();
  dependencies.signer = key_.signer.get();
  dependencies.clock = &clock_;
  dependencies.timer = &timer_;
  dependencies.logger = &logger_;
  const auto other = LogWriter::Open(dependencies, {}, Soon()).value();
  auto theirs = Answer::New();
  other->Append(Access(1), Answer::Into(theirs));
  EXPECT_EQ(theirs->Wait().first_index, 1u);
  EXPECT_EQ(Append(Access(1))->Wait().first_index, 2u);
  auto again = Answer::New();
  other->Append(Access(1), Answer::Into(again));
  EXPECT_EQ(again->Wait().first_index, 3u);
  EXPECT_EQ(other->view()->head.root,
            reader_.LoadEdge(reader_.ReadHead().value().head).value().Root());
}

TEST_F(LogWriterTest, IntentIsAnsweredWithACheckpointThatCoversIt) {
  Raise(1)->Wait();
  const rpc::AppendResult result = Append(IntentItem(1, Soon()))->Wait();
  const audit::Checkpoint checkpoint =
      audit::OpenCheckpoint(result.checkpoint, {key_.signer->verifier()})
          .value();
  EXPECT_EQ(checkpoint.size, 2u);
  EXPECT_EQ(checkpoint.root, writer_->view()->head.root);
  EXPECT_EQ(Append(Access(1))->Wait().checkpoint, "");
}

// What was signed and then lost by a power cut would be taken for a log that
// was cut, by everyone who keeps the checkpoint.
TEST_F(LogWriterTest, P3_NothingIsSignedBeforeItIsDurable) {
  Raise(1)->Wait();
  kv_.StallSyncs();
  const auto answer =
      Append(AccessItem(1, clock_.SteadyNow() + absl::Hours(1)));
  Await([this] { return kv_.StalledSyncs() > 0; });
  LogProver prover(&reader_, key_.signer.get());
  const auto signed_size = [&] {
    return audit::OpenCheckpoint(
               prover.Checkpoint(*writer_->view(), 0).value().checkpoint,
               {key_.signer->verifier()})
        .value()
        .size;
  };
  EXPECT_EQ(signed_size(), 1u);
  kv_.ReleaseSyncs();
  EXPECT_EQ(answer->Wait().status, Status::kAccepted);
  EXPECT_EQ(signed_size(), 2u);
}

TEST_F(LogWriterTest, P1_IntentHasOneClosingOutcome) {
  Raise(1)->Wait();
  const uint64_t intent = Append(IntentItem(1, Soon()))->Wait().first_index;
  const auto close = [&](audit::v1::ChangeOutcome outcome) {
    return Append(MakeItem({MakeOutcome(intent, outcome)}, {}, Soon()))->Wait();
  };
  EXPECT_EQ(close(audit::v1::CHANGE_OUTCOME_UNKNOWN).status, Status::kAccepted);
  EXPECT_TRUE(writer_->open_intents().Contains(intent));
  EXPECT_EQ(close(audit::v1::CHANGE_OUTCOME_APPLIED).status, Status::kAccepted);
  EXPECT_FALSE(writer_->open_intents().Contains(intent));
  const rpc::AppendResult second = close(audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  EXPECT_EQ(second.status, Status::kIntentClosed);
  EXPECT_EQ(second.closing_outcome.outcome(),
            audit::v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_EQ(StoredSize(), 4u);
}

TEST_F(LogWriterTest, P1_SecondOutcomeInTheSameBatchGetsTheFirst) {
  Raise(1)->Wait();
  const uint64_t intent = Append(IntentItem(1, Soon()))->Wait().first_index;
  faulty_.StallCommits();
  const auto leader = AppendHeld(Access(1));
  const auto first = Append(MakeItem(
      {MakeOutcome(intent, audit::v1::CHANGE_OUTCOME_APPLIED)}, {}, Soon()));
  const auto second = Append(
      MakeItem({MakeOutcome(intent, audit::v1::CHANGE_OUTCOME_NOT_APPLIED)}, {},
               Soon()));
  faulty_.ReleaseCommits();
  EXPECT_EQ(first->Wait().status, Status::kAccepted);
  EXPECT_EQ(second->Wait().status, Status::kIntentClosed);
  EXPECT_EQ(second->Wait().closing_outcome.outcome(),
            audit::v1::CHANGE_OUTCOME_APPLIED);
}

TEST_F(LogWriterTest, OutcomeOfWhatIsNoIntentIsRefused) {
  Raise(1)->Wait();
  for (const uint64_t index : {uint64_t{0}, uint64_t{99}}) {
    const rpc::AppendResult result =
        Append(MakeItem({MakeOutcome(index, audit::v1::CHANGE_OUTCOME_APPLIED)},
                        {}, Soon()))
            ->Wait();
    EXPECT_EQ(result.status, Status::kFailed);
    EXPECT_EQ(result.error.code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(LogWriterTest, WaitingItemsShareOneCommit) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  std::vector<std::shared_ptr<Answer>> answers;
  answers.push_back(AppendHeld(Access(1)));
  for (int i = 0; i < 200; ++i) answers.push_back(Append(Access(1)));
  const size_t before = faulty_.forwarded_commits();
  faulty_.ReleaseCommits();
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i]->Wait().first_index, 1 + i);
  }
  EXPECT_EQ(faulty_.forwarded_commits() - before, 2u);
}

TEST_F(LogWriterTest, ItemPastItsDeadlineIsNeverAppended) {
  Raise(1)->Wait();
  const rpc::AppendResult result =
      Append(AccessItem(1, clock_.SteadyNow() - absl::Seconds(1)))->Wait();
  EXPECT_EQ(result.status, Status::kFailed);
  EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StoredSize(), 1u);
}

TEST_F(LogWriterTest, ItemThatMayNotStandInTheLogIsRefused) {
  rpc::AppendItem item;
  item.entries = {"\xff"};
  EXPECT_EQ(Append(item)->Wait().error.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(LogWriterTest, P8_UnreadableStoreFailsWhatDependsOnReading) {
  Raise(1)->Wait();
  faulty_.FailReads(absl::DataLossError("damaged"));
  EXPECT_EQ(Append(MakeItem({}, 1, Soon()))->Wait().status, Status::kFailed);
  faulty_.FailReads(absl::OkStatus(), 0);
  EXPECT_EQ(Append(MakeItem({}, 1, Soon()))->Wait().status, Status::kAccepted);
}

TEST_F(LogWriterTest, ClosedWriterAnswersEverything) {
  Raise(1)->Wait();
  faulty_.StallCommits();
  const auto in_flight = AppendHeld(Access(1));
  const auto waiting = Append(Access(1));
  writer_->Close();
  EXPECT_EQ(in_flight->Wait().status, Status::kUnknown);
  EXPECT_EQ(waiting->Wait().status, Status::kFailed);
  EXPECT_EQ(Append(Access(1))->Wait().status, Status::kFailed);
  faulty_.ReleaseCommits();
}

TEST_F(LogWriterTest, ConcurrentWritersGetEachTheirPlace) {
  Raise(1)->Wait();
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  std::vector<std::vector<std::shared_ptr<Answer>>> answers(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, &answers, t] {
      for (int i = 0; i < kEach; ++i) {
        answers[t].push_back(Append(Access(1)));
        answers[t].back()->Wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<bool> taken(1 + kThreads * kEach);
  for (const auto& mine : answers) {
    for (const auto& answer : mine) {
      ASSERT_EQ(answer->Wait().status, Status::kAccepted);
      EXPECT_FALSE(taken[answer->Wait().first_index]);
      taken[answer->Wait().first_index] = true;
    }
  }
  EXPECT_EQ(StoredSize(), taken.size());
}

}  // namespace
}  // namespace keyward::audit_service
