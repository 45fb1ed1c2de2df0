// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/faulty_kv.h"

#include <chrono>
#include <future>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/kv/kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

Transaction PutTxn(uint64_t intent) {
  Transaction txn;
  txn.id = TransactionId::Intent(intent);
  txn.preconditions.push_back(Precondition::Absent("k"));
  txn.puts.push_back({"k", "v"});
  return txn;
}

class FaultyKvTest : public testing::Test {
 protected:
  Outcome Commit(uint64_t intent) {
    return faulty_.CommitAndWait(PutTxn(intent), {}).outcome;
  }
  Outcome Settle(uint64_t intent) {
    return faulty_.SettleAndWait(TransactionId::Intent(intent), {}).outcome;
  }
  bool Holds() { return kv_.store()->Get("k").ok(); }

  TestKv kv_{{"k"}};
  FaultyKv faulty_{kv_.store()};
};

TEST_F(FaultyKvTest, ForwardsEverythingWithoutFaults) {
  EXPECT_EQ(Commit(1), Outcome::kApplied);
  EXPECT_EQ(faulty_.forwarded_commits(), 1u);
  EXPECT_EQ(faulty_.Get("k")->value, "v");
  EXPECT_EQ(faulty_.GetMany({"k"})[0]->value, "v");
  EXPECT_EQ(faulty_.Range("", "", {})->entries.size(), 1u);
  EXPECT_EQ(*faulty_.Revision(), *kv_.store()->Revision());
  EXPECT_TRUE(faulty_.GetTransaction(TransactionId::Intent(1)).ok());
  EXPECT_EQ(*faulty_.IntentFloor(), 0u);
  EXPECT_TRUE(faulty_.NewSnapshot().ok());
  EXPECT_EQ(faulty_.ReadFeed("k", 0, 10)->events.size(), 1u);
  EXPECT_EQ(faulty_.Stats().transactions, 1u);
}

TEST_F(FaultyKvTest, FailedCommitsAreRefusedAndNotApplied) {
  faulty_.FailCommits(absl::UnavailableError("x"), 2);
  EXPECT_EQ(Commit(1), Outcome::kRefused);
  EXPECT_EQ(Commit(1), Outcome::kRefused);
  EXPECT_FALSE(Holds());
  EXPECT_EQ(Commit(1), Outcome::kApplied);
}

TEST_F(FaultyKvTest, ATornCommitThatAppliedIsUnknownUntilSettled) {
  faulty_.TearCommits(FaultyKv::Tear::kApplied, 1);
  EXPECT_EQ(Commit(1), Outcome::kUnknown);
  EXPECT_TRUE(Holds());
  EXPECT_EQ(Settle(1), Outcome::kAlreadyApplied);
}

TEST_F(FaultyKvTest, ATornCommitThatDidNotApplyIsUnknownUntilSettled) {
  faulty_.TearCommits(FaultyKv::Tear::kNotApplied, 1);
  EXPECT_EQ(Commit(1), Outcome::kUnknown);
  EXPECT_FALSE(Holds());
  EXPECT_EQ(Settle(1), Outcome::kBarred);
}

TEST_F(FaultyKvTest, SettlesCanFailToo) {
  faulty_.FailSettles(true);
  EXPECT_EQ(Settle(1), Outcome::kUnknown);
  faulty_.FailSettles(false);
  EXPECT_EQ(Settle(1), Outcome::kBarred);
}

TEST_F(FaultyKvTest, StalledCommitsAreNeitherAppliedNorAnsweredUntilReleased) {
  faulty_.StallCommits();
  std::promise<Outcome> promises[2];
  std::future<Outcome> answers[2];
  for (uint64_t i = 0; i < 2; ++i) {
    answers[i] = promises[i].get_future();
    faulty_.Commit(PutTxn(i + 1), {}, [&promises, i](CommitResult result) {
      promises[i].set_value(result.outcome);
    });
  }
  EXPECT_EQ(faulty_.stalled_commits(), 2u);
  EXPECT_FALSE(Holds());
  for (std::future<Outcome>& answer : answers) {
    EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)),
              std::future_status::timeout);
  }
  faulty_.ReleaseCommits();
  EXPECT_EQ(answers[0].get(), Outcome::kApplied);
  EXPECT_EQ(answers[1].get(), Outcome::kConflict);
}

TEST_F(FaultyKvTest, ReadsFailAsOftenAsAsked) {
  Commit(1);
  faulty_.FailReads(absl::UnavailableError("x"), 2);
  EXPECT_EQ(faulty_.Get("k").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(faulty_.Range("", "", {}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(faulty_.Get("k").ok());
}

TEST_F(FaultyKvTest, OthersCanChangeWhatIsReadBetweenTwoReads) {
  faulty_.BeforeRead(1, [this] { Commit(1); });
  EXPECT_FALSE(faulty_.Get("k").ok());
  EXPECT_TRUE(faulty_.Get("k").ok());
}

TEST_F(FaultyKvTest, ReadsOfOtherThreadsAreNotCountedAsOnesOfTheCall) {
  faulty_.BeforeRead(1, [this] { Commit(1); });
  std::thread([this] {
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(faulty_.Get("k").ok());
  }).join();
  EXPECT_FALSE(faulty_.Get("k").ok());
  EXPECT_TRUE(faulty_.Get("k").ok());
}

}  // namespace
}  // namespace keyward::kv
