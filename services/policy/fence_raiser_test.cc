// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/fence_raiser.h"

#include <memory>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/policy/policy_test_kit.h"

namespace keyward::policy_service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FenceRaiserTest : public testing::Test {
 protected:
  absl::Status Raise(uint64_t revision) {
    return raiser_.Raise(revision, clock_.SteadyNow() + absl::Seconds(10));
  }

  FakeClock clock_{absl::FromUnixSeconds(1700000000)};
  Journal journal_;
  FakeAudit audit_{&journal_};
  FakeOwner store_{"store", &journal_};
  FakeOwner rotation_{"rotation", &journal_};
  FenceRaiser raiser_{{&store_, &rotation_}, &audit_, &clock_};
};

TEST_F(FenceRaiserTest, P2_AuditComesLast) {
  ASSERT_TRUE(Raise(3).ok());
  EXPECT_THAT(
      journal_.events(),
      ElementsAre("store fence 3", "rotation fence 3", "audit fence 3"));
}

TEST_F(FenceRaiserTest, P2_NothingAfterAFailureIsAsked) {
  store_.gate.Set(Mood::kRefusing);
  EXPECT_EQ(Raise(3).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(journal_.events(), IsEmpty());
  store_.gate.Set(Mood::kWilling);
  rotation_.gate.Set(Mood::kRefusing);
  EXPECT_EQ(Raise(3).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(journal_.events(), ElementsAre("store fence 3"));
}

TEST_F(FenceRaiserTest, GoesOnWhereItFailed) {
  audit_.gate.Set(Mood::kRefusing);
  EXPECT_EQ(Raise(3).code(), absl::StatusCode::kUnavailable);
  store_.gate.Set(Mood::kRefusing);
  audit_.gate.Set(Mood::kWilling);
  // The store has answered for this revision already, and not for the next.
  EXPECT_TRUE(Raise(3).ok());
  EXPECT_EQ(Raise(4).code(), absl::StatusCode::kUnavailable);
}

TEST_F(FenceRaiserTest, P8_AFenceAboveTheRevisionIsAnOlderFolderPutBack) {
  store_.set_fence(9);
  absl::Status status = Raise(3);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("recover-admin"));
  EXPECT_THAT(journal_.events(), IsEmpty());
  store_.set_fence(0);
  audit_.Set(4, 5);
  EXPECT_EQ(Raise(3).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::policy_service
