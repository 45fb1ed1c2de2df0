// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_numbers.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/kv/writer_session.h"
#include "services/store/record_keys.h"

namespace keyward::store {
namespace {

class EventNumbersTest : public ::testing::Test {
 protected:
  // The number, or 0 if none is given now; what waits counts in woken_.
  uint64_t Take(const std::string& project = "p") {
    const auto number = numbers_.Take(project, [this] { ++woken_; });
    EXPECT_TRUE(number.ok()) << number.status();
    return number.ok() ? number->value_or(0) : 0;
  }

  // What is durable.
  void SetHead(uint64_t number, const std::string& project = "p") {
    auto session =
        kv::WriterSession::Begin(disk_.store(), SteadyTime::InfiniteFuture());
    ASSERT_TRUE(session.ok());
    kv::Transaction txn;
    // The head is there or not: what is compared says nothing of it.
    txn.preconditions.push_back(kv::Precondition::Absent("none"));
    txn.puts.push_back({EventHeadKey(project), kv::EncodeNumber(number)});
    ASSERT_TRUE((*session)
                    ->CommitAndWait(std::move(txn), kv::CommitOptions())
                    .applied());
  }

  kv::TestKv disk_;
  kv::FaultyKv faults_{disk_.store()};
  EventNumbers numbers_{&faults_};
  size_t woken_ = 0;
};

TEST_F(EventNumbersTest, TheFirstOfAProjectIsOne) { EXPECT_EQ(Take(), 1u); }

TEST_F(EventNumbersTest, NumbersGoOnWithoutWaiting) {
  SetHead(7);
  EXPECT_EQ(Take(), 8u);
  EXPECT_EQ(Take(), 9u);
  numbers_.Return("p", true);
  EXPECT_EQ(Take(), 10u);
}

TEST_F(EventNumbersTest, WithNoneUnderWayTheHeadIsReadAgain) {
  SetHead(7);
  EXPECT_EQ(Take(), 8u);
  numbers_.Return("p", true);
  SetHead(20);
  EXPECT_EQ(Take(), 21u);
}

TEST_F(EventNumbersTest, ProjectsCountByThemselves) {
  SetHead(7, "p");
  EXPECT_EQ(Take("p"), 8u);
  EXPECT_EQ(Take("q"), 1u);
  numbers_.Return("q", false);
  EXPECT_EQ(Take("p"), 9u);
}

TEST_F(EventNumbersTest, AfterAFailureNoneIsGivenUntilAllHaveReturned) {
  SetHead(7);
  Take();
  Take();
  Take();
  numbers_.Return("p", false);
  EXPECT_EQ(Take(), 0u);
  numbers_.Return("p", true);
  EXPECT_EQ(Take(), 0u);
  EXPECT_EQ(woken_, 0u);
  SetHead(8);
  numbers_.Return("p", false);
  EXPECT_EQ(woken_, 2u);
  EXPECT_EQ(Take(), 9u);
  EXPECT_EQ(Take(), 10u);
}

TEST_F(EventNumbersTest, SoManyAreUnderWayAtMost) {
  for (size_t i = 0; i < EventNumbers::kMaxUnderWay; ++i) {
    ASSERT_EQ(Take(), i + 1);
  }
  EXPECT_EQ(Take(), 0u);
  EXPECT_EQ(Take(), 0u);
  numbers_.Return("p", true);
  EXPECT_EQ(woken_, 1u);
  EXPECT_EQ(Take(), EventNumbers::kMaxUnderWay + 1);
}

// One that is woken may have come too late, and take none.
TEST_F(EventNumbersTest, NobodyWaitsForEver) {
  for (size_t i = 0; i < EventNumbers::kMaxUnderWay; ++i) Take();
  for (size_t i = 0; i < 3000; ++i) ASSERT_EQ(Take(), 0u);
  for (size_t i = 0; i < EventNumbers::kMaxUnderWay; ++i) {
    numbers_.Return("p", true);
  }
  EXPECT_EQ(woken_, 3000u);
}

TEST_F(EventNumbersTest, TooManyWaitersAreRefused) {
  Take();
  Take();
  numbers_.Return("p", false);
  for (size_t i = 0; i < EventNumbers::kMaxWaiting; ++i) {
    ASSERT_EQ(Take(), 0u);
  }
  const auto refused = numbers_.Take("p", [this] { woken_ = 999999; });
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused.status()), kQuotaExceeded);
  numbers_.Return("p", true);
  EXPECT_EQ(woken_, EventNumbers::kMaxWaiting);
}

TEST_F(EventNumbersTest, NothingIsRememberedOfWhatHasEnded) {
  for (int i = 0; i < 100; ++i) {
    const std::string project = "p" + std::to_string(i);
    Take(project);
    numbers_.Return(project, i % 2 == 0);
  }
  EXPECT_EQ(numbers_.size(), 0u);
}

TEST_F(EventNumbersTest, AHeadThatCannotBeReadGivesNone) {
  faults_.FailReads(absl::UnavailableError("disk"), 1);
  EXPECT_EQ(numbers_.Take("p", [] {}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(numbers_.size(), 0u);
  EXPECT_EQ(Take(), 1u);
}

}  // namespace
}  // namespace keyward::store
