// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_SCHEDULE_CRON_H_
#define KEYWARD_LIBS_SCHEDULE_CRON_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/optional.h"

namespace keyward::schedule {

// A set of local times, one or several in a day, as cron names them. Knows the
// calendar and no time zone: schedule.h has what a zone does to them, and the
// grammar.
//
// A value type; safe for concurrent use as a const object.
class Cron {
 public:
  // AWS's six fields, what stands in the brackets of `cron(...)`.
  //
  // INVALID_ARGUMENT otherwise. The message names the field, the byte of
  // `fields` (the first is `first_byte`) and the rule, and quotes nothing. That
  // holds for a set without any time too, such as 30 February.
  static absl::StatusOr<Cron> ParseSix(absl::string_view fields,
                                       int first_byte);

  // The five fields of a crontab; the same errors.
  static absl::StatusOr<Cron> ParseFive(absl::string_view fields);

  // The first time of the set that is `from` or later. Looks at no more than
  // the 4,800 months after which the calendar repeats, a few steps each, and
  // finds one in them, as Parse made sure; absent only near the end of what
  // CivilMinute can hold.
  absl::optional<absl::CivilMinute> Next(absl::CivilMinute from) const;

  // Whether a day of the set has more than one time.
  bool SeveralADay() const;

  // The least distance of two times of the set, in minutes of the calendar; any
  // number above 1,440 if no two days of it follow each other.
  int LeastDistance() const;

 private:
  enum class Kind { kSix, kFive };

  static absl::StatusOr<Cron> Parse(absl::string_view fields, Kind kind,
                                    int first_byte);

  // The days of a month, bit 1 for the first.
  uint32_t Days(absl::CivilMonth month) const;

  // Whether two days of the set follow each other, ever.
  bool HasNeighbours() const;

  int minute_ = 0;
  // Sets of numbers, a bit each. Of weekdays, Sunday's is bit 0.
  uint64_t hours_ = 0;
  uint64_t days_ = 0;
  uint64_t months_ = 0;
  uint64_t weekdays_ = 0;
  // Days counts the last of the month too.
  bool last_day_ = false;
  // Weekdays counts only the first (1) to fifth (5) of the month, or the last.
  int nth_weekday_ = 0;
  bool last_weekday_ = false;
  // A day needs to be in one of both sets; in both otherwise.
  bool either_ = false;
};

}  // namespace keyward::schedule

#endif  // KEYWARD_LIBS_SCHEDULE_CRON_H_
