// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Schedules against a second meaning of their expressions.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/schedule/reference_cron_for_testing.h"
#include "libs/schedule/schedule.h"

namespace keyward::schedule {
namespace {

constexpr const char* kZones[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
};

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

// All starts from `begin` to `end`, found by looking at the clock on the wall
// every minute: what it shows for the first time, and what it leaves out, are
// the times that come.
std::vector<absl::Time> WatchTheClock(const ReferenceCron& cron,
                                      absl::TimeZone zone, absl::Time begin,
                                      absl::Time end) {
  std::vector<absl::Time> starts;
  // Two days earlier, for what is shown a second time soon after `begin`.
  absl::Time now = begin - absl::Hours(48);
  absl::CivilMinute latest = absl::ToCivilMinute(now, zone);
  for (; now < end; now += absl::Minutes(1)) {
    const absl::CivilMinute shown = absl::ToCivilMinute(now, zone);
    bool comes = false;
    while (latest < shown) comes = cron.Matches(++latest) || comes;
    if (comes && now >= begin) starts.push_back(now);
  }
  return starts;
}

struct Years {
  const char* expression;
  const char* zone;
  int first;
};

TEST(SchedulePropertyTest, AgreesWithTheClockOnTheWallForTwoYears) {
  for (const Years& years :
       {Years{"30 2 * * *", "Europe/Berlin", 2026},
        Years{"0 * * * *", "Europe/Berlin", 2026},
        Years{"cron(30 1/3 ? * SUN,2-4 *)", "America/New_York", 2026},
        Years{"15 0-2 * * *", "Australia/Lord_Howe", 2026},
        Years{"0 0 * * *", "America/Sao_Paulo", 2017},
        Years{"30 23,0 1-7 * 6", "America/Sao_Paulo", 2018},
        Years{"0 0 * * *", "America/St_Johns", 2010},
        Years{"cron(10 0 L * ? *)", "Asia/Kathmandu", 1985},
        Years{"cron(0 */5 ? * 6L *)", "Asia/Kathmandu", 2026},
        Years{"0 2,14 * * *", "Pacific/Apia", 2011},
        Years{"45 * 30,31 12 *", "Pacific/Apia", 2011},
        Years{"30 2 * * 0", "Africa/Casablanca", 2026},
        Years{"0 0 29 2 *", "UTC", 2027}}) {
    SCOPED_TRACE(absl::StrCat(years.expression, " in ", years.zone));
    const absl::TimeZone zone = Zone(years.zone);
    const absl::Time begin =
        absl::FromCivil(absl::CivilDay(years.first, 1, 1), zone);
    const absl::Time end =
        absl::FromCivil(absl::CivilDay(years.first + 2, 1, 1), zone);
    const std::vector<absl::Time> expected =
        WatchTheClock(ReferenceCron(years.expression), zone, begin, end);
    const Schedule schedule =
        Schedule::Parse(years.expression, years.zone).value();
    std::vector<absl::Time> found;
    for (absl::Time at =
             schedule.NextWindow(begin - absl::Nanoseconds(1)).start;
         at < end; at = schedule.NextWindow(at).start) {
      found.push_back(at);
    }
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(found, expected);
  }
}

// xorshift64: numbers that are the same everywhere.
class Numbers {
 public:
  int Below(int bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<int>(state_ % static_cast<uint64_t>(bound));
  }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

std::string RandomList(Numbers* numbers, int least, int greatest, bool six) {
  std::string list;
  for (int entries = 1 + numbers->Below(3); entries > 0; --entries) {
    const int low = least + numbers->Below(greatest - least + 1);
    const int high = low + numbers->Below(greatest - low + 1);
    const int step =
        1 + numbers->Below(greatest == 7 ? 7 : greatest - least + 1);
    if (!list.empty()) list += ",";
    switch (numbers->Below(six ? 4 : 3)) {
      case 0:
        absl::StrAppend(&list, low);
        break;
      case 1:
        absl::StrAppend(&list, low, "-", high);
        break;
      case 2:
        absl::StrAppend(&list, low, "-", high, "/", step);
        break;
      default:
        absl::StrAppend(&list, low, "/", step);
    }
  }
  return list;
}

std::string RandomExpression(Numbers* numbers) {
  const bool six = numbers->Below(2) == 0;
  const auto star = [&](std::string list) {
    return numbers->Below(3) == 0 ? "*" : list;
  };
  const std::string minute = absl::StrCat(numbers->Below(60));
  const std::string hours = star(RandomList(numbers, 0, 23, six));
  const std::string months = star(RandomList(numbers, 1, 12, six));
  std::string days = star(RandomList(numbers, 1, 31, six));
  std::string weekdays = star(RandomList(numbers, six ? 1 : 0, 7, six));
  if (!six) {
    return absl::StrJoin({minute, hours, days, months, weekdays}, " ");
  }
  switch (numbers->Below(6)) {
    case 0:
      weekdays = "?";
      days = "L";
      break;
    case 1:
      weekdays =
          absl::StrCat(1 + numbers->Below(7), "#", 1 + numbers->Below(5));
      days = "?";
      break;
    case 2:
      weekdays = absl::StrCat(1 + numbers->Below(7), "L");
      days = "?";
      break;
    case 3:
      weekdays = numbers->Below(2) == 0 ? "L" : "FRI-SAT";
      days = "?";
      break;
    case 4:
      weekdays = "?";
      break;
    default:
      days = "?";
  }
  return absl::StrCat("cron(", minute, " ", hours, " ", days, " ", months, " ",
                      weekdays, " *)");
}

TEST(SchedulePropertyTest, StartsRiseAndAreWhatTheExpressionNames) {
  Numbers numbers;
  int accepted = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string expression = RandomExpression(&numbers);
    const char* const zone_name = kZones[i % 9];
    SCOPED_TRACE(absl::StrCat(expression, " in ", zone_name));
    const absl::StatusOr<Schedule> schedule =
        Schedule::Parse(expression, zone_name);
    if (!schedule.ok()) {
      ASSERT_TRUE(absl::StrContains(schedule.status().message(),
                                    "never comes in these months"))
          << schedule.status();
      continue;
    }
    ++accepted;
    const absl::TimeZone zone = Zone(zone_name);
    const ReferenceCron cron(expression);
    absl::Time after = absl::FromCivil(
        absl::CivilSecond(1970 + numbers.Below(140), 1 + numbers.Below(12),
                          1 + numbers.Below(28), numbers.Below(24), 0, 7),
        zone);
    for (int step = 0; step < 12; ++step) {
      const Window window = schedule->NextWindow(after);
      ASSERT_GT(window.start, after);
      ASSERT_GT(window.end, window.start);
      ASSERT_LE(window.end, schedule->NextWindow(window.start).start);
      // What the clock shows then, or has left out to show that.
      const absl::CivilMinute shown = absl::ToCivilMinute(window.start, zone);
      absl::CivilMinute from =
          absl::ToCivilMinute(window.start - absl::Seconds(1), zone) + 1;
      bool comes = cron.Matches(shown);
      for (; !comes && from < shown; ++from) comes = cron.Matches(from);
      EXPECT_TRUE(comes) << window.start;
      // And between, no time that the expression names. Whole years without one
      // are left to the months.
      absl::CivilMinute between =
          absl::CivilMinute(absl::ToCivilHour(after, zone)) + cron.minute();
      for (int hours = 0; hours < 20000 && between < shown;
           ++hours, between += 60) {
        if (!cron.Matches(between)) continue;
        const absl::TimeZone::TimeInfo info =
            zone.At(absl::CivilSecond(between));
        const absl::Time moment = info.kind == absl::TimeZone::TimeInfo::SKIPPED
                                      ? info.trans
                                      : info.pre;
        EXPECT_TRUE(moment <= after || moment >= window.start) << between;
      }
      after = window.start;
    }
  }
  EXPECT_GT(accepted, 500);
}

TEST(SchedulePropertyTest, RatesRiseByTheirNumber) {
  Numbers numbers;
  for (int i = 0; i < 500; ++i) {
    const bool days = numbers.Below(2) == 0;
    const int count = days ? 1 + numbers.Below(999) : 4 + numbers.Below(23973);
    const char* const zone_name = kZones[i % 9];
    const Schedule schedule =
        Schedule::Parse(
            absl::StrCat("rate(", count, days ? " days)" : " hours)"),
            zone_name)
            .value();
    const absl::Duration unit = days ? absl::Hours(24) : absl::Hours(1);
    const absl::Time after =
        absl::UnixEpoch() + absl::Seconds(numbers.Below(2000000000)) * 2;
    const Window window = schedule.NextWindow(after);
    EXPECT_GT(window.start, after);
    // A day, and what clocks may be set by, around the number.
    EXPECT_GT(window.start, after + (count - 1) * unit - absl::Hours(25));
    EXPECT_LE(window.start, after + count * unit + absl::Hours(25));
    if (days) {
      EXPECT_EQ(absl::ToCivilDay(window.start, Zone(zone_name)) -
                    absl::ToCivilDay(after, Zone(zone_name)),
                count)
          << zone_name << " " << after << " " << count;
    }
  }
}

}  // namespace
}  // namespace keyward::schedule
