// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What one group decides: each work against the disk and the works before it,
// and what is known of all of them if the write succeeds or fails.

#include "libs/kv/group_writer.h"

#include <list>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/kv/database.h"
#include "libs/kv/engine_state.h"
#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/transaction.h"
#include "libs/kv/work.h"
#include "rocksdb/db.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

Transaction PutIf(uint64_t intent, Precondition precondition,
                  const std::string& key) {
  Transaction txn;
  txn.id = TransactionId::Intent(intent);
  txn.preconditions.push_back(std::move(precondition));
  txn.puts.push_back({key, "v"});
  return txn;
}

class GroupWriterTest : public testing::Test {
 protected:
  GroupWriterTest() {
    auto disk = std::make_shared<PowerCutFileSystem>();
    disk->CreateDir("/d", {}, nullptr).PermitUncheckedError();
    DatabaseOptions options;
    options.path = "/d";
    options.file_system = disk;
    options.create = true;
    options.block_cache_bytes = 1 << 20;
    options.write_buffer_bytes = 1 << 20;
    database_ = *Database::Open(options);
    state_ = *LoadState(database_->db(), "", {"event/"}, true);
    NewGroup();
  }

  void NewGroup() {
    writer_ = std::make_unique<GroupWriter>(database_->db(), state_);
  }
  Work& AddWork(Work::Kind kind) {
    works_.emplace_back();
    works_.back().kind = kind;
    return works_.back();
  }
  void Commit(Transaction txn) {
    Work& work = AddWork(Work::Kind::kCommit);
    work.txn = std::move(txn);
    writer_->Add(work);
  }
  void Settle(uint64_t intent) {
    Work& work = AddWork(Work::Kind::kSettle);
    work.txn.id = TransactionId::Intent(intent);
    writer_->Add(work);
  }
  void WithNumber(Work::Kind kind, uint64_t number,
                  const std::string& keyspace = "") {
    Work& work = AddWork(kind);
    work.number = number;
    work.keyspace = keyspace;
    writer_->Add(work);
  }
  // Writes the group, as its leader does, and begins another.
  std::vector<CommitResult> Write() {
    rocksdb::WriteBatch* batch = writer_->Finish();
    if (batch != nullptr) {
      EXPECT_TRUE(database_->db()->Write(SyncedWrite(), batch).ok());
    }
    std::vector<CommitResult> results = writer_->DurableResults();
    state_ = writer_->state();
    NewGroup();
    return results;
  }
  std::vector<Outcome> Outcomes(const std::vector<CommitResult>& results) {
    std::vector<Outcome> outcomes;
    for (const CommitResult& r : results) outcomes.push_back(r.outcome);
    return outcomes;
  }
  std::vector<Outcome> Failed() {
    return Outcomes(writer_->FailedResults(absl::UnavailableError("x")));
  }

  std::unique_ptr<Database> database_;
  EngineState state_;
  std::list<Work> works_;  // stay where they are
  std::unique_ptr<GroupWriter> writer_;
};

TEST_F(GroupWriterTest, AWorkSeesWhatThoseBeforeItWillHaveWritten) {
  Commit(PutIf(1, Precondition::Absent("k"), "k"));
  Commit(PutIf(2, Precondition::Absent("k"), "k"));
  Commit(PutIf(3, Precondition::RevisionIs("k", 1), "k"));
  Transaction del = PutIf(4, Precondition::Exists("k"), "other");
  del.deletes.push_back({"k"});
  Commit(std::move(del));
  Commit(PutIf(5, Precondition::Absent("k"), "k"));
  const std::vector<CommitResult> results = Write();
  EXPECT_EQ(Outcomes(results),
            std::vector<Outcome>({Outcome::kApplied, Outcome::kConflict,
                                  Outcome::kApplied, Outcome::kApplied,
                                  Outcome::kApplied}));
  EXPECT_EQ(results[1].current, 1u);
  EXPECT_EQ(results[4].revision, 4u);
}

TEST_F(GroupWriterTest, P2_AFenceRaisedInTheGroupRefusesThoseBehindIt) {
  Transaction genesis = PutIf(1, Precondition::Absent("fence"), "k");
  genesis.puts.push_back({"fence", EncodeNumber(1)});
  Commit(std::move(genesis));
  Commit(PutIf(2, Precondition::NumberAtMost("fence", 1), "before"));
  Transaction raise = PutIf(3, Precondition::NumberAtMost("fence", 1), "x");
  raise.puts.push_back({"fence", EncodeNumber(2)});
  Commit(std::move(raise));
  Commit(PutIf(4, Precondition::NumberAtMost("fence", 1), "after"));
  const std::vector<CommitResult> results = Write();
  EXPECT_EQ(results[1].outcome, Outcome::kApplied);
  EXPECT_EQ(results[3].outcome, Outcome::kConflict);
  EXPECT_EQ(results[3].current, 2u);
}

TEST_F(GroupWriterTest, TheSameIdTwiceInAGroupAppliesOnce) {
  Commit(PutIf(1, Precondition::Absent("a"), "a"));
  Commit(PutIf(1, Precondition::Absent("b"), "b"));
  EXPECT_EQ(
      Outcomes(Write()),
      std::vector<Outcome>({Outcome::kApplied, Outcome::kAlreadyApplied}));
}

TEST_F(GroupWriterTest, AnIdBarredInTheGroupDoesNotApplyBehindIt) {
  Settle(1);
  Commit(PutIf(1, Precondition::Absent("a"), "a"));
  Commit(PutIf(2, Precondition::Absent("b"), "b"));
  Settle(2);
  EXPECT_EQ(
      Outcomes(Write()),
      std::vector<Outcome>({Outcome::kBarred, Outcome::kBarred,
                            Outcome::kApplied, Outcome::kAlreadyApplied}));
}

TEST_F(GroupWriterTest, AFloorRaisedInTheGroupRefusesThoseBehindIt) {
  Transaction raise = PutIf(9, Precondition::Absent("k"), "k");
  raise.raise_intent_floor = 5;
  Commit(std::move(raise));
  Commit(PutIf(4, Precondition::Absent("a"), "a"));
  Commit(PutIf(5, Precondition::Absent("b"), "b"));
  EXPECT_EQ(Outcomes(Write()),
            std::vector<Outcome>(
                {Outcome::kApplied, Outcome::kRefused, Outcome::kApplied}));
  EXPECT_EQ(state_.intent_floor, 5u);
}

TEST_F(GroupWriterTest, ASessionBeginsAndEndsWithinAGroup) {
  WithNumber(Work::Kind::kBeginSession, 0);
  Transaction txn = PutIf(0, Precondition::Absent("a"), "a");
  txn.id = TransactionId::InSession(1, 0);
  Commit(txn);
  WithNumber(Work::Kind::kCloseSession, 1);
  txn.id.number = 1;
  Commit(txn);
  const std::vector<CommitResult> results = Write();
  EXPECT_EQ(results[0].revision, 1u);  // the session's number
  EXPECT_EQ(results[1].outcome, Outcome::kApplied);
  EXPECT_EQ(results[3].outcome, Outcome::kRefused);
  EXPECT_TRUE(state_.sessions.empty());
}

TEST_F(GroupWriterTest, RefusalsAndPlainConflictsWriteNothing) {
  Commit(PutIf(1, Precondition::Exists("k"), "k"));
  Commit(Transaction());
  WithNumber(Work::Kind::kCloseSession, 77);
  WithNumber(Work::Kind::kCompactFeed, 0, "event/");
  WithNumber(Work::Kind::kCompactFeed, 0, "other/");
  EXPECT_EQ(writer_->Finish(), nullptr);
  EXPECT_EQ(writer_->state().revision, 0u);
}

TEST_F(GroupWriterTest, AFeedIsNotCompactedToARevisionThatMayNeverBe) {
  Commit(PutIf(1, Precondition::Absent("event/1"), "event/1"));
  WithNumber(Work::Kind::kCompactFeed, 1, "event/");
  const std::vector<CommitResult> results = Write();
  EXPECT_EQ(results[1].status.code(), absl::StatusCode::kInvalidArgument);
  WithNumber(Work::Kind::kCompactFeed, 1, "event/");
  EXPECT_EQ(Write()[0].outcome, Outcome::kApplied);
}

TEST_F(GroupWriterTest, TellsWhatTheEngineHasToDoAfterwards) {
  Transaction txn = PutIf(1, Precondition::Absent("k"), "event/1");
  txn.deletes.push_back({"s", /*erase=*/true});
  txn.puts.push_back({"t", "new", /*erase_old=*/true});
  txn.puts.push_back({"u", "new"});
  Commit(std::move(txn));
  EXPECT_EQ(writer_->changed_feeds(), std::set<std::string>({"event/"}));
  ASSERT_EQ(writer_->erasures().size(), 2u);
  EXPECT_EQ(writer_->erasures()[0].key, "t");
  EXPECT_EQ(writer_->erasures()[1].key, "s");
  EXPECT_EQ(writer_->applied(), 1u);
  EXPECT_FALSE(writer_->makes_garbage());
  EXPECT_EQ(writer_->claimed(),
            std::vector<TransactionId>({TransactionId::Intent(1)}));
}

TEST_F(GroupWriterTest, P4_AFailedWriteLeavesUnknownAllThatItHeld) {
  Commit(PutIf(1, Precondition::Absent("k"), "k"));
  Settle(2);
  Transaction bars = PutIf(3, Precondition::Exists("nothing"), "x");
  bars.on_conflict = OnConflict::kBarId;
  Commit(std::move(bars));
  WithNumber(Work::Kind::kBeginSession, 0);
  EXPECT_EQ(Failed(), std::vector<Outcome>(4, Outcome::kUnknown));
}

TEST_F(GroupWriterTest, P4_AFailedWriteProvesNothingToThoseBehindIt) {
  Commit(PutIf(1, Precondition::Absent("k"), "k"));
  Commit(PutIf(1, Precondition::Absent("k"), "k"));  // "already applied"
  Commit(PutIf(2, Precondition::Absent("k"), "k"));  // "conflicts"
  EXPECT_EQ(Failed(),
            std::vector<Outcome>(
                {Outcome::kUnknown, Outcome::kUnknown, Outcome::kRefused}));
}

TEST_F(GroupWriterTest, WhatRestsOnTheDiskAloneOutlivesAFailedWrite) {
  Commit(PutIf(1, Precondition::Absent("k"), "k"));
  Settle(2);
  Write();
  Commit(PutIf(1, Precondition::Absent("k"), "k"));
  Commit(PutIf(2, Precondition::Absent("k"), "k"));
  Commit(PutIf(3, Precondition::Absent("k"), "k"));
  Commit(Transaction());
  Commit(PutIf(4, Precondition::Absent("new"), "new"));
  EXPECT_EQ(Failed(),
            std::vector<Outcome>({Outcome::kAlreadyApplied, Outcome::kBarred,
                                  Outcome::kConflict, Outcome::kRefused,
                                  Outcome::kUnknown}));
}

}  // namespace
}  // namespace keyward::kv
