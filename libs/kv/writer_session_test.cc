// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/writer_session.h"

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/transaction.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

SteadyTime Soon() { return SystemClock().SteadyNow() + absl::Seconds(30); }

Transaction PutTxn(const std::string& key) {
  Transaction txn;
  txn.preconditions.push_back(Precondition::Absent("never there"));
  txn.puts.push_back({key, "v"});
  return txn;
}

class WriterSessionTest : public testing::Test {
 protected:
  WriterSessionTest() : session_(*WriterSession::Begin(&faulty_, Soon())) {}

  CommitResult Commit(const std::string& key = "k") {
    return session_->CommitAndWait(PutTxn(key), {Soon()});
  }
  bool HasRecord(const TransactionId& id) {
    return kv_.store()->GetTransaction(id).ok();
  }

  TestKv kv_;
  FaultyKv faulty_{kv_.store()};
  std::unique_ptr<WriterSession> session_;
};

TEST_F(WriterSessionTest, GivesEachTransactionAnIdOfItsOwn) {
  const CommitResult one = Commit();
  const CommitResult two = Commit();
  EXPECT_EQ(one.outcome, Outcome::kApplied);
  EXPECT_EQ(two.outcome, Outcome::kApplied);
  EXPECT_EQ(one.id, TransactionId::InSession(session_->number(), 0));
  EXPECT_EQ(two.id, TransactionId::InSession(session_->number(), 1));
}

TEST_F(WriterSessionTest, RefusesATransactionThatHasAnId) {
  Transaction txn = PutTxn("k");
  txn.id = TransactionId::Intent(1);
  EXPECT_EQ(session_->CommitAndWait(std::move(txn), {Soon()}).status.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(WriterSessionTest, P4_AnUnknownOutcomeIsSettledByTheIdOfItsResult) {
  faulty_.TearCommits(FaultyKv::Tear::kApplied, 1);
  const CommitResult torn = Commit("k1");
  ASSERT_EQ(torn.outcome, Outcome::kUnknown);
  EXPECT_EQ(session_->SettleAndWait(torn.id, {Soon()}).outcome,
            Outcome::kAlreadyApplied);
  faulty_.TearCommits(FaultyKv::Tear::kNotApplied, 1);
  const CommitResult lost = Commit("k2");
  EXPECT_EQ(session_->SettleAndWait(lost.id, {Soon()}).outcome,
            Outcome::kBarred);
}

TEST_F(WriterSessionTest, DropsTheRecordsOfAnsweredIdsBehindItself) {
  const TransactionId first = Commit().id;
  for (uint64_t i = 0; i < WriterSession::kRaiseInterval; ++i) Commit();
  EXPECT_FALSE(HasRecord(first));
  EXPECT_EQ(kv_.store()->SettleAndWait(first, {Soon()}).outcome,
            Outcome::kUnknown);
  EXPECT_TRUE(HasRecord(Commit().id));
}

TEST_F(WriterSessionTest, P4_KeepsTheRecordOfAnUnknownIdUntilItIsSettled) {
  faulty_.TearCommits(FaultyKv::Tear::kApplied, 1);
  const TransactionId torn = Commit("k1").id;
  for (uint64_t i = 0; i < 2 * WriterSession::kRaiseInterval; ++i) Commit();
  EXPECT_EQ(session_->SettleAndWait(torn, {Soon()}).outcome,
            Outcome::kAlreadyApplied);
  Commit();
  EXPECT_FALSE(HasRecord(torn));
}

TEST_F(WriterSessionTest, AnAbandonedIdIsSettledBehindLaterCommits) {
  faulty_.TearCommits(FaultyKv::Tear::kNotApplied, 2);
  const TransactionId first = Commit("k1").id;
  const TransactionId second = Commit("k2").id;
  session_->Abandon(first);
  session_->Abandon(second);
  faulty_.FailSettles(true);
  Commit();
  EXPECT_FALSE(HasRecord(first));
  faulty_.FailSettles(false);
  // The first settles the one id behind it, the second the other; the third
  // comes after both.
  for (int i = 0; i < 3; ++i) Commit();
  EXPECT_TRUE(HasRecord(first));
  EXPECT_TRUE(HasRecord(second));
  for (uint64_t i = 0; i < WriterSession::kRaiseInterval; ++i) Commit();
  EXPECT_FALSE(HasRecord(first));
  EXPECT_FALSE(HasRecord(second));
}

TEST_F(WriterSessionTest, OnlyOpenIdsCanBeAbandoned) {
  const TransactionId first = Commit().id;
  session_->Abandon(first);
  faulty_.FailSettles(true);
  for (uint64_t i = 0; i < WriterSession::kRaiseInterval; ++i) Commit();
  EXPECT_FALSE(HasRecord(first));
}

TEST_F(WriterSessionTest, NothingCommitsAfterClose) {
  ASSERT_TRUE(session_->Close(Soon()).ok());
  EXPECT_EQ(Commit().status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(kv_.store()->Get("k").ok());
}

TEST_F(WriterSessionTest, ACommitMayEndAfterTheSessionObject) {
  faulty_.StallCommits();
  std::promise<Outcome> outcome;
  session_->Commit(PutTxn("k"), {Soon()}, [&](CommitResult result) {
    outcome.set_value(result.outcome);
  });
  session_.reset();
  faulty_.ReleaseCommits();
  EXPECT_EQ(outcome.get_future().get(), Outcome::kApplied);
}

}  // namespace
}  // namespace keyward::kv
