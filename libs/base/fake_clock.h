// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_FAKE_CLOCK_H_
#define KEYWARD_LIBS_BASE_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward {

// A clock that stands still until a test lets time pass or sets the time of
// day. Safe for concurrent use: a test may move it while other threads read it.
class FakeClock final : public Clock {
 public:
  // The time of day is `start`.
  explicit FakeClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override;
  SteadyTime SteadyNow() const override;

  // Lets `step` pass, on both clocks. A negative step is a mistake and aborts:
  // time does not run backwards, only the time of day is set back.
  void Advance(absl::Duration step);

  // Sets the time of day to `now`, forwards or backwards, as one does who sets
  // the system time: no time passes.
  void Set(absl::Time now);

 private:
  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
  // Far from the beginning of the clock and from every time of day, so that
  // whatever confuses them fails.
  SteadyTime steady_now_ ABSL_GUARDED_BY(mu_) =
      SteadyTime() + absl::Hours(10'000);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_FAKE_CLOCK_H_
