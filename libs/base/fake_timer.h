// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_FAKE_TIMER_H_
#define KEYWARD_LIBS_BASE_FAKE_TIMER_H_

#include <cstddef>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "libs/base/fake_clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"

namespace keyward {

// A timer whose functions run when a test says so, on the test's thread: a
// deadline can pass without a sleep. Safe for concurrent use.
class FakeTimer final : public Timer {
 public:
  // `clock` outlives the timer.
  explicit FakeTimer(FakeClock* clock) : clock_(clock) {}

  Id RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) override;
  bool Cancel(Id id) override;

  // Runs what is due at the clock's time, in order, and what that makes due.
  void RunDue();

  // Moves the clock by `step` and runs what is due then.
  void Advance(absl::Duration step);

  // How many functions wait.
  size_t waiting() const;

 private:
  FakeClock* const clock_;
  mutable Mutex mu_;
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::pair<SteadyTime, Id>, absl::AnyInvocable<void()>> waiting_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_FAKE_TIMER_H_
