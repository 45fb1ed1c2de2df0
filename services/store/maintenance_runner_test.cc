// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance_runner.h"

#include <chrono>
#include <future>
#include <string>

#include "gtest/gtest.h"
#include "libs/base/clock.h"

namespace keyward::store {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);

TEST(MaintenanceRunnerTest, StoppingDoesNotWaitForThePeriod) {
  const SystemClock clock;
  MaintenanceSignal signal;
  const SteadyTime begin = clock.SteadyNow();
  {
    MaintenanceRunner runner(
        &clock, &signal, [](SteadyTime) { return absl::StatusOr<bool>(false); },
        [](const absl::Status&) {});
  }
  EXPECT_LT(clock.SteadyNow() - begin, MaintenanceRunner::kPeriod);
}

TEST(MaintenanceRunnerTest, ItRunsAgainAndAgain) {
  const SystemClock clock;
  MaintenanceSignal signal;
  std::promise<void> third;
  int runs = 0;
  MaintenanceRunner runner(
      &clock, &signal,
      [&](SteadyTime deadline) -> absl::StatusOr<bool> {
        EXPECT_GT(deadline, clock.SteadyNow());
        if (++runs == 3) third.set_value();
        return false;
      },
      [](const absl::Status&) {}, kShort);
  third.get_future().wait();
}

TEST(MaintenanceRunnerTest, MoreWorkIsDoneWithoutWaiting) {
  const SystemClock clock;
  MaintenanceSignal signal;
  std::promise<void> hundredth;
  int runs = 0;
  const SteadyTime begin = clock.SteadyNow();
  // A hundred waits would take far longer than the test may.
  MaintenanceRunner runner(
      &clock, &signal,
      [&](SteadyTime) -> absl::StatusOr<bool> {
        if (++runs == 100) hundredth.set_value();
        return runs < 100;
      },
      [](const absl::Status&) {}, absl::Milliseconds(200));
  hundredth.get_future().wait();
  EXPECT_LT(clock.SteadyNow() - begin, absl::Seconds(15));
}

TEST(MaintenanceRunnerTest, AFailureIsReportedAndTriedAgain) {
  const SystemClock clock;
  MaintenanceSignal signal;
  std::promise<std::string> reported;
  std::promise<void> again;
  int runs = 0;
  MaintenanceRunner runner(
      &clock, &signal,
      [&](SteadyTime) -> absl::StatusOr<bool> {
        if (++runs == 2) again.set_value();
        if (runs == 1) return absl::UnavailableError("audit is away");
        return false;
      },
      [&](const absl::Status& status) {
        reported.set_value(std::string(status.message()));
      },
      kShort);
  EXPECT_EQ(reported.get_future().get(), "audit is away");
  again.get_future().wait();
}

TEST(MaintenanceRunnerTest, ItRunsAtOnceWhenItIsCalledFor) {
  const SystemClock clock;
  MaintenanceSignal signal;
  std::promise<void> ran;
  int runs = 0;
  MaintenanceRunner runner(
      &clock, &signal,
      [&](SteadyTime) -> absl::StatusOr<bool> {
        if (++runs == 1) ran.set_value();
        return false;
      },
      [](const absl::Status&) {}, absl::Hours(1));
  signal.Raise();
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::minutes(1)),
            std::future_status::ready);
}

}  // namespace
}  // namespace keyward::store
