// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/schedule/schedule.h"

namespace keyward::schedule {
namespace {

constexpr char kUid[] = "7c1e94c0";

// "2026-05-01 03:00" in UTC.
absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, &time, &error)) << error;
  return time;
}

Schedule Make(const char* expression,
              absl::optional<absl::Duration> window = absl::nullopt,
              const char* zone = "UTC") {
  return Schedule::Parse(expression, zone, window).value();
}

TEST(DueTest, StartsAtItsPlaceInTheWindow) {
  const Schedule schedule = Make("0 3 * * *", absl::Hours(1));
  const absl::Time last = At("2026-05-01 03:20");
  const Window window = {At("2026-05-02 03:00"), At("2026-05-02 04:00")};
  const absl::Time start = StartWithin(window, kUid);
  for (const absl::Time now : {last, At("2026-05-01 12:00"), window.start,
                               start - absl::Nanoseconds(1)}) {
    const Due due = schedule.DueAt(last, now, kUid);
    EXPECT_EQ(due.window, window) << now;
    EXPECT_EQ(due.start, start) << now;
    EXPECT_FALSE(due.now) << now;
    EXPECT_FALSE(due.missed) << now;
  }
  for (const absl::Time now : {start, window.end - absl::Nanoseconds(1)}) {
    EXPECT_TRUE(schedule.DueAt(last, now, kUid).now) << now;
    EXPECT_FALSE(schedule.DueAt(last, now, kUid).missed) << now;
  }
}

TEST(DueTest, AWindowIsUsedOnce) {
  const Schedule schedule = Make("0 3 * * *", absl::Hours(1));
  for (const char* last : {"2026-05-02 03:00", "2026-05-02 03:50"}) {
    const Due due = schedule.DueAt(At(last), At("2026-05-02 03:59"), kUid);
    EXPECT_FALSE(due.now);
    EXPECT_EQ(due.window.start, At("2026-05-03 03:00"));
  }
}

TEST(DueTest, ACreationInAWindowWaitsForTheNext) {
  const Schedule schedule = Make("cron(0 8/8 * * ? *)");
  const absl::Time created = At("2026-05-01 08:10");
  const Due due = schedule.DueAt(created, created, kUid);
  EXPECT_FALSE(due.now);
  EXPECT_FALSE(due.missed);
  EXPECT_EQ(due.window.start, At("2026-05-01 16:00"));
}

TEST(DueTest, AMissedTimeIsMadeUpInTheNextWindowAndNotBefore) {
  const Schedule schedule = Make("0 3 * * 0", absl::Hours(2));
  const absl::Time last = At("2026-05-03 03:30");
  // Down over two Sundays.
  for (const char* now :
       {"2026-05-10 05:00", "2026-05-17 05:00", "2026-05-20 12:00"}) {
    const Due due = schedule.DueAt(last, At(now), kUid);
    EXPECT_FALSE(due.now) << now;
    EXPECT_TRUE(due.missed) << now;
    EXPECT_GT(due.window.start, At(now));
  }
  EXPECT_EQ(schedule.DueAt(last, At("2026-05-20 12:00"), kUid).window.start,
            At("2026-05-24 03:00"));
  // Up again in the middle of one: at once, if its own place is over.
  const Due due = schedule.DueAt(last, At("2026-05-17 04:59"), kUid);
  EXPECT_TRUE(due.now);
  EXPECT_TRUE(due.missed);
  EXPECT_EQ(due.window.start, At("2026-05-17 03:00"));
}

TEST(DueTest, AnAgeCountsFromTheDayOfTheLastRun) {
  const Schedule schedule = Make("rate(10 days)", absl::Hours(2));
  const Due due =
      schedule.DueAt(At("2026-05-01 13:00"), At("2026-05-11 01:59"), kUid);
  EXPECT_EQ(due.window,
            (Window{At("2026-05-11 00:00"), At("2026-05-11 02:00")}));
  EXPECT_TRUE(due.now);
  EXPECT_FALSE(due.missed);
  // Changed by hand since.
  EXPECT_FALSE(
      schedule.DueAt(At("2026-05-09 13:00"), At("2026-05-11 01:59"), kUid).now);
}

TEST(DueTest, AValueThatIsTooOldIsRotatedInAWindowOfTheNextNight) {
  const Schedule schedule =
      Make("rate(10 days)", absl::Hours(2), "Europe/Berlin");
  const absl::Time last = At("2026-05-01 13:00");
  Due due = schedule.DueAt(last, At("2026-05-20 12:00"), kUid);
  EXPECT_EQ(due.window,
            (Window{At("2026-05-20 22:00"), At("2026-05-21 00:00")}));
  EXPECT_FALSE(due.now);
  EXPECT_TRUE(due.missed);
  due = schedule.DueAt(last, At("2026-05-20 23:59"), kUid);
  EXPECT_EQ(due.window.start, At("2026-05-20 22:00"));
  EXPECT_TRUE(due.now);
  // Then it counts anew.
  due = schedule.DueAt(At("2026-05-20 23:59"), At("2026-05-21 00:00"), kUid);
  EXPECT_FALSE(due.now);
  EXPECT_FALSE(due.missed);
  EXPECT_EQ(due.window.start, At("2026-05-30 22:00"));
}

// Each night has a window of its own, also after a day of 23 hours.
TEST(DueTest, ALateWindowEndsWhereTheNextNightBegins) {
  const Schedule schedule =
      Make("rate(1 day)", absl::Hours(24), "Europe/Berlin");
  EXPECT_EQ(schedule.DueAt(At("2026-03-01 12:00"), At("2026-03-29 12:00"), kUid)
                .window,
            (Window{At("2026-03-28 23:00"), At("2026-03-29 22:00")}));
}

// Where midnight comes twice, the first is the day's begin, and what is after
// it is in the new day's window.
TEST(DueTest, ALateWindowIsFoundWhereMidnightComesTwice) {
  const Schedule schedule =
      Make("rate(1 day)", absl::nullopt, "America/St_Johns");
  EXPECT_EQ(schedule.DueAt(At("2010-10-01 12:00"), At("2010-11-07 02:45"), kUid)
                .window,
            (Window{At("2010-11-07 02:30"), At("2010-11-08 03:30")}));
}

TEST(DueTest, AnAgeInHoursIsMadeUpWithinTheHour) {
  const Schedule schedule = Make("rate(4 hours)", absl::Hours(2));
  const absl::Time last = At("2026-05-01 00:30");
  EXPECT_EQ(schedule.DueAt(last, At("2026-05-01 05:59"), kUid).window,
            (Window{At("2026-05-01 04:00"), At("2026-05-01 06:00")}));
  const Due due = schedule.DueAt(last, At("2026-05-01 23:50"), kUid);
  EXPECT_EQ(due.window,
            (Window{At("2026-05-01 23:00"), At("2026-05-02 00:00")}));
  EXPECT_TRUE(due.now);
  EXPECT_TRUE(due.missed);
}

TEST(DueTest, ALastRunAheadOfTheClockIsBelievedForADay) {
  const absl::Time now = At("2026-05-02 03:59");
  for (const char* expression : {"0 3 * * *", "rate(1 day)"}) {
    const Schedule schedule = Make(expression);
    const Due soon = schedule.DueAt(now + absl::Seconds(2), now, kUid);
    EXPECT_FALSE(soon.now);
    EXPECT_FALSE(soon.missed);
    // A clock that was wrong by years stops nothing for years.
    const Due wrong =
        schedule.DueAt(At("2099-01-01 00:00"), At("2026-05-02 23:59"), kUid);
    EXPECT_TRUE(wrong.now);
    EXPECT_TRUE(wrong.missed);
    EXPECT_TRUE(
        schedule.DueAt(absl::InfiniteFuture(), At("2026-05-02 23:59"), kUid)
            .now);
  }
}

TEST(DueTest, HoldsAtTheEndsOfTime) {
  for (const char* expression : {"0 3 * * *", "rate(1 day)", "rate(4 hours)"}) {
    const Schedule schedule = Make(expression);
    for (const absl::Time last : {absl::InfinitePast(), absl::InfiniteFuture(),
                                  At("2026-05-02 03:59")}) {
      for (const absl::Time now :
           {absl::InfinitePast(), absl::InfiniteFuture()}) {
        const Due due = schedule.DueAt(last, now, kUid);
        EXPECT_LE(due.window.start, due.start);
        EXPECT_TRUE(!due.now || due.start < due.window.end);
      }
    }
    const Due never =
        schedule.DueAt(At("2026-05-02 03:59"), absl::InfinitePast(), kUid);
    EXPECT_FALSE(never.now && never.start == absl::InfiniteFuture());
  }
}

// A service that looks every 7 minutes for two years, is down for some of
// them, and whose runs sometimes fail.
TEST(DueTest, RunsOnceAWindowWhateverHappens) {
  struct Case {
    const char* expression;
    const char* zone;
  };
  for (const Case& c : std::vector<Case>{{"30 2 * * *", "Europe/Berlin"},
                                         {"0 */6 * * *", "America/New_York"},
                                         {"cron(15 2 ? * SUN *)", "UTC"},
                                         {"rate(7 days)", "Europe/Berlin"},
                                         {"rate(5 hours)", "UTC"}}) {
    SCOPED_TRACE(c.expression);
    const Schedule schedule =
        Schedule::Parse(c.expression, c.zone, absl::Hours(1)).value();
    absl::Time last = At("2026-01-01 00:00");
    absl::Time used = absl::InfinitePast();
    int runs = 0;
    int made_up = 0;
    for (absl::Time now = last; now < At("2028-01-01 00:00");
         now += absl::Minutes(7)) {
      const int64_t hour = absl::ToUnixSeconds(now) / 3600;
      if (hour / 24 % 20 < 3 || hour % 19 == 7) continue;  // Down.
      const Due due = schedule.DueAt(last, now, kUid);
      if (!due.now) {
        ASSERT_GT(due.start, now);
        continue;
      }
      ASSERT_GE(now, due.window.start);
      ASSERT_LT(now, due.window.end);
      if (hour % 17 == 3) continue;  // Fails.
      ASSERT_GT(due.window.start, used) << now;
      used = due.window.start;
      last = now + absl::Minutes(1);
      ++runs;
      made_up += due.missed ? 1 : 0;
      ASSERT_FALSE(schedule.DueAt(last, last, kUid).now);
    }
    EXPECT_GT(runs, 50);
    EXPECT_GT(made_up, 5);
  }
}

}  // namespace
}  // namespace keyward::schedule
