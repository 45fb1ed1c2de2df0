// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_SCHEDULE_REFERENCE_CRON_FOR_TESTING_H_
#define KEYWARD_LIBS_SCHEDULE_REFERENCE_CRON_FOR_TESTING_H_

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"

namespace keyward::schedule {

// Whether an expression that Schedule::Parse accepts, other than a rate, names
// a local time: by reading the text anew for each question, with nothing
// prepared, so that it shares no mistake with Cron.
class ReferenceCron {
 public:
  explicit ReferenceCron(absl::string_view expression) {
    six_ = absl::ConsumePrefix(&expression, "cron(") &&
           absl::ConsumeSuffix(&expression, ")");
    fields_ = absl::StrSplit(absl::AsciiStrToUpper(expression), ' ',
                             absl::SkipEmpty());
  }

  int minute() const { return Value(fields_[0]); }

  bool Matches(absl::CivilMinute time) const {
    return time.minute() == minute() && InList(fields_[1], time.hour(), 23) &&
           InList(fields_[3], time.month(), 12) && MatchesDay(time);
  }

 private:
  static int Value(absl::string_view text) {
    static constexpr absl::string_view kMonths =
        "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    int number = 0;
    if (absl::SimpleAtoi(text, &number)) return number;
    return static_cast<int>(kMonths.find(text)) / 3 + 1;
  }

  static bool InList(absl::string_view list, int value, int greatest) {
    for (const absl::string_view entry : absl::StrSplit(list, ',')) {
      const std::vector<std::string> step = absl::StrSplit(entry, '/');
      const std::vector<std::string> ends = absl::StrSplit(step[0], '-');
      int low = greatest == 23 ? 0 : 1;
      int high = greatest;
      if (step[0] != "*") {
        low = Value(ends[0]);
        if (ends.size() == 2) high = Value(ends[1]);
        if (ends.size() == 1 && step.size() == 1) high = low;
      }
      const int by = step.size() == 2 ? Value(step[1]) : 1;
      for (int i = low; i <= high; i += by) {
        if (i == value) return true;
      }
    }
    return false;
  }

  // The text of a field of weekdays with numbers from 1 for Sunday instead of
  // names and of a crontab's numbers.
  std::string Weekdays() const {
    static constexpr absl::string_view kNames[] = {"SUN", "MON", "TUE", "WED",
                                                   "THU", "FRI", "SAT"};
    std::string result;
    absl::string_view rest = fields_[4];
    bool is_step = false;
    while (!rest.empty()) {
      bool is_name = false;
      for (int i = 0; i < 7 && !is_name; ++i) {
        is_name = absl::ConsumePrefix(&rest, kNames[i]);
        if (is_name) result += static_cast<char>('1' + i);
      }
      if (is_name) continue;
      size_t digits = 0;
      while (digits < rest.size() && absl::ascii_isdigit(rest[digits])) {
        ++digits;
      }
      if (digits > 0) {
        result += std::to_string(Value(rest.substr(0, digits)) +
                                 (!six_ && !is_step ? 1 : 0));
        rest.remove_prefix(digits);
        continue;
      }
      result += rest[0];
      if (rest[0] == '/') is_step = true;
      if (rest[0] == ',') is_step = false;
      rest.remove_prefix(1);
    }
    return result;
  }

  bool MatchesDay(absl::CivilMinute time) const {
    const absl::CivilDay day(time);
    const bool is_last_week = (day + 7).month() != day.month();
    const bool is_last = (day + 1).month() != day.month();
    // 1 for Sunday; 3 January 2021 was one.
    const int weekday =
        static_cast<int>(((day - absl::CivilDay(2021, 1, 3)) % 7 + 7) % 7) + 1;
    std::string weekdays = Weekdays();
    if (six_) {
      if (fields_[2] == "L") return is_last;
      if (fields_[2] != "?") return InList(fields_[2], day.day(), 31);
      if (weekdays == "L") return weekday == 7;
      if (weekdays.back() == 'L') {
        return weekdays[0] - '0' == weekday && is_last_week;
      }
      if (absl::StrContains(weekdays, '#')) {
        return weekdays[0] - '0' == weekday &&
               (day.day() + 6) / 7 ==
                   Value(fields_[4].substr(fields_[4].find('#') + 1));
      }
      return InList(weekdays, weekday, 7);
    }
    const bool in_days = InList(fields_[2], day.day(), 31);
    // Sunday is 1 and, once a crontab's 7 has become one, 8.
    bool in_weekdays = InList(weekdays, weekday, 7);
    if (weekday == 1) {
      for (const absl::string_view entry : absl::StrSplit(weekdays, ',')) {
        if (!absl::StartsWith(entry, "*")) {
          in_weekdays = in_weekdays || InList(entry, 8, 8);
        }
      }
    }
    if (fields_[2] == "*") return in_weekdays;
    if (fields_[4] == "*") return in_days;
    return in_days || in_weekdays;
  }

  bool six_ = false;
  std::vector<std::string> fields_;
};

}  // namespace keyward::schedule

#endif  // KEYWARD_LIBS_SCHEDULE_REFERENCE_CRON_FOR_TESTING_H_
