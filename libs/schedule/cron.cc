// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/cron.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace keyward::schedule {
namespace {

// The Gregorian calendar repeats itself, weekdays included, after 400 years.
constexpr int kMonthsOfCalendar = 400 * 12;

constexpr int kMinutesOfDay = 24 * 60;

constexpr absl::string_view kMonthNames[] = {"JAN", "FEB", "MAR", "APR",
                                             "MAY", "JUN", "JUL", "AUG",
                                             "SEP", "OCT", "NOV", "DEC"};
constexpr absl::string_view kWeekdayNames[] = {"SUN", "MON", "TUE", "WED",
                                               "THU", "FRI", "SAT"};

// A field of an expression, and what may stand in it.
struct Field {
  absl::string_view name;
  int least;
  int greatest;
  int steps;                                  // The greatest step.
  absl::Span<const absl::string_view> names;  // Of `least` and up.
  bool six;   // AWS's, where `4/12` goes on to the greatest.
  bool days;  // Of days, where AWS has ?, L and #.
};

// Text and where it begins in the expression.
struct Piece {
  absl::string_view text;
  int byte = 0;
};

absl::Status Error(const Field& field, int byte, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field.name, ", at byte ", byte, ": ", rule));
}

std::string Bounds(const Field& field) {
  std::string bounds = absl::StrCat(field.least, " to ", field.greatest);
  if (!field.names.empty()) {
    absl::StrAppend(&bounds, " or ", field.names.front(), " to ",
                    field.names.back());
  }
  return bounds;
}

// Cuts `piece` at every `separator`; always at least one piece, maybe empty.
std::vector<Piece> Split(Piece piece, char separator) {
  std::vector<Piece> pieces;
  while (true) {
    const size_t end = std::min(piece.text.find(separator), piece.text.size());
    pieces.push_back({piece.text.substr(0, end), piece.byte});
    if (end == piece.text.size()) return pieces;
    piece.text.remove_prefix(end + 1);
    piece.byte += static_cast<int>(end) + 1;
  }
}

// The number that `text` is, of at most three digits; absent otherwise.
absl::optional<int> Number(absl::string_view text) {
  if (text.empty() || text.size() > 3) return absl::nullopt;
  int number = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return absl::nullopt;
    }
    number = number * 10 + (c - '0');
  }
  return number;
}

absl::StatusOr<int> ParseValue(const Field& field, Piece piece) {
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (absl::EqualsIgnoreCase(piece.text, field.names[i])) {
      return field.least + static_cast<int>(i);
    }
  }
  const absl::optional<int> number = Number(piece.text);
  if (!number.has_value() || *number < field.least ||
      *number > field.greatest) {
    std::string rule = absl::StrCat("must be ", Bounds(field));
    if (!field.days) return Error(field, piece.byte, rule);
    if (absl::StrContains(piece.text, '?')) {
      rule = field.six ? "? must stand alone, in a field of days"
                       : "? is only in cron(...) of six fields; write *";
    } else if (absl::StrContains(piece.text, '#') ||
               absl::StrContains(piece.text, 'L') ||
               absl::StrContains(piece.text, 'W')) {
      absl::StrAppend(&rule, field.six
                                 ? "; L and # must be all there is in a field "
                                   "of days, and there is no W"
                                 : "; L and # are only in cron(...) of six "
                                   "fields, and there is no W");
    }
    return Error(field, piece.byte, rule);
  }
  return *number;
}

// One entry of a list: *, a value, a range, each maybe with a step.
absl::StatusOr<uint64_t> ParseEntry(const Field& field, Piece piece) {
  const std::vector<Piece> parts = Split(piece, '/');
  if (parts.size() > 2) {
    return Error(field, parts[2].byte, "must have one step, as in */2");
  }
  int first = field.least;
  int last = field.greatest;
  if (parts[0].text != "*") {
    const std::vector<Piece> ends = Split(parts[0], '-');
    if (ends.size() > 2) {
      return Error(field, ends[2].byte, "must be a range of two values");
    }
    const absl::StatusOr<int> from = ParseValue(field, ends[0]);
    if (!from.ok()) return from.status();
    first = *from;
    if (ends.size() == 2) {
      const absl::StatusOr<int> to = ParseValue(field, ends[1]);
      if (!to.ok()) return to.status();
      if (*to < first) {
        return Error(field, ends[0].byte,
                     "must be a range from the lower value to the higher; "
                     "write two of them, with a comma");
      }
      last = *to;
    } else if (parts.size() == 1) {
      last = first;
    } else if (!field.six) {
      // Some crons take `4/12` as 4 alone, some as 4-23/12.
      return Error(field, parts[0].byte, "must have a range before the step");
    }
  }
  int step = 1;
  if (parts.size() == 2) {
    const absl::optional<int> number = Number(parts[1].text);
    if (!number.has_value() || *number < 1 || *number > field.steps) {
      return Error(field, parts[1].byte,
                   absl::StrCat("must be a step of 1 to ", field.steps));
    }
    step = *number;
  }
  uint64_t set = 0;
  for (int value = first; value <= last; value += step) {
    set |= uint64_t{1} << value;
  }
  return set;
}

absl::StatusOr<uint64_t> ParseSet(const Field& field, Piece piece) {
  uint64_t set = 0;
  for (const Piece& entry : Split(piece, ',')) {
    const absl::StatusOr<uint64_t> part = ParseEntry(field, entry);
    if (!part.ok()) return part.status();
    set |= *part;
  }
  return set;
}

// The fields of an expression, which spaces separate.
std::vector<Piece> Words(absl::string_view text, int first_byte) {
  std::vector<Piece> words;
  for (const Piece& word : Split({text, first_byte}, ' ')) {
    if (!word.text.empty()) words.push_back(word);
  }
  return words;
}

int DaysIn(absl::CivilMonth month) {
  return static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}

bool Contains(uint64_t set, int value) { return (set >> value & 1) != 0; }

int Lowest(uint64_t set) {
  int value = 0;
  while (!Contains(set, value)) ++value;
  return value;
}

int Highest(uint64_t set) {
  int value = 63;
  while (!Contains(set, value)) --value;
  return value;
}

bool IsUnrestricted(absl::string_view field) {
  return field == "*" || field == "?";
}

}  // namespace

absl::StatusOr<Cron> Cron::ParseSix(absl::string_view fields, int first_byte) {
  return Parse(fields, Kind::kSix, first_byte);
}

absl::StatusOr<Cron> Cron::ParseFive(absl::string_view fields) {
  return Parse(fields, Kind::kFive, 1);
}

absl::StatusOr<Cron> Cron::Parse(absl::string_view fields, Kind kind,
                                 int first_byte) {
  const bool six = kind == Kind::kSix;
  const Field minutes = {"minutes", 0, 59, 60, {}, six, false};
  const Field hours = {"hours", 0, 23, 24, {}, six, false};
  const Field days = {"day of month", 1, 31, 31, {}, six, true};
  const Field months = {"month", 1, 12, 12, kMonthNames, six, false};
  const Field weekdays = {"day of week", six ? 1 : 0, 7,   7,
                          kWeekdayNames, six,         true};
  const std::vector<Piece> words = Words(fields, first_byte);
  if (words.size() != (six ? 6 : 5)) {
    return absl::InvalidArgumentError(absl::StrCat(
        six ? "cron(...) must have six fields, minutes hours day-of-month "
              "month day-of-week year"
            : "must be rate(...), cron(...), or five fields, minutes hours "
              "day-of-month month day-of-week",
        ", not ", words.size()));
  }
  Cron cron;

  const absl::optional<int> minute = Number(words[0].text);
  if (!minute.has_value() || *minute > 59) {
    return Error(minutes, words[0].byte,
                 "must be one number of 0 to 59: a rotation starts once an "
                 "hour at most");
  }
  cron.minute_ = *minute;

  const absl::StatusOr<uint64_t> hour_set = ParseSet(hours, words[1]);
  if (!hour_set.ok()) return hour_set.status();
  cron.hours_ = *hour_set;

  const absl::string_view day_text = words[2].text;
  const absl::string_view weekday_text = words[4].text;
  if (six && (day_text == "?") == (weekday_text == "?")) {
    return Error(days, words[2].byte,
                 "must be ? if day of week is not, and must not if it is");
  }
  if (six && absl::EqualsIgnoreCase(day_text, "L")) {
    cron.last_day_ = true;
  } else if (six && day_text == "?") {
    cron.days_ = ~uint64_t{0};
  } else {
    const absl::StatusOr<uint64_t> set = ParseSet(days, words[2]);
    if (!set.ok()) return set.status();
    cron.days_ = *set;
  }

  const absl::StatusOr<uint64_t> month_set = ParseSet(months, words[3]);
  if (!month_set.ok()) return month_set.status();
  cron.months_ = *month_set;

  if (six) {
    Piece name = words[4];
    const std::vector<Piece> parts = Split(words[4], '#');
    if (name.text == "?") {
      cron.weekdays_ = ~uint64_t{0};
    } else if (absl::EqualsIgnoreCase(name.text, "L")) {
      cron.weekdays_ = uint64_t{1} << 6;
    } else if (parts.size() > 1) {
      const absl::StatusOr<int> value = ParseValue(weekdays, parts[0]);
      if (!value.ok()) return value.status();
      const absl::optional<int> nth = Number(parts[1].text);
      if (parts.size() > 2 || !nth.has_value() || *nth < 1 || *nth > 5) {
        return Error(weekdays, parts[1].byte,
                     "must have 1 to 5 after the #, and nothing else");
      }
      cron.weekdays_ = uint64_t{1} << (*value - 1);
      cron.nth_weekday_ = *nth;
    } else if (absl::EndsWithIgnoreCase(name.text, "L") &&
               name.text.find_first_of(",-/") == absl::string_view::npos) {
      name.text.remove_suffix(1);
      const absl::StatusOr<int> value = ParseValue(weekdays, name);
      if (!value.ok()) return value.status();
      cron.weekdays_ = uint64_t{1} << (*value - 1);
      cron.last_weekday_ = true;
    } else {
      const absl::StatusOr<uint64_t> set = ParseSet(weekdays, words[4]);
      if (!set.ok()) return set.status();
      cron.weekdays_ = *set >> 1;
    }
    if (words[5].text != "*") {
      return Error({"year", 0, 0, 1, {}, six, false}, words[5].byte,
                   "must be *");
    }
  } else {
    const absl::StatusOr<uint64_t> set = ParseSet(weekdays, words[4]);
    if (!set.ok()) return set.status();
    // 7 is Sunday too.
    cron.weekdays_ = (*set | *set >> 7) & 0x7f;
    cron.either_ = !IsUnrestricted(day_text) && !IsUnrestricted(weekday_text);
    // For some crons `*/2` is a star and both fields have to fit, for others it
    // is a list and one is enough.
    for (const size_t at : {2, 4}) {
      if (cron.either_ && absl::StrContains(words[at].text, '*')) {
        return Error(at == 2 ? days : weekdays, words[at].byte,
                     "must be a range instead of * if both fields of days are "
                     "restricted");
      }
    }
  }

  if (!cron.Next(absl::CivilMinute(2000, 1, 1)).has_value()) {
    return Error(days, words[2].byte, "never comes in these months");
  }
  return cron;
}

uint32_t Cron::Days(absl::CivilMonth month) const {
  if (!Contains(months_, month.month())) return 0;
  const int count = DaysIn(month);
  // absl::Weekday begins with Monday.
  int weekday =
      (static_cast<int>(absl::GetWeekday(absl::CivilDay(month))) + 1) % 7;
  uint32_t result = 0;
  for (int day = 1; day <= count; ++day) {
    const bool in_days = Contains(days_, day) || (last_day_ && day == count);
    const bool in_weekdays =
        Contains(weekdays_, weekday) &&
        (nth_weekday_ == 0 || (day - 1) / 7 + 1 == nth_weekday_) &&
        (!last_weekday_ || day + 7 > count);
    if (either_ ? in_days || in_weekdays : in_days && in_weekdays) {
      result |= uint32_t{1} << day;
    }
    weekday = (weekday + 1) % 7;
  }
  return result;
}

absl::optional<absl::CivilMinute> Cron::Next(absl::CivilMinute from) const {
  absl::CivilMonth month(from);
  // One more, since the first may be looked at only in part.
  for (int i = 0; i <= kMonthsOfCalendar; ++i, ++month) {
    const uint32_t days = Days(month);
    if (days == 0) continue;
    for (int day = i == 0 ? from.day() : 1; day <= 31; ++day) {
      if (!Contains(days, day)) continue;
      for (int hour = 0; hour < 24; ++hour) {
        if (!Contains(hours_, hour)) continue;
        const absl::CivilMinute found(month.year(), month.month(), day, hour,
                                      minute_);
        if (found >= from) return found;
      }
    }
  }
  return absl::nullopt;
}

bool Cron::SeveralADay() const { return Lowest(hours_) != Highest(hours_); }

int Cron::LeastDistance() const {
  int least = kMinutesOfDay + 1;
  int previous = -1;
  for (int hour = 0; hour < 24; ++hour) {
    if (!Contains(hours_, hour)) continue;
    if (previous >= 0) least = std::min(least, (hour - previous) * 60);
    previous = hour;
  }
  const int over_midnight =
      kMinutesOfDay - (Highest(hours_) - Lowest(hours_)) * 60;
  if (over_midnight < least && HasNeighbours()) least = over_midnight;
  return least;
}

bool Cron::HasNeighbours() const {
  absl::CivilMonth month(2000, 1, 1);
  bool last_of_previous = false;
  for (int i = 0; i <= kMonthsOfCalendar; ++i, ++month) {
    const uint32_t days = Days(month);
    if ((days & days >> 1) != 0) return true;
    if (last_of_previous && Contains(days, 1)) return true;
    last_of_previous = Contains(days, DaysIn(month));
  }
  return false;
}

}  // namespace keyward::schedule
