// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/status_board.h"

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/process_standing.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"

namespace keyward::gateway {
namespace {

using operators::v1::GetStatusResponse;

class FakeLog final : public rpc::AuditLog {
 public:
  void Append(rpc::AppendItem, rpc::AppendDone done) override { done({}); }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t, SteadyTime) override {
    return absl::UnimplementedError("not here");
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override {
    if (away) return absl::UnavailableError("audit did not answer");
    return rpc::LogState{4, 100, 2};
  }
  std::atomic<bool> away{false};
};

class StatusBoardTest : public testing::Test {
 protected:
  // Returns after the board's own thread has looked, which it does again only
  // after a period: from then on it looks when it is asked.
  void Start() {
    StatusBoard::Options options;
    options.version = "1.2.3";
    options.standing = [] {
      return rpc::Standing{absl::FromUnixSeconds(1000), true, true, ""};
    };
    options.ask_store_standing = [](SteadyTime) {
      return rpc::Standing{absl::FromUnixSeconds(2000), true, true, ""};
    };
    options.ask_audit_standing =
        [this](SteadyTime deadline) -> absl::StatusOr<rpc::Standing> {
      EXPECT_EQ(deadline, clock_.SteadyNow() + StatusBoard::kAskTime);
      if (audit_untold) return absl::UnavailableError("no such method");
      return rpc::Standing{absl::FromUnixSeconds(3000), false, !audit_waits,
                           audit_waits ? "waiting for policy" : ""};
    };
    options.ask_store =
        [this](SteadyTime) -> absl::StatusOr<StatusBoard::Installation> {
      if (store_away) return absl::UnavailableError("no connection");
      return StatusBoard::Installation{"the-installation", 3};
    };
    options.services = {
        {"policy",
         [](SteadyTime) { return absl::UnavailableError("not connected"); },
         [](SteadyTime) -> absl::StatusOr<rpc::Standing> {
           return absl::UnavailableError("not connected");
         }}};
    board_ = std::make_unique<StatusBoard>(options, &log_, &clock_);
    const absl::Time end = absl::Now() + absl::Seconds(10);
    while (Shown().services(1).detail() == "not asked yet") {
      ASSERT_LT(absl::Now(), end);
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  GetStatusResponse Ask() {
    board_->AskNow();
    return Shown();
  }

  GetStatusResponse Shown() const {
    GetStatusResponse response;
    board_->Fill(&response);
    return response;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  FakeLog log_;
  std::atomic<bool> store_away{false};
  std::atomic<bool> audit_waits{false};
  std::atomic<bool> audit_untold{false};
  std::unique_ptr<StatusBoard> board_;
};

TEST_F(StatusBoardTest, ShowsWhatServesAndHowLongTheLogIs) {
  Start();
  const GetStatusResponse response = Ask();
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.audit_size(), 100u);
  EXPECT_EQ(response.open_intents(), 2u);
  ASSERT_EQ(response.services_size(), 4);
  EXPECT_EQ(response.services(0).service(), "gateway");
  EXPECT_TRUE(response.services(0).memory_locked());
  EXPECT_EQ(response.services(0).start_time().seconds(), 1000);
  EXPECT_EQ(response.services(1).service(), "store");
  EXPECT_TRUE(response.services(1).serving());
  EXPECT_EQ(response.services(2).service(), "policy");
  EXPECT_FALSE(response.services(2).serving());
  EXPECT_EQ(response.services(2).detail(), "not connected");
  EXPECT_EQ(response.services(3).service(), "audit");
  EXPECT_TRUE(response.services(3).serving());
}

// Promise P5: where memory cannot be locked, the status says so, of every
// process.
TEST_F(StatusBoardTest, P5_ShowsWhatEachProcessTellsOfItself) {
  Start();
  const GetStatusResponse response = Ask();
  EXPECT_EQ(response.services(1).start_time().seconds(), 2000);
  EXPECT_TRUE(response.services(1).memory_locked());
  EXPECT_FALSE(response.services(2).has_start_time()) << "policy is not there";
  EXPECT_EQ(response.services(3).start_time().seconds(), 3000);
  EXPECT_FALSE(response.services(3).memory_locked());
}

TEST_F(StatusBoardTest, WhatAServiceWaitsForIsToldByItself) {
  Start();
  audit_waits = true;
  GetStatusResponse response = Ask();
  EXPECT_FALSE(response.services(3).serving());
  EXPECT_EQ(response.services(3).detail(), "waiting for policy");
  EXPECT_TRUE(response.services(3).has_start_time());
  // Refused what it cannot answer yet, too.
  log_.away = true;
  response = Ask();
  EXPECT_EQ(response.services(3).detail(), "waiting for policy");
}

TEST_F(StatusBoardTest, AServiceThatDoesNotTellServesAllTheSame) {
  Start();
  audit_untold = true;
  const GetStatusResponse response = Ask();
  EXPECT_TRUE(response.services(3).serving());
  EXPECT_FALSE(response.services(3).has_start_time());
}

TEST_F(StatusBoardTest, ShowsWhatTheStoreSaysOfTheInstallation) {
  store_away = true;
  Start();
  EXPECT_EQ(Ask().installation_id(), "");
  store_away = false;
  EXPECT_EQ(Ask().installation_id(), "the-installation");
  EXPECT_EQ(Ask().incarnation(), 3u);
  store_away = true;
  EXPECT_EQ(Ask().installation_id(), "the-installation") << "as it was told";
  EXPECT_EQ(Ask().incarnation(), 3u);
}

TEST_F(StatusBoardTest, SaysWhatIsAwayAndWhy) {
  Start();
  Ask();
  store_away = true;
  log_.away = true;
  const GetStatusResponse response = Ask();
  EXPECT_FALSE(response.services(1).serving());
  EXPECT_EQ(response.services(1).detail(), "no connection");
  EXPECT_FALSE(response.services(3).serving());
  EXPECT_EQ(response.audit_size(), 100u) << "as it was last seen";
}

}  // namespace
}  // namespace keyward::gateway
