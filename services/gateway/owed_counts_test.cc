// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/owed_counts.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/entry.h"
#include "libs/base/fake_clock.h"

namespace keyward::gateway {
namespace {

using audit::v1::AuditEntry;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Keeps appends until the test answers them.
class ManualLog : public rpc::AuditLog {
 public:
  void Append(rpc::AppendItem item, rpc::AppendDone done) override {
    const AuditEntry entry = audit::ParseEntry(item.entries[0]).value();
    waiting.push_back({entry, std::move(done)});
  }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t, SteadyTime) override {
    return 0;
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override {
    return rpc::LogState();
  }

  // Answers all that wait. What was accepted is "PEER COUNT".
  void Answer(rpc::AppendStatus status) {
    std::deque<std::pair<AuditEntry, rpc::AppendDone>> now;
    now.swap(waiting);
    for (auto& [entry, done] : now) {
      rpc::AppendResult result;
      result.status = status;
      if (status == rpc::AppendStatus::kAccepted) {
        accepted.push_back(entry.peer() + " " + std::to_string(entry.count()));
      }
      done(std::move(result));
    }
  }

  std::deque<std::pair<AuditEntry, rpc::AppendDone>> waiting;
  std::vector<std::string> accepted;
};

class OwedCountsTest : public testing::Test {
 protected:
  static AuditEntry Entry(const std::string& peer, uint64_t count) {
    AuditEntry entry;
    entry.set_kind(audit::v1::ENTRY_KIND_REFUSALS);
    entry.set_peer(peer);
    entry.set_count(count);
    return entry;
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  ManualLog log_;
  std::shared_ptr<OwedCounts> counts_ =
      OwedCounts::New(&clock_, &log_, 2, "others", Entry);
};

TEST_F(OwedCountsTest, AppendsOneSumForEachKey) {
  counts_->Owe("a", 1);
  counts_->Owe("b", 5);
  counts_->Owe("a", 2);
  EXPECT_THAT(log_.waiting, IsEmpty());
  EXPECT_EQ(counts_->owed(), 8u);
  EXPECT_FALSE(counts_->settled());
  counts_->Send();
  counts_->Send();
  EXPECT_EQ(counts_->owed(), 8u);
  EXPECT_FALSE(counts_->settled());
  log_.Answer(rpc::AppendStatus::kAccepted);
  EXPECT_THAT(log_.accepted, UnorderedElementsAre("a 3", "b 5"));
  EXPECT_TRUE(counts_->settled());
  EXPECT_EQ(counts_->owed(), 0u);
}

TEST_F(OwedCountsTest, WhatTheLogDoesNotTakeIsAppendedLaterWithWhatCame) {
  for (const rpc::AppendStatus failed :
       {rpc::AppendStatus::kFailed, rpc::AppendStatus::kUnknown,
        rpc::AppendStatus::kFence, rpc::AppendStatus::kIntentClosed}) {
    counts_->Owe("a", 1);
    counts_->Send();
    counts_->Owe("a", 2);
    log_.Answer(failed);
    counts_->Send();
    EXPECT_THAT(log_.waiting, IsEmpty()) << "too soon";
    clock_.Advance(OwedCounts::kRetry);
    counts_->Send();
    log_.Answer(rpc::AppendStatus::kAccepted);
    EXPECT_THAT(log_.accepted, ElementsAre("a 3"));
    log_.accepted.clear();
    EXPECT_TRUE(counts_->settled());
  }
}

TEST_F(OwedCountsTest, ASingleRecordThatFailsBecomesPartOfACount) {
  counts_->AppendOrOwe(Entry("single", 0), "a");
  EXPECT_FALSE(counts_->settled());
  EXPECT_EQ(counts_->owed(), 1u);
  log_.Answer(rpc::AppendStatus::kFailed);
  counts_->AppendOrOwe(Entry("single", 0), "a");
  log_.Answer(rpc::AppendStatus::kAccepted);
  EXPECT_THAT(log_.accepted, ElementsAre("single 0"));
  EXPECT_EQ(counts_->owed(), 1u);
  clock_.Advance(OwedCounts::kRetry);
  counts_->Send();
  log_.Answer(rpc::AppendStatus::kAccepted);
  EXPECT_THAT(log_.accepted, ElementsAre("single 0", "a 1"));
}

TEST_F(OwedCountsTest, FurtherKeysShareOneCount) {
  for (const char* key : {"a", "b", "c", "d", "a"}) counts_->Owe(key, 1);
  counts_->Send();
  log_.Answer(rpc::AppendStatus::kAccepted);
  EXPECT_THAT(log_.accepted, UnorderedElementsAre("a 2", "b 1", "others 2"));
}

TEST_F(OwedCountsTest, SoManyAppendsAreUnderWayAtOnce) {
  counts_ = OwedCounts::New(&clock_, &log_, 1000, "others", Entry);
  for (int i = 0; i < 100; ++i) counts_->Owe(std::to_string(i), 1);
  counts_->Send();
  EXPECT_EQ(log_.waiting.size(), OwedCounts::kMaxInFlight);
  counts_->Send();
  EXPECT_EQ(log_.waiting.size(), OwedCounts::kMaxInFlight);
  log_.Answer(rpc::AppendStatus::kAccepted);
  counts_->Send();
  log_.Answer(rpc::AppendStatus::kAccepted);
  EXPECT_EQ(log_.accepted.size(), 100u);
  EXPECT_TRUE(counts_->settled());
}

TEST_F(OwedCountsTest, AnAnswerAfterItsEndTouchesNothing) {
  counts_->Owe("a", 1);
  counts_->Send();
  counts_.reset();
  log_.Answer(rpc::AppendStatus::kFailed);
}

}  // namespace
}  // namespace keyward::gateway
