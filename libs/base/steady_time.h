// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_STEADY_TIME_H_
#define KEYWARD_LIBS_BASE_STEADY_TIME_H_

#include "absl/time/time.h"

namespace keyward {

// A moment of a clock that nobody can set: what deadlines, ages, pauses and
// everything else whose meaning is "how long" are measured by. Compare it with,
// or subtract it from, another moment of the same clock in the same process;
// it means nothing elsewhere, so it is never stored or sent. Clock::SteadyNow
// gives the present one.
//
// A type of its own, so that it cannot be taken for a time of day (absl::Time)
// or be made from one by accident. What a person or another machine reads, or
// what another machine sets a date for (records, expiry of secrets, bindings,
// certificates and tokens), is a time of day.
//
// A value type; arithmetic saturates at the infinities, as Abseil's does.
class SteadyTime {
 public:
  // The clock's own beginning, before everything that it ever says.
  constexpr SteadyTime() = default;

  // Never.
  static constexpr SteadyTime InfiniteFuture() {
    return SteadyTime(absl::InfiniteDuration());
  }
  static constexpr SteadyTime InfinitePast() {
    return SteadyTime(-absl::InfiniteDuration());
  }

  SteadyTime& operator+=(absl::Duration step) {
    since_beginning_ += step;
    return *this;
  }
  SteadyTime& operator-=(absl::Duration step) {
    since_beginning_ -= step;
    return *this;
  }

  friend SteadyTime operator+(SteadyTime time, absl::Duration step) {
    return time += step;
  }
  friend SteadyTime operator+(absl::Duration step, SteadyTime time) {
    return time += step;
  }
  friend SteadyTime operator-(SteadyTime time, absl::Duration step) {
    return time -= step;
  }
  friend absl::Duration operator-(SteadyTime later, SteadyTime earlier) {
    return later.since_beginning_ - earlier.since_beginning_;
  }

  friend constexpr bool operator==(SteadyTime a, SteadyTime b) {
    return a.since_beginning_ == b.since_beginning_;
  }
  friend constexpr bool operator!=(SteadyTime a, SteadyTime b) {
    return !(a == b);
  }
  friend constexpr bool operator<(SteadyTime a, SteadyTime b) {
    return a.since_beginning_ < b.since_beginning_;
  }
  friend constexpr bool operator>(SteadyTime a, SteadyTime b) { return b < a; }
  friend constexpr bool operator<=(SteadyTime a, SteadyTime b) {
    return !(b < a);
  }
  friend constexpr bool operator>=(SteadyTime a, SteadyTime b) {
    return !(a < b);
  }

 private:
  constexpr explicit SteadyTime(absl::Duration since_beginning)
      : since_beginning_(since_beginning) {}

  absl::Duration since_beginning_;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_STEADY_TIME_H_
