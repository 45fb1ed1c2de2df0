// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// When a rotation runs: an expression, a line end, the name of a zone, a line
// end, and choices. The grammar stands here a second time, as regular
// expressions, and what it means in reference_cron_for_testing.h.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/schedule/reference_cron_for_testing.h"
#include "libs/schedule/schedule.h"
#include "re2/re2.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using schedule::Due;
using schedule::ReferenceCron;
using schedule::Schedule;
using schedule::Window;

constexpr char kMonths[] = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC";
constexpr char kWeekdays[] = "SUN|MON|TUE|WED|THU|FRI|SAT";

// Any of these numbers, with or without zeros in front, of three digits.
std::string Numbers(int least, int greatest) {
  std::vector<std::string> numbers;
  for (int number = least; number <= greatest; ++number) {
    std::string digits = absl::StrCat(number);
    for (; digits.size() <= 3; digits.insert(0, "0")) {
      numbers.push_back(digits);
    }
  }
  return absl::StrJoin(numbers, "|");
}

std::string List(const std::string& value, int steps, bool six) {
  const std::string one = absl::StrCat("(?:", value, ")");
  const std::string range = absl::StrCat(one, "-", one);
  const std::string step = absl::StrCat("(?:/(?:", Numbers(1, steps), "))?");
  const std::string entry =
      six ? absl::StrCat("(?:\\*|", range, "|", one, ")", step)
          : absl::StrCat("(?:(?:\\*|", range, ")", step, "|", one, ")");
  return absl::StrCat(entry, "(?:,", entry, ")*");
}

std::string FieldsPattern(bool six) {
  const std::string weekday =
      absl::StrCat(Numbers(six ? 1 : 0, 7), "|", kWeekdays);
  std::vector<std::string> fields = {
      Numbers(0, 59),
      List(Numbers(0, 23), 24, six),
      List(Numbers(1, 31), 31, six),
      List(absl::StrCat(Numbers(1, 12), "|", kMonths), 12, six),
      List(weekday, 7, six),
  };
  if (six) {
    absl::StrAppend(&fields[2], "|L|\\?");
    absl::StrAppend(&fields[4], "|L|\\?|(?:", weekday,
                    ")(?:L|#(?:", Numbers(1, 5), "))");
    fields.push_back("\\*");
  }
  const std::string text =
      absl::StrCat(" *(", absl::StrJoin(fields, ") +("), ") *");
  return six ? absl::StrCat("(?i:cron)\\((?i:", text, ")\\)")
             : absl::StrCat("(?i:", text, ")");
}

int Number(absl::string_view text, absl::string_view names, int first) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return static_cast<int>(names.find(absl::AsciiStrToUpper(text)) / 4) + first;
}

bool RangesRise(absl::string_view list, absl::string_view names, int first) {
  for (const absl::string_view entry : absl::StrSplit(list, ',')) {
    const std::vector<absl::string_view> ends =
        absl::StrSplit(entry.substr(0, entry.find('/')), '-');
    if (ends.size() == 2 &&
        Number(ends[0], names, first) > Number(ends[1], names, first)) {
      return false;
    }
  }
  return true;
}

// Whether it names any time in 28 years, after which weekdays and leap days
// begin anew.
bool ComesOnADay(const ReferenceCron& cron) {
  for (absl::CivilHour hour(2000, 1, 1); hour.year() < 2028; hour += 1) {
    if (cron.Matches(absl::CivilMinute(hour) + cron.minute())) return true;
  }
  return false;
}

bool IsCron(absl::string_view text) {
  static const RE2& six_pattern = *new RE2(FieldsPattern(true), RE2::Latin1);
  static const RE2& five_pattern = *new RE2(FieldsPattern(false), RE2::Latin1);
  FUZZ_CHECK(six_pattern.ok() && five_pattern.ok());
  const re2::StringPiece piece(text.data(), text.size());
  std::string minute, hours, days, months, weekdays, year;
  const bool six = absl::StartsWith(text, "cron(") &&
                   RE2::FullMatch(piece, six_pattern, &minute, &hours, &days,
                                  &months, &weekdays, &year);
  if (!six && !RE2::FullMatch(piece, five_pattern, &minute, &hours, &days,
                              &months, &weekdays)) {
    return false;
  }
  if (!RangesRise(hours, "", 0) || !RangesRise(days, "", 0) ||
      !RangesRise(months, kMonths, 1) ||
      !RangesRise(weekdays, kWeekdays, six ? 1 : 0)) {
    return false;
  }
  if (six && (days == "?") == (weekdays == "?")) return false;
  if (!six && days != "*" && weekdays != "*" &&
      absl::StrContains(days + weekdays, "*")) {
    return false;
  }
  return ComesOnADay(ReferenceCron(text));
}

bool IsRate(absl::string_view text) {
  static const RE2& pattern =
      *new RE2("rate\\(([1-9][0-9]{0,4}) (?:(hours?)|days?)\\)", RE2::Latin1);
  int number = 0;
  std::string hours;
  if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern,
                      &number, &hours)) {
    return false;
  }
  return hours.empty() ? number <= 999 : number >= 4 && number <= 999 * 24;
}

// Whether the clock on the wall shows a time of `cron` at `start`, or has just
// left one out.
bool Comes(const ReferenceCron& cron, absl::TimeZone zone, absl::Time start) {
  const absl::CivilMinute shown = absl::ToCivilMinute(start, zone);
  absl::CivilMinute time =
      absl::ToCivilMinute(start - absl::Nanoseconds(1), zone);
  while (time < shown) {
    if (cron.Matches(++time)) return true;
  }
  return cron.Matches(shown);
}

void CheckSchedule(absl::string_view text, absl::string_view zone,
                   Choices* choices) {
  absl::optional<absl::Duration> window;
  if (choices->Below(2) == 1) {
    window = absl::Minutes(60 + 15 * choices->Below(96));
  }
  const absl::StatusOr<Schedule> plain = Schedule::Parse(text);
  const bool good =
      text.size() <= Schedule::kMaxExpression && (IsRate(text) || IsCron(text));
  FUZZ_CHECK(plain.ok() == good);
  const absl::StatusOr<Schedule> schedule = Schedule::Parse(text, zone, window);
  for (const absl::Status& status : {plain.status(), schedule.status()}) {
    FUZZ_CHECK(status.ok() || absl::IsInvalidArgument(status));
    FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
  }
  if (!schedule.ok()) return;
  FUZZ_CHECK(plain.ok());

  // From 1900 to 2420.
  absl::Time after =
      absl::FromCivil(absl::CivilHour(1900, 1, 1), schedule->time_zone()) +
      absl::Hours(70 * choices->Below(65536)) +
      absl::Seconds(choices->Below(65536));
  const absl::Time last = after;
  for (int i = 0; i < 8; ++i) {
    const Window next = schedule->NextWindow(after);
    FUZZ_CHECK(next.start > after && next.end > next.start);
    FUZZ_CHECK(!window.has_value() || next.end <= next.start + *window);
    FUZZ_CHECK(next.end <= schedule->NextWindow(next.start).start);
    FUZZ_CHECK(IsRate(text) ||
               Comes(ReferenceCron(text), schedule->time_zone(), next.start));
    after = next.start;
    const absl::Time now = after + absl::Minutes(choices->Below(65536));
    const Due due = schedule->DueAt(last, now, zone);
    FUZZ_CHECK(due.window.end > now && due.window.start <= due.start);
    FUZZ_CHECK(due.start < due.window.end);
    FUZZ_CHECK(due.now == (due.start <= now));
    FUZZ_CHECK(!schedule->DueAt(now, now, zone).now);
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view rest = keyward::fuzz::Text(data, size);
  absl::string_view lines[2];
  for (absl::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  keyward::fuzz::Choices choices(rest);
  keyward::fuzz::CheckSchedule(lines[0], lines[1], &choices);
  return 0;
}
