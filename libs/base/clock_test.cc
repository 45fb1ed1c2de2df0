// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/clock.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"

namespace keyward {
namespace {

TEST(SystemClockTest, LiesBetweenTwoReadingsOfTheSystemTime) {
  SystemClock clock;
  const absl::Time before = absl::Now();
  const absl::Time now = clock.Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
}

TEST(FakeClockTest, StandsStillUntilMoved) {
  FakeClock clock(absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'700'000'000));
  const SystemClock clock;
  const auto reading = [] {
    return absl::FromChrono(
        std::chrono::steady_clock::now().time_since_epoch());
  };
  const absl::Duration before = reading();
  EXPECT_LE(before, now);
  EXPECT_LE(now, reading());
}

  EXPECT_EQ((time + absl::Seconds(2)) - time, absl::Seconds(2));
  EXPECT_EQ((time - absl::Seconds(2)) - time, -absl::Seconds(2));
  EXPECT_TRUE(time < time + absl::Nanoseconds(1));
  EXPECT_TRUE(time + absl::Nanoseconds(1) > time);
  EXPECT_TRUE(time <= time && time >= time && time == time);
  EXPECT_TRUE(time != time - absl::Nanoseconds(1));
}

  EXPECT_EQ(never - absl::Hours(1), never);
  EXPECT_EQ(never - time, absl::InfiniteDuration());
}

  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'700'000'000));
}

TEST(FakeClockTest, AdvancesForwardsAndBackwards) {
  FakeClock clock(absl::FromUnixSeconds(1'000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1'005));
  clock.Advance(-absl::Seconds(10));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(995));
}

TEST(FakeClockTest, SetReplacesTheTime) {
  FakeClock clock(absl::FromUnixSeconds(1'000));
  clock.Set(absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(7));
}

}  // namespace
}  // namespace keyward
