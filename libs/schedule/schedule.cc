// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/schedule.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "libs/base/error.h"
#include "libs/schedule/time_zone.h"

namespace keyward::schedule {
namespace {

constexpr absl::Duration kMinWindow = absl::Hours(1);
constexpr absl::Duration kMaxWindow = absl::Hours(24);

// No window is longer: a day of 24 hours, or the 48 of a zone that went over
// the date line and had one twice.
constexpr absl::Duration kLongestWindow = absl::Hours(72);

// How far a last run may be ahead of the clock.
constexpr absl::Duration kBelievedLead = absl::Hours(24);

constexpr int64_t kMinRateHours = 4;
constexpr int64_t kMaxRateDays = 999;

constexpr absl::string_view kRateRule =
    "must be rate(N hours) or rate(N days), 4 hours to 999 days";

// The time that is calculated with, 0001-01-01 and 9999-01-01.
absl::Time FirstTime() { return absl::FromUnixSeconds(-62135596800); }
absl::Time LastTime() { return absl::FromUnixSeconds(253370764800); }

constexpr Window Never() {
  return {absl::InfiniteFuture(), absl::InfiniteFuture()};
}

// The moment of a local time: after the gap that it is in, or the first of two.
absl::Time At(absl::TimeZone zone, absl::CivilSecond local) {
  const absl::TimeZone::TimeInfo info = zone.At(local);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

// The start of the hour of UTC.
absl::Time FullHour(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  const int64_t over = (seconds % 3600 + 3600) % 3600;
  return absl::FromUnixSeconds(seconds - over);
}

// Control characters and letters beyond ASCII are in no expression, and must
// not be looked at one by one in messages.
bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
}

}  // namespace

absl::StatusOr<Schedule::Rate> Schedule::ParseRate(absl::string_view text) {
  Rate rate{};
  const size_t space = std::min(text.find(' '), text.size());
  const absl::string_view number = text.substr(0, space);
  absl::string_view unit = text.substr(space);
  absl::ConsumePrefix(&unit, " ");
  rate.days = unit == "day" || unit == "days";
  const bool digits =
      !number.empty() && number.size() <= 5 && number.front() != '0' &&
      std::all_of(number.begin(), number.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  if (!digits || !absl::SimpleAtoi(number, &rate.count) ||
      (!rate.days && unit != "hour" && unit != "hours")) {
    return absl::InvalidArgumentError(
        absl::StrCat("rate, at byte 6: ", kRateRule));
  }
  const int64_t hours = rate.days ? rate.count * 24 : rate.count;
  if (hours < kMinRateHours || hours > kMaxRateDays * 24) {
    return absl::InvalidArgumentError(
        absl::StrCat("rate, at byte 6: ", kRateRule));
  }
  return rate;
}

absl::StatusOr<Schedule> Schedule::Parse(absl::string_view expression,
                                         absl::string_view time_zone,
                                         absl::optional<absl::Duration> window,
                                         absl::string_view field) {
  const std::string expression_field = absl::StrCat(field, ".expression");
  const std::string window_field = absl::StrCat(field, ".window");
  if (expression.size() > kMaxExpression) {
    return FieldError(expression_field, "must be at most 256 bytes long");
  }
  if (!IsPrintable(expression)) {
    return FieldError(expression_field, "must be printable ASCII");
  }
  Schedule schedule;
  schedule.expression_ = std::string(expression);

  absl::Status parsed;
  absl::string_view rest = expression;
  if (absl::ConsumePrefix(&rest, "rate(") && absl::ConsumeSuffix(&rest, ")")) {
    absl::StatusOr<Rate> rate = ParseRate(rest);
    parsed = rate.status();
    if (rate.ok()) schedule.rule_ = *rate;
  } else {
    rest = expression;
    const bool six =
        absl::ConsumePrefix(&rest, "cron(") && absl::ConsumeSuffix(&rest, ")");
    absl::StatusOr<Cron> cron =
        six ? Cron::ParseSix(rest, 6) : Cron::ParseFive(expression);
    parsed = cron.status();
    if (cron.ok()) schedule.rule_ = *std::move(cron);
  }
  if (!parsed.ok()) return FieldError(expression_field, parsed.message());

  absl::StatusOr<absl::TimeZone> zone = FindTimeZone(time_zone);
  if (!zone.ok()) {
    return FieldError(absl::StrCat(field, ".time_zone"),
                      zone.status().message());
  }
  schedule.zone_ = *zone;

  if (window.has_value()) {
    if (*window < kMinWindow || *window > kMaxWindow ||
        *window % absl::Minutes(1) != absl::ZeroDuration()) {
      return FieldError(window_field,
                        "must be whole minutes, 1 hour to 24 hours");
    }
    const Rate* const rate = absl::get_if<Rate>(&schedule.rule_);
    const absl::Duration distance =
        rate == nullptr
            ? absl::Minutes(absl::get<Cron>(schedule.rule_).LeastDistance())
            : absl::Hours(rate->days ? rate->count * 24 : rate->count);
    if (*window > distance) {
      return FieldError(window_field,
                        "must end before the schedule's next window starts");
    }
  }
  schedule.window_ = window;
  return schedule;
}

absl::Time Schedule::Midnight(absl::Time time, int64_t days) const {
  absl::CivilDay day = absl::ToCivilDay(time, zone_) + days;
  absl::Time midnight = At(zone_, absl::CivilSecond(day));
  // Where clocks go back over midnight, the day's begin is twice too, and
  // `time` may be after the first.
  while (midnight <= time) midnight = At(zone_, absl::CivilSecond(++day));
  return midnight;
}

absl::Time Schedule::NextStart(absl::Time after) const {
  after = std::max(after, FirstTime());
  if (after >= LastTime()) return absl::InfiniteFuture();
  absl::Time start = absl::InfiniteFuture();
  if (const Rate* const rate = absl::get_if<Rate>(&rule_)) {
    start = rate->days ? Midnight(after, rate->count)
                       : FullHour(after) + absl::Hours(rate->count);
  } else {
    const Cron& cron = absl::get<Cron>(rule_);
    // A later local time is never an earlier moment, so that times up to the
    // present one need no look; and of those after it only what comes a second
    // time is before `after`, a day or two at most.
    absl::CivilMinute from =
        absl::CivilMinute(absl::ToCivilSecond(after, zone_)) + 1;
    do {
      const absl::optional<absl::CivilMinute> next = cron.Next(from);
      if (!next.has_value()) return absl::InfiniteFuture();
      start = At(zone_, absl::CivilSecond(*next));
      from = *next + 1;
    } while (start <= after);
  }
  return start < LastTime() ? start : absl::InfiniteFuture();
}

absl::Time Schedule::PlainEnd(absl::Time start) const {
  if (window_.has_value()) return start + *window_;
  const Rate* const rate = absl::get_if<Rate>(&rule_);
  const bool hourly =
      rate != nullptr ? !rate->days : absl::get<Cron>(rule_).SeveralADay();
  const absl::Time end = start + kMinWindow;
  return hourly ? end : std::max(end, Midnight(start, 1));
}

Window Schedule::NextWindow(absl::Time after) const {
  const absl::Time start = NextStart(after);
  if (start == absl::InfiniteFuture()) return Never();
  return {start, std::min(PlainEnd(start), NextStart(start))};
}

Window Schedule::LateWindow(const Rate& rate, absl::Time now) const {
  if (!rate.days) {
    const absl::Time hour = FullHour(now);
    return {hour, hour + absl::Hours(1)};
  }
  absl::Time start = At(zone_, absl::CivilSecond(absl::ToCivilDay(now, zone_)));
  while (true) {
    const absl::Time next = Midnight(start, 1);
    const absl::Time end = std::min(PlainEnd(start), next);
    if (end > now) return {start, end};
    start = next;
  }
}

Due Schedule::DueAt(absl::Time last, absl::Time now,
                    absl::string_view uid) const {
  now = std::min(std::max(now, FirstTime()), LastTime());
  const bool believed = last <= now + kBelievedLead;
  const absl::Time recent = now - kLongestWindow;
  Due due;
  if (believed) due.window = NextWindow(last);
  due.missed = !believed || due.window.end <= now;
  if (due.missed) {
    if (const Rate* const rate = absl::get_if<Rate>(&rule_)) {
      due.window = LateWindow(*rate, now);
    } else {
      // What started before `recent` has ended. The window that is found comes
      // after the missed one, so it has not been used.
      due.window = NextWindow(recent);
      while (due.window.end <= now) {
        due.window = NextWindow(due.window.start);
      }
    }
  }
  due.start = StartWithin(due.window, uid);
  due.now = due.start <= now;
  return due;
}

}  // namespace keyward::schedule
