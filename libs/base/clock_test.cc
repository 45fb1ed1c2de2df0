// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/clock.h"

#include <chrono>  // NOLINT: the monotonic clock

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/steady_time.h"

namespace keyward {
namespace {

TEST(SystemClockTest, LiesBetweenTwoReadingsOfTheSystemTime) {
  SystemClock clock;
  const absl::Time before = absl::Now();
  const absl::Time now = clock.Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
}

TEST(SystemClockTest, P8_SteadyTimeIsTheMonotonicClocks) {
  const SystemClock clock;
  const auto reading = [] {
    return absl::FromChrono(
        std::chrono::steady_clock::now().time_since_epoch());
  };
  const absl::Duration before = reading();
  const absl::Duration now = clock.SteadyNow() - SteadyTime();
  EXPECT_LE(before, now);
  EXPECT_LE(now, reading());
}

TEST(SteadyTimeTest, IsMovedByDurationsAndOrdered) {
  const SteadyTime time = SteadyTime() + absl::Seconds(3);
  EXPECT_EQ((time + absl::Seconds(2)) - time, absl::Seconds(2));
  EXPECT_EQ((time - absl::Seconds(2)) - time, -absl::Seconds(2));
  EXPECT_TRUE(time < time + absl::Nanoseconds(1));
  EXPECT_TRUE(time + absl::Nanoseconds(1) > time);
  EXPECT_TRUE(time <= time && time >= time && time == time);
  EXPECT_TRUE(time != time - absl::Nanoseconds(1));
}

TEST(SteadyTimeTest, InfinitiesLieBeyondAllAndStayThere) {
  const SteadyTime time = SteadyTime() + absl::Hours(1);
  const SteadyTime never = SteadyTime::InfiniteFuture();
  EXPECT_TRUE(SteadyTime::InfinitePast() < time && time < never);
  EXPECT_EQ(never - absl::Hours(1), never);
  EXPECT_EQ(never - time, absl::InfiniteDuration());
  EXPECT_EQ(SteadyTime::InfinitePast() - time, -absl::InfiniteDuration());
}

TEST(FakeClockTest, StandsStillUntilMoved) {
  FakeClock clock(absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'700'000'000));
}

TEST(FakeClockTest, TimePassesOnBothClocks) {
  FakeClock clock(absl::FromUnixSeconds(1'000));
  const SteadyTime begin = clock.SteadyNow();
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'005));
  EXPECT_EQ(clock.SteadyNow() - begin, absl::Seconds(5));
}

TEST(FakeClockTest, SettingTheTimeOfDayLetsNoTimePass) {
  FakeClock clock(absl::FromUnixSeconds(1'000));
  const SteadyTime begin = clock.SteadyNow();
  clock.Set(absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.SteadyNow(), begin);
}

TEST(FakeClockDeathTest, TimeDoesNotRunBackwards) {
  FakeClock clock(absl::FromUnixSeconds(1'000));
  EXPECT_DEATH(clock.Advance(-absl::Nanoseconds(1)), "backwards");
}

}  // namespace
}  // namespace keyward
