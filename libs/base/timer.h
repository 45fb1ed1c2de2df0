// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_TIMER_H_
#define KEYWARD_LIBS_BASE_TIMER_H_

#include <cstdint>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward {

// Runs functions at given times. It is how an asynchronous call keeps its
// deadline: whoever waits for a peer or a disk arms a function that answers
// the caller instead, so that no failure below becomes a hang above.
//
// Thread-safe. A function may use the timer, but not destroy it.
class Timer {
 public:
  // Names a function that waits; never 0, never given twice by one timer.
  using Id = uint64_t;

  virtual ~Timer() = default;

  // Runs `fn` once, at or soon after `when`, which may lie in the past; never
  // on the calling thread within this call, and without any lock held. `fn`
  // must not block for long: others wait behind it. A time in the infinite
  // future never comes. How many functions may wait is the callers' to bound.
  virtual Id RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) = 0;

  // True if `id` was waiting: its function never runs and is destroyed before
  // this returns. False if it has run, is running now or was cancelled.
  virtual bool Cancel(Id id) = 0;
};

// One thread for any number of functions, which it runs one after another, in
// the order of their times.
//
// The distance to `when` is taken from the clock once, in RunAt, and measured
// on the system's monotonic clock from then on.
class ThreadTimer final : public Timer {
 public:
  // `clock` outlives the timer.
  explicit ThreadTimer(const Clock* clock);

  // Waits for the function that is running, if any; those that still wait are
  // destroyed without having run.
  ~ThreadTimer() override;

  ThreadTimer(const ThreadTimer&) = delete;
  ThreadTimer& operator=(const ThreadTimer&) = delete;

  Id RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) override;
  bool Cancel(Id id) override;

 private:
  void Loop();

  const Clock* const clock_;
  SystemClock system_clock_;

  Mutex mu_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  // By time, then by order of arrival.
  std::map<std::pair<SteadyTime, Id>, absl::AnyInvocable<void()>> waiting_
      ABSL_GUARDED_BY(mu_);
  std::unordered_map<Id, SteadyTime> instants_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_TIMER_H_
