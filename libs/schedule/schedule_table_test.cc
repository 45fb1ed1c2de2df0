// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Where windows begin, row by row.
//
// The rows were chosen by hand, at the places where calendars and zones are
// odd; the last column was written by a Python program that has nothing of
// this code: croniter 7.0 gave the local times, from expressions that were
// translated to its dialect by hand, and the standard library's zoneinfo (tz
// database 2025b) their moments; rates it counted with datetime. For the
// transitions of clocks the results were compared with the rules by hand too.

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/schedule/schedule.h"

namespace keyward::schedule {
namespace {

struct Row {
  const char* expression;
  const char* zone;
  const char* after;
  const char* start;
};

constexpr Row kRows[] = {
    // AWS's examples and fields.
    {"cron(0 8/8 * * ? *)", "UTC", "2026-05-01T08:00:00Z",
     "2026-05-01T16:00:00Z"},
    {"cron(0 8/8 * * ? *)", "UTC", "2026-05-01T16:00:00Z",
     "2026-05-02T08:00:00Z"},
    {"cron(0 4/12 * * ? *)", "UTC", "2026-05-01T15:59:59Z",
     "2026-05-01T16:00:00Z"},
    {"cron(0 8 1/10 * ? *)", "UTC", "2026-05-21T08:00:00Z",
     "2026-05-31T08:00:00Z"},
    {"cron(0 8 1/10 * ? *)", "UTC", "2026-06-21T08:00:00Z",
     "2026-07-01T08:00:00Z"},
    {"cron(0 0 ? * SUN#1 *)", "UTC", "2026-05-03T00:00:00Z",
     "2026-06-07T00:00:00Z"},
    {"cron(0 0 ? * 1#5 *)", "UTC", "2026-05-31T00:00:00Z",
     "2026-08-30T00:00:00Z"},
    {"cron(0 16 L * ? *)", "UTC", "2026-02-01T00:00:00Z",
     "2026-02-28T16:00:00Z"},
    {"cron(0 16 L * ? *)", "UTC", "2028-02-01T00:00:00Z",
     "2028-02-29T16:00:00Z"},
    {"cron(0 16 l 4,6 ? *)", "UTC", "2026-04-30T16:00:00Z",
     "2026-06-30T16:00:00Z"},
    {"cron(30 2 ? * FRIL *)", "UTC", "2026-05-29T02:30:00Z",
     "2026-06-26T02:30:00Z"},
    {"cron(30 2 ? * 6L *)", "UTC", "2026-05-29T02:29:59Z",
     "2026-05-29T02:30:00Z"},
    {"cron(0 1 ? * L *)", "UTC", "2026-05-02T01:00:00Z",
     "2026-05-09T01:00:00Z"},
    {"cron(0 10 ? * MON-FRI *)", "UTC", "2026-05-01T10:00:00Z",
     "2026-05-04T10:00:00Z"},
    {"cron(0 10 ? * 2-6 *)", "UTC", "2026-05-01T10:00:00Z",
     "2026-05-04T10:00:00Z"},
    {"cron(0 10 ? * 1,7 *)", "UTC", "2026-05-03T10:00:00Z",
     "2026-05-09T10:00:00Z"},
    {"cron(0 10 ? * */3 *)", "UTC", "2026-05-03T10:00:00Z",
     "2026-05-06T10:00:00Z"},
    {"cron(0 0 1 JAN,jul ? *)", "UTC", "2026-01-01T00:00:00Z",
     "2026-07-01T00:00:00Z"},
    {"cron(0 0 1 3/4 ? *)", "UTC", "2026-07-01T00:00:00Z",
     "2026-11-01T00:00:00Z"},
    {"cron(0 9-17/4 15 FEB-APR ? *)", "UTC", "2026-03-15T17:00:00Z",
     "2026-04-15T09:00:00Z"},
    {"cron(59 23 31 12 ? *)", "UTC", "2026-12-31T23:59:00Z",
     "2027-12-31T23:59:00Z"},
    {"cron(0 0 31 * ? *)", "UTC", "2026-03-31T00:00:00Z",
     "2026-05-31T00:00:00Z"},
    {"cron(0 12 ? 2 2#5 *)", "UTC", "2026-01-01T00:00:00Z",
     "2044-02-29T12:00:00Z"},
    // crontabs.
    {"0 3 * * 1-5", "UTC", "2026-05-01T03:00:00Z", "2026-05-04T03:00:00Z"},
    {"0 3 * * 0", "UTC", "2026-05-01T03:00:00Z", "2026-05-03T03:00:00Z"},
    {"0 3 * * 7", "UTC", "2026-05-01T03:00:00Z", "2026-05-03T03:00:00Z"},
    {"0 3 * * 5-7", "UTC", "2026-05-02T03:00:00Z", "2026-05-03T03:00:00Z"},
    {"0 3 * * */2", "UTC", "2026-05-02T03:00:00Z", "2026-05-03T03:00:00Z"},
    {"0 3 13 * 5", "UTC", "2026-05-08T03:00:00Z", "2026-05-13T03:00:00Z"},
    {"0 3 13 * 5", "UTC", "2026-05-12T03:00:00Z", "2026-05-13T03:00:00Z"},
    {"45 */6 1-31/7 * *", "UTC", "2026-05-29T18:45:00Z",
     "2026-06-01T00:45:00Z"},
    {"0 0 1 1 *", "UTC", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
    // leap days.
    {"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
    {"0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
    {"cron(0 0 L 2 ? *)", "UTC", "2100-01-01T00:00:00Z",
     "2100-02-28T00:00:00Z"},
    {"cron(0 0 L FEB ? *)", "UTC", "2100-02-28T00:00:00Z",
     "2101-02-28T00:00:00Z"},
    {"cron(0 0 ? 2 SUN#5 *)", "UTC", "2099-01-01T00:00:00Z",
     "2128-02-29T00:00:00Z"},
    // Europe/Berlin, 02:00 to 03:00.
    {"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
     "2026-03-29T01:00:00Z"},
    {"30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z",
     "2026-03-30T00:30:00Z"},
    {"0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
     "2026-03-29T01:00:00Z"},
    {"0 * * * *", "Europe/Berlin", "2026-03-29T01:00:00Z",
     "2026-03-29T02:00:00Z"},
    {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
     "2026-10-25T00:30:00Z"},
    {"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z",
     "2026-10-26T01:30:00Z"},
    {"30 2 * * *", "Europe/Berlin", "2026-10-25T01:15:00Z",
     "2026-10-26T01:30:00Z"},
    {"0 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
     "2026-10-25T02:00:00Z"},
    {"0 0 * * *", "Europe/Berlin", "2026-03-29T12:00:00Z",
     "2026-03-29T22:00:00Z"},
    {"0 3 * * *", "Europe/Berlin", "2080-03-30T12:00:00Z",
     "2080-03-31T01:00:00Z"},
    // America/New_York, 02:00 to 03:00.
    {"cron(0 2 ? * SUN *)", "America/New_York", "2026-03-02T00:00:00Z",
     "2026-03-08T07:00:00Z"},
    {"cron(0 2 ? * SUN *)", "America/New_York", "2026-03-08T07:00:00Z",
     "2026-03-15T06:00:00Z"},
    {"cron(30 1 ? * SUN#1 *)", "America/New_York", "2026-10-31T00:00:00Z",
     "2026-11-01T05:30:00Z"},
    {"cron(30 1 ? * SUN#1 *)", "America/New_York", "2026-11-01T05:30:00Z",
     "2026-12-06T06:30:00Z"},
    {"0 2 * * *", "America/New_York", "2006-04-01T12:00:00Z",
     "2006-04-02T07:00:00Z"},
    {"0 2 11 3 *", "America/New_York", "2006-12-01T00:00:00Z",
     "2007-03-11T07:00:00Z"},
    // Australia/Lord_Howe, half an hour.
    {"cron(15 2 * * ? *)", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
     "2026-10-03T15:30:00Z"},
    {"cron(15 2 * * ? *)", "Australia/Lord_Howe", "2026-10-03T15:30:00Z",
     "2026-10-04T15:15:00Z"},
    {"cron(45 1 * * ? *)", "Australia/Lord_Howe", "2026-04-04T00:00:00Z",
     "2026-04-04T14:45:00Z"},
    {"cron(45 1 * * ? *)", "Australia/Lord_Howe", "2026-04-04T14:45:00Z",
     "2026-04-05T15:15:00Z"},
    // America/Sao_Paulo, midnight, until 2019.
    {"0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z",
     "2018-11-04T03:00:00Z"},
    {"0 0 * * *", "America/Sao_Paulo", "2018-11-04T03:00:00Z",
     "2018-11-05T02:00:00Z"},
    {"30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z",
     "2018-02-18T01:30:00Z"},
    {"30 23 * * *", "America/Sao_Paulo", "2018-02-18T01:30:00Z",
     "2018-02-19T02:30:00Z"},
    {"0 0 * * *", "America/Sao_Paulo", "2026-11-01T12:00:00Z",
     "2026-11-02T03:00:00Z"},
    // Asia/Kathmandu, 05:45, before 1986 05:30.
    {"0 6 * * *", "Asia/Kathmandu", "2026-05-01T00:14:59Z",
     "2026-05-01T00:15:00Z"},
    {"0 6 * * *", "Asia/Kathmandu", "2026-05-01T00:15:00Z",
     "2026-05-02T00:15:00Z"},
    {"0 0 1 1 *", "Asia/Kathmandu", "1985-06-01T00:00:00Z",
     "1985-12-31T18:30:00Z"},
    {"10 0 1 1 *", "Asia/Kathmandu", "1985-06-01T00:00:00Z",
     "1985-12-31T18:30:00Z"},
    // Pacific/Apia, without 30 December 2011.
    {"0 2 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"0 2 * * *", "Pacific/Apia", "2011-12-30T10:00:00Z",
     "2011-12-30T12:00:00Z"},
    {"0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"0 * * * *", "Pacific/Apia", "2011-12-30T09:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"0 * * * *", "Pacific/Apia", "2011-12-30T10:00:00Z",
     "2011-12-30T11:00:00Z"},
    // America/St_Johns, 00:01 to 23:01 in 2010.
    {"0 0 * * *", "America/St_Johns", "2010-11-07T02:00:00Z",
     "2010-11-07T02:30:00Z"},
    {"0 0 * * *", "America/St_Johns", "2010-11-07T02:45:00Z",
     "2010-11-08T03:30:00Z"},
    // others.
    {"0 0 1 * *", "Asia/Kolkata", "2026-05-31T18:30:00Z",
     "2026-06-30T18:30:00Z"},
    {"0 0 * * *", "Asia/Pyongyang", "2015-08-14T12:00:00Z",
     "2015-08-14T15:30:00Z"},
    {"15 23 * * *", "Europe/Moscow", "2014-10-25T12:00:00Z",
     "2014-10-25T19:15:00Z"},
    {"0 12 * * *", "Pacific/Kiritimati", "2026-05-01T00:00:00Z",
     "2026-05-01T22:00:00Z"},
    // rates.
    {"rate(4 hours)", "UTC", "2026-05-01T10:37:12Z", "2026-05-01T14:00:00Z"},
    {"rate(4 hours)", "UTC", "1969-12-31T10:37:12Z", "1969-12-31T14:00:00Z"},
    {"rate(1 day)", "UTC", "2026-05-01T23:59:59Z", "2026-05-02T00:00:00Z"},
    {"rate(10 days)", "UTC", "2026-02-20T05:00:00Z", "2026-03-02T00:00:00Z"},
    {"rate(999 days)", "Europe/Berlin", "2026-05-01T05:00:00Z",
     "2029-01-23T23:00:00Z"},
    {"rate(30 days)", "Europe/Berlin", "2026-03-01T23:30:00Z",
     "2026-03-31T22:00:00Z"},
    {"rate(5 hours)", "Asia/Kathmandu", "2026-05-01T10:37:12Z",
     "2026-05-01T15:00:00Z"},
    {"rate(4 hours)", "Europe/Berlin", "2026-03-29T00:10:00Z",
     "2026-03-29T04:00:00Z"},
    {"rate(1 day)", "America/Sao_Paulo", "2018-11-03T12:00:00Z",
     "2018-11-04T03:00:00Z"},
    {"rate(1 day)", "Pacific/Apia", "2011-12-29T12:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"rate(2 days)", "Pacific/Apia", "2011-12-29T12:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"rate(1 day)", "America/St_Johns", "2010-11-07T02:45:00Z",
     "2010-11-08T03:30:00Z"},
};

absl::Time Time(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error))
      << text << ": " << error;
  return time;
}

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

TEST(ScheduleTableTest, WindowsBeginWhereTheTableSays) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(
        absl::StrCat(row.expression, " in ", row.zone, " after ", row.after));
    const absl::StatusOr<Schedule> schedule =
        Schedule::Parse(row.expression, row.zone);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(Text(schedule->NextWindow(Time(row.after)).start), row.start);
    // Nothing lies between: from a moment before it, it is the next too.
    if (!absl::StartsWith(row.expression, "rate")) {
      EXPECT_EQ(
          Text(schedule->NextWindow(Time(row.start) - absl::Nanoseconds(1))
                   .start),
          row.start);
    }
  }
}

struct EndRow {
  const char* expression;
  const char* zone;
  int hours;  // Of the window; 0 for the default.
  const char* after;
  const char* start;
  const char* end;
};

// Thought out by hand.
constexpr EndRow kEnds[] = {
    // A day's default ends with the local day.
    {"0 3 * * *", "UTC", 0, "2026-05-01T00:00:00Z", "2026-05-01T03:00:00Z",
     "2026-05-02T00:00:00Z"},
    {"0 3 * * *", "Europe/Berlin", 0, "2026-05-01T00:00:00Z",
     "2026-05-01T01:00:00Z", "2026-05-01T22:00:00Z"},
    {"0 3 * * *", "Asia/Kathmandu", 0, "2026-05-01T00:00:00Z",
     "2026-05-01T21:15:00Z", "2026-05-02T18:15:00Z"},
    {"rate(1 day)", "UTC", 0, "2026-05-01T12:00:00Z", "2026-05-02T00:00:00Z",
     "2026-05-03T00:00:00Z"},
    // Of 23 and 25 hours.
    {"rate(1 day)", "Europe/Berlin", 0, "2026-03-28T12:00:00Z",
     "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
    {"rate(1 day)", "Europe/Berlin", 0, "2026-10-24T12:00:00Z",
     "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
    // At least an hour, also over midnight.
    {"30 23 * * *", "UTC", 0, "2026-05-01T00:00:00Z", "2026-05-01T23:30:00Z",
     "2026-05-02T00:30:00Z"},
    // An hour's default.
    {"0 3,15 * * *", "UTC", 0, "2026-05-01T00:00:00Z", "2026-05-01T03:00:00Z",
     "2026-05-01T04:00:00Z"},
    {"rate(12 hours)", "UTC", 0, "2026-05-01T00:00:00Z", "2026-05-01T12:00:00Z",
     "2026-05-01T13:00:00Z"},
    // As given; where clocks go forward not into the next one.
    {"0 23 * * *", "UTC", 4, "2026-05-01T00:00:00Z", "2026-05-01T23:00:00Z",
     "2026-05-02T03:00:00Z"},
    {"rate(1 day)", "Europe/Berlin", 24, "2026-03-28T12:00:00Z",
     "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
    {"rate(1 day)", "Europe/Berlin", 24, "2026-10-24T12:00:00Z",
     "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z"},
    {"0 2 * * *", "Pacific/Apia", 24, "2011-12-29T12:00:00Z",
     "2011-12-30T10:00:00Z", "2011-12-30T12:00:00Z"},
};

TEST(ScheduleTableTest, WindowsEndWhereTheTableSays) {
  for (const EndRow& row : kEnds) {
    SCOPED_TRACE(
        absl::StrCat(row.expression, " in ", row.zone, " after ", row.after));
    absl::optional<absl::Duration> window;
    if (row.hours != 0) window = absl::Hours(row.hours);
    const absl::StatusOr<Schedule> schedule =
        Schedule::Parse(row.expression, row.zone, window);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    const Window next = schedule->NextWindow(Time(row.after));
    EXPECT_EQ(Text(next.start), row.start);
    EXPECT_EQ(Text(next.end), row.end);
  }
}

TEST(ScheduleTableTest, NothingComesAtTheEndOfTime) {
  const Window never = {absl::InfiniteFuture(), absl::InfiniteFuture()};
  for (const char* expression :
       {"0 3 * * *", "rate(1 day)", "rate(4 hours)", "cron(0 0 ? 2 SUN#5 *)"}) {
    const Schedule schedule = Schedule::Parse(expression).value();
    EXPECT_EQ(schedule.NextWindow(absl::InfiniteFuture()), never);
    EXPECT_EQ(schedule.NextWindow(Time("9999-01-01T00:00:00Z")), never);
    EXPECT_EQ(schedule.NextWindow(Time("9998-12-31T23:59:59Z")), never);
    EXPECT_LT(schedule.NextWindow(absl::InfinitePast()).start,
              Time("0030-01-01T00:00:00Z"));
  }
}

TEST(ScheduleTableTest, ARarestDayIsFoundInTheFarFuture) {
  EXPECT_EQ(Text(Schedule::Parse("cron(0 0 ? 2 SUN#5 *)", "Europe/Berlin")
                     ->NextWindow(Time("9700-01-01T00:00:00Z"))
                     .start),
            "9728-02-28T23:00:00Z");
}

}  // namespace
}  // namespace keyward::schedule
