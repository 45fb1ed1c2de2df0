// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/schedule/schedule.h"

namespace keyward::schedule {
namespace {

using std::string_literals::operator""s;

struct Refused {
  std::string expression;
  std::string message;  // What it has to contain.
};

TEST(ScheduleParseTest, ErrorsNameTheFieldThePlaceAndTheRule) {
  const std::string unnamed = "must be rate(...), cron(...), or five fields";
  const std::string rate = "rate, at byte 6: must be rate(N hours)";
  const std::string never = "day of month, at byte 5: never comes";
  for (const Refused& refused : std::initializer_list<Refused>{
           {"", unnamed},
           {"   ", unnamed},
           {"@daily", unnamed},
           {"every 4 hours", unnamed},
           {"0 3 * *", unnamed},
           {"0 3 * * ? *", unnamed},
           {"TZ=UTC 0 3 * * *", unnamed},
           {"CRON(0 3 * * ? *)", unnamed},
           {"cron(0 3 * * ? *", unnamed},
           {"cron(0 3 * * ?)", "must have six fields"},
           {"cron(0 3 * * ? * *)", "must have six fields"},
           {"cron(0\t3 * * ? *)", "must be printable ASCII"},
           {"0 3 * * *\n", "must be printable ASCII"},
           {"0 3 * * \xc3\xa9", "must be printable ASCII"},
           {"0 3 * * *\0"s, "must be printable ASCII"},
           {std::string(257, ' '), "must be at most 256 bytes long"},
           // Minutes.
           {"* 3 * * *", "minutes, at byte 1: must be one number of 0 to 59"},
           {"0,30 3 * * *", "minutes, at byte 1"},
           {"*/5 * * * *", "minutes, at byte 1"},
           {"60 3 * * *", "minutes, at byte 1"},
           {"-1 3 * * *", "minutes, at byte 1"},
           {"cron(  0/5 3 * * ? *)", "minutes, at byte 8"},
           // Hours.
           {"0 24 * * *", "hours, at byte 3: must be 0 to 23"},
           {"0 3, * * *", "hours, at byte 5: must be 0 to 23"},
           {"0 ,3 * * *", "hours, at byte 3: must be 0 to 23"},
           {"0 1-2-3 * * *", "hours, at byte 7: must be a range of two"},
           {"0 22-4 * * *", "hours, at byte 3: must be a range from the lower"},
           {"0 1,*/0 * * *", "hours, at byte 7: must be a step of 1 to 24"},
           {"0 */25 * * *", "hours, at byte 5: must be a step of 1 to 24"},
           {"0 */2/2 * * *", "hours, at byte 7: must have one step"},
           {"0 4/12 * * *", "hours, at byte 3: must have a range before"},
           {"0 0004 * * *", "hours, at byte 3"},
           {"0 ? * * *", "hours, at byte 3"},
           {"cron(0 ? * * ? *)", "hours, at byte 8"},
           {"cron(0 L * * ? *)", "hours, at byte 8: must be 0 to 23"},
           {"0 +4 * * *", "hours, at byte 3"},
           {"0 99999999999999999999 * * *", "hours, at byte 3"},
           // Days of the month.
           {"0 3 0 * *", "day of month, at byte 5: must be 1 to 31"},
           {"0 3 32 * *", "day of month, at byte 5: must be 1 to 31"},
           {"0 3 ? * *", "? is only in cron(...)"},
           {"0 3 L * *", "L and # are only in cron(...)"},
           {"0 3 30 2 *", never},
           {"0 3 31 2,4,6,9,11 *", never},
           {"0 3 31 APR *", never},
           {"cron(0 3 30 2 ? *)", "day of month, at byte 10: never comes"},
           {"cron(0 3 15W * ? *)", "there is no W"},
           {"cron(0 3 LW * ? *)", "there is no W"},
           {"cron(0 3 15,L * ? *)",
            "day of month, at byte 13: must be 1 to 31"},
           {"cron(0 3 L-3 * ? *)", "day of month, at byte 10"},
           {"cron(0 3 1,? * ? *)", "day of month, at byte 12: ? must stand"},
           {"cron(0 3 1,? * SUN *)", "must be ? if day of week is not"},
           {"cron(0 3 * * * *)", "must be ? if day of week is not"},
           {"cron(0 3 ? * ? *)", "must be ? if day of week is not"},
           // Months.
           {"0 3 * 13 *", "month, at byte 7: must be 1 to 12 or JAN to DEC"},
           {"0 3 * 0 *", "month, at byte 7"},
           {"0 3 * JANUARY *", "month, at byte 7"},
           {"0 3 * NOV-FEB *", "month, at byte 7: must be a range from"},
           {"cron(0 3 * ? ? *)", "month, at byte 12"},
           // Weekdays.
           {"0 3 * * 8", "day of week, at byte 9: must be 0 to 7"},
           {"0 3 * * FRI-SUN", "day of week, at byte 9: must be a range"},
           {"0 3 * * SUN#1", "L and # are only in cron(...)"},
           {"0 3 * * 5L", "L and # are only in cron(...)"},
           {"0 3 */2 * 1", "day of month, at byte 5: must be a range instead"},
           {"0 3 * * 1-7/8",
            "day of week, at byte 13: must be a step of 1 to 7"},
           {"0 3 13 * */2", "day of week, at byte 10: must be a range instead"},
           {"0 3 13 * *,1", "day of week, at byte 10: must be a range instead"},
           {"cron(0 3 ? * 0 *)", "day of week, at byte 14: must be 1 to 7"},
           {"cron(0 3 ? * 8 *)", "day of week, at byte 14: must be 1 to 7"},
           {"cron(0 3 ? * SUN#0 *)", "day of week, at byte 18: must have 1"},
           {"cron(0 3 ? * SUN#6 *)", "day of week, at byte 18: must have 1"},
           {"cron(0 3 ? * SUN#1#1 *)", "day of week, at byte 18"},
           {"cron(0 3 ? * SUN#1,2 *)", "day of week, at byte 18"},
           {"cron(0 3 ? * #1 *)", "day of week, at byte 14"},
           {"cron(0 3 ? * MON-FRI#1 *)", "day of week, at byte 14"},
           {"cron(0 3 ? * MON-FRIL *)",
            "day of week, at byte 18: must be 1 to 7"},
           {"cron(0 3 ? * LL *)", "day of week, at byte 14"},
           {"cron(0 3 ? * FRI,L *)", "day of week, at byte 18"},
           // Years.
           {"cron(0 3 * * ? 2027)", "year, at byte 16: must be *"},
           {"cron(0 3 * * ? ?)", "year, at byte 16: must be *"},
           // Rates.
           {"rate()", rate},
           {"rate(3 hours)", rate},
           {"rate(0 days)", rate},
           {"rate(1000 days)", rate},
           {"rate(23977 hours)", rate},
           {"rate(99999999999999999999 days)", rate},
           {"rate(-4 hours)", rate},
           {"rate(+4 hours)", rate},
           {"rate(04 hours)", rate},
           {"rate(4.5 hours)", rate},
           {"rate(4  hours)", rate},
           {"rate( 4 hours)", rate},
           {"rate(4 hours )", rate},
           {"rate(4hours)", "rate, at byte 6"},
           {"rate(240 minutes)", rate},
           {"rate(4 Hours)", rate},
           {"rate(4)", rate},
       }) {
    const absl::Status status = Schedule::Parse(refused.expression).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << refused.expression;
    EXPECT_EQ(ErrorReason(status), kInvalidField) << refused.expression;
    EXPECT_TRUE(absl::StartsWith(status.message(), "schedule.expression: "))
        << status;
    EXPECT_TRUE(absl::StrContains(status.message(), refused.message))
        << refused.expression << ": " << status.message();
  }
}

TEST(ScheduleParseTest, TakesTheBoundsOfEachField) {
  for (const char* expression : {"0 0 1 1 0",
                                 "59 23 31 12 7",
                                 "  0  3 * * *  ",
                                 "0 */24 */31 */12 *",
                                 "0 3 * * */7",
                                 "0 0-23/24 1-31 1-12 0-7",
                                 "0 3 * * sun,Mon,SAT",
                                 "0 3 1,1,1 * *",
                                 "007 003 * * *",
                                 "0 3 29 2 *",
                                 "0 3 30 1,2 *",
                                 "0 3 31 2 1",
                                 "cron(0 3 * * ? *)",
                                 "cron(0 3 ? * * *)",
                                 "cron( 0 3 ? * 1-7 * )",
                                 "cron(0 3 ? * 7L *)",
                                 "cron(0 3 ? 2 mon#5 *)",
                                 "cron(0 3 1/31 1/12 ? *)",
                                 "cron(0 0-23/24 l JUL ? *)",
                                 "rate(4 hours)",
                                 "rate(4 hour)",
                                 "rate(23976 hours)",
                                 "rate(1 day)",
                                 "rate(1 days)",
                                 "rate(999 day)"}) {
    const absl::StatusOr<Schedule> schedule = Schedule::Parse(expression);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(schedule->expression(), expression);
  }
  const std::string longest =
      absl::StrCat("0 3 1", std::string(247, ' '), " * *");
  ASSERT_EQ(longest.size(), Schedule::kMaxExpression);
  EXPECT_TRUE(Schedule::Parse(longest).ok());
}

// People paste secrets anywhere.
TEST(ScheduleParseTest, ErrorsQuoteNothing) {
  for (const char* expression :
       {"canary7f3a", "0 canary7f3a * * *", "cron(0 3 ? * canary7f3aL *)",
        "cron(0 3 ? * SUN#canary7f3a *)", "rate(canary7f3a)",
        "0 */canary7f3a * * *", "cron(0 3 * * ? canary7f3a)"}) {
    const absl::Status status = Schedule::Parse(expression).status();
    EXPECT_FALSE(status.ok()) << expression;
    EXPECT_FALSE(absl::StrContains(status.ToString(), "canary7f3a"));
  }
}

TEST(ScheduleParseTest, TheErrorsOfZoneAndWindowNameTheirField) {
  EXPECT_TRUE(absl::StartsWith(
      Schedule::Parse("0 3 * * *", "Europe/Atlantis", absl::nullopt,
                      "rotation.schedule")
          .status()
          .message(),
      "rotation.schedule.time_zone: is not in this server's tz database"));
  EXPECT_TRUE(absl::StartsWith(
      Schedule::Parse("0 3 * * *", "UTC", absl::Hours(25), "rotation.schedule")
          .status()
          .message(),
      "rotation.schedule.window: must be whole minutes"));
}

TEST(ScheduleParseTest, TheWindowIsOneHourToADayInWholeMinutes) {
  const auto take = [](absl::Duration window) {
    return Schedule::Parse("0 3 1 * *", "UTC", window).status();
  };
  EXPECT_TRUE(take(absl::Hours(1)).ok());
  EXPECT_TRUE(take(absl::Minutes(61)).ok());
  EXPECT_TRUE(take(absl::Hours(24)).ok());
  for (const absl::Duration window :
       {absl::Minutes(59), absl::Hours(24) + absl::Minutes(1),
        absl::ZeroDuration(), -absl::Hours(1), absl::InfiniteDuration(),
        -absl::InfiniteDuration(), absl::Hours(1) + absl::Nanoseconds(1),
        absl::Hours(1) + absl::Seconds(30)}) {
    EXPECT_EQ(take(window).code(), absl::StatusCode::kInvalidArgument)
        << window;
  }
}

struct Distance {
  const char* expression;
  int minutes;  // Of the longest window.
};

TEST(ScheduleParseTest, TheWindowEndsBeforeTheNextStarts) {
  for (const Distance& distance :
       {Distance{"0 * * * *", 60}, Distance{"0 3,5 * * *", 120},
        Distance{"0 1,23 * * *", 120}, Distance{"0 1,23 1 * *", 1320},
        // Neighbours over the end of a month and of a year.
        Distance{"0 1,23 1,28 2,3 *", 120}, Distance{"0 1,23 1,28 3,4 *", 1320},
        Distance{"cron(0 1,23 ? * SAT,SUN *)", 120},
        Distance{"cron(0 1,23 ? * SUN#1 *)", 1320},
        Distance{"0 1,23 1,31 12,1 *", 120}, Distance{"0 0,12 29 2 *", 720},
        Distance{"0 3 * * *", 1440}, Distance{"rate(4 hours)", 240},
        Distance{"rate(23 hours)", 1380}, Distance{"rate(1 day)", 1440}}) {
    EXPECT_TRUE(Schedule::Parse(distance.expression, "UTC",
                                absl::Minutes(distance.minutes))
                    .ok())
        << distance.expression;
    if (distance.minutes == 1440) continue;
    EXPECT_EQ(Schedule::Parse(distance.expression, "UTC",
                              absl::Minutes(distance.minutes + 1))
                  .status()
                  .message(),
              "schedule.window: must end before the schedule's next window "
              "starts")
        << distance.expression;
  }
}

}  // namespace
}  // namespace keyward::schedule
