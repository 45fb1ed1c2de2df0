// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_FAKE_CLOCK_H_
#define KEYWARD_LIBS_BASE_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace keyward {

// A clock that stands still until a test moves it, forwards or backwards.
// Safe for concurrent use: a test may move it while other threads read it.
class FakeClock final : public Clock {
 public:
  // Starts at `start`.
  explicit FakeClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override;

  // Moves the clock by `step`; a negative step is a clock set back.
  void Advance(absl::Duration step);

  // Sets the clock to `now`, whatever it was.
  void Set(absl::Time now);

 private:
  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_FAKE_CLOCK_H_
