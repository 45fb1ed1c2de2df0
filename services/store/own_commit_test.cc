// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/own_commit.h"

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/writer_session.h"

namespace keyward::store {
namespace {

SteadyTime Soon() { return SystemClock().SteadyNow() + absl::Minutes(1); }

class OwnCommitTest : public testing::Test {
 protected:
  OwnCommitTest() : session_(*kv::WriterSession::Begin(&faulty_, Soon())) {}

  absl::Status Commit(const std::string& key, bool absent = true) {
    kv::Transaction txn;
    txn.preconditions.push_back(absent ? kv::Precondition::Absent(key)
                                       : kv::Precondition::Exists(key));
    txn.puts.push_back({key, "v"});
    return CommitOwn(session_.get(), std::move(txn), Soon());
  }
  bool HasRecord(uint64_t number) {
    return kv_.store()
        ->GetTransaction(
            kv::TransactionId::InSession(session_->number(), number))
        .ok();
  }

  kv::TestKv kv_;
  kv::FaultyKv faulty_{kv_.store()};
  std::unique_ptr<kv::WriterSession> session_;
};

TEST_F(OwnCommitTest, AppliesOrIsAborted) {
  EXPECT_TRUE(Commit("k").ok());
  EXPECT_EQ(Commit("k").code(), absl::StatusCode::kAborted);
}

TEST_F(OwnCommitTest, P4_AnUnknownOutcomeIsSettled) {
  faulty_.TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  EXPECT_TRUE(Commit("k1").ok());
  faulty_.TearCommits(kv::FaultyKv::Tear::kNotApplied, 1);
  EXPECT_EQ(Commit("k2").code(), absl::StatusCode::kAborted);
}

TEST_F(OwnCommitTest, AnIdThatCouldNotBeSettledDoesNotKeepAllLaterRecords) {
  faulty_.TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  faulty_.FailSettles(true);
  EXPECT_EQ(Commit("torn").code(), absl::StatusCode::kUnavailable);
  faulty_.FailSettles(false);
  for (uint64_t i = 0; i < kv::WriterSession::kRaiseInterval + 2; ++i) {
    ASSERT_TRUE(Commit("torn", /*absent=*/false).ok());
  }
  EXPECT_FALSE(HasRecord(0));
}

}  // namespace
}  // namespace keyward::store
