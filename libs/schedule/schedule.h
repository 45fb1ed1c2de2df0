// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_SCHEDULE_SCHEDULE_H_
#define KEYWARD_LIBS_SCHEDULE_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"
#include "libs/schedule/cron.h"
#include "libs/schedule/window.h"

namespace keyward::schedule {

// What a rotation has to do at a moment.
struct Due {
  // The window in which it starts: the one that is open, if it is still to be
  // used, else the next.
  Window window;
  // Its own start in that window; the past if it should have begun already.
  absl::Time start;
  // Whether to start a run now. True from `start` to the window's end, until a
  // run has completed: after a failure the same answer says to try again.
  bool now = false;
  // A window has gone by without a run, or nobody can say when the last one
  // was. For alarms: the run itself is made up for in `window`.
  bool missed = false;
};

// When a rotation runs. Two kinds, which promise different things:
//
//   rate(N hours), rate(N days)    an age, 4 hours to 999 days (`hour` and
//                                  `day` are the same)
//   cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR), AWS's six fields
//   MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK, a crontab's five    times
//
// `rate` counts from the last run, whole units: rate(N days) opens a window at
// the midnight that begins the Nth day after the day of the run; rate(N hours)
// at the Nth full hour (of UTC, elapsed time) after the hour of the run. So a
// start late in a window does not move the windows that follow. A value
// that was changed by hand has been rotated, so the caller counts that as a
// run.
//
// Fields are separated by spaces. Each is a list with commas of `*`, values,
// ranges from low to high and, behind * or a range, steps: 8-18/2. Names (JAN,
// SUN) are in any case.
//
//                 six fields             five fields
//   minutes       one number of 0 to 59  the same
//   hours         0-23                   0-23
//   day of month  1-31 or, alone, ?, L   1-31
//   month         1-12, JAN-DEC          1-12, JAN-DEC
//   day of week   1-7, SUN-SAT or,       0-7, SUN-SAT; 0 and 7 are Sunday
//                 alone, ?, L (Saturday),
//                 FRIL (the month's last
//                 Friday), SUN#1 (first
//                 Sunday)
//   year          *
//   steps         4/12 is 4-23/12        only behind * or a range
//   days          exactly one of both    both restricted: either is enough;
//                 fields is ?            with * in one: the other
//
// The numbers of weekdays differ, as they do between AWS and crontabs; the form
// tells which is meant. Where crons disagree (a step on * in one field of days
// with the other restricted, a step behind a value) the five are refused. There
// is no W.
//
// AWS demands 0 as the minutes and has only UTC. Here any one minute will do
// and any time zone: maintenance windows begin when people say. Still one, so
// that nothing rotates more than once an hour.
//
// Local times. A time that the zone skips (clocks go forward, or a day is left
// out) is the moment after the gap; one that it has twice is the first of both.
// Times that come together so are one.
//
// The window. Whole minutes, 1 to 24 hours, and not longer than it takes to the
// next start; where clocks go forward it is cut there. By default an hour if
// there are several in a day or the rate is in hours, else until the end of the
// local day, one hour at least. A window may go on past midnight, which AWS
// forbids: nights do so. An hour at least, so that what is due in the same
// minute can be spread.
//
// A value type; safe for concurrent use as a const object. No method waits or
// reads a clock; each takes a bounded number of steps, whatever the expression.
class Schedule {
 public:
  static constexpr size_t kMaxExpression = 256;

  // INVALID_ARGUMENT about `field`.expression, .time_zone or .window; the
  // message has the name of the expression's field, the byte (from 1) and the
  // rule, and quotes nothing of what was given. A schedule that never comes (30
  // February) is refused here. For `time_zone` see FindTimeZone. No `window` is
  // the default one.
  static absl::StatusOr<Schedule> Parse(
      absl::string_view expression, absl::string_view time_zone = "UTC",
      absl::optional<absl::Duration> window = absl::nullopt,
      absl::string_view field = "schedule");

  // The first window that starts strictly after `after`: of a cron after any
  // instant, of a rate after the last run. Infinite if none starts before the
  // year 9999. What is before the year 1 counts as its begin.
  Window NextWindow(absl::Time after) const;

  // What the rotation `uid` has to do at `now`. `last` is when its last run
  // completed or, if there is none, when it was created; of a rate also when
  // its value was changed by hand, if that was later.
  //
  // A window is used once: it is over for the rotation once `last` is in it. A
  // window that has gone by without a run, since the service was down or every
  // try failed, is made up for once, however many have gone by, and always in a
  // window, never at any other time: that is when people said that logins may
  // fail, and 100,000 rotations just after an outage would be the next. Which
  // window that is follows from what the schedule promises:
  //
  //   cron   its next one, as with AWS. Who names Sundays means no Monday;
  //          `missed` asks for a run by hand if that is too late.
  //   rate   one that opens at every following midnight (days), or every full
  //          hour (hours), until a run has completed: the value is too old
  //          already, and must not get twice as old.
  //
  // A `last` up to a day after `now` is believed (clocks of two processes
  // differ, or one was set back). One still later is of a clock that was wrong,
  // and would stop the rotation for good; it counts as if no run had been.
  Due DueAt(absl::Time last, absl::Time now, absl::string_view uid) const;

  const std::string& expression() const { return expression_; }
  absl::TimeZone time_zone() const { return zone_; }

 private:
  struct Rate {
    int64_t count;
    bool days;
  };

  static absl::StatusOr<Rate> ParseRate(absl::string_view text);

  Schedule() = default;

  absl::Time NextStart(absl::Time after) const;
  // The local midnight that begins the day, `days` after that of `time`, and is
  // after `time`.
  absl::Time Midnight(absl::Time time, int64_t days) const;
  // The window at `start` without regard to others.
  absl::Time PlainEnd(absl::Time start) const;
  // The window at `now`, or the first after it, for a rate that is late.
  Window LateWindow(const Rate& rate, absl::Time now) const;

  std::string expression_;
  absl::TimeZone zone_;
  absl::optional<absl::Duration> window_;
  absl::variant<Rate, Cron> rule_;
};

}  // namespace keyward::schedule

#endif  // KEYWARD_LIBS_SCHEDULE_SCHEDULE_H_
