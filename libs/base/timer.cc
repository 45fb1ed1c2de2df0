// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/timer.h"

#include <algorithm>

namespace keyward {
namespace {

// A year is for ever to a deadline, and leaves the clock's arithmetic far from
// overflow.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

}  // namespace

ThreadTimer::ThreadTimer(const Clock* clock)
    : clock_(clock), thread_([this] { Loop(); }) {}

ThreadTimer::~ThreadTimer() {
  {
    MutexLock l(&mu_);
    stop_ = true;
  }
  changed_.Signal();
  thread_.join();
}

Timer::Id ThreadTimer::RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) {
  const absl::Duration distance = std::min(
      std::max(when - clock_->SteadyNow(), absl::ZeroDuration()), kLongest);
  const SteadyTime instant = system_clock_.SteadyNow() + distance;
  Id id = 0;
  bool first = false;
  {
    MutexLock l(&mu_);
    id = ++last_id_;
    const auto key = std::make_pair(instant, id);
    waiting_.emplace(key, std::move(fn));
    instants_.emplace(id, instant);
    first = waiting_.begin()->first == key;
  }
  // Waking the thread costs more than all of the above: only if it would
  // otherwise sleep too long.
  if (first) changed_.Signal();
  return id;
}

bool ThreadTimer::Cancel(Id id) {
  absl::AnyInvocable<void()> cancelled;  // Destroyed without the lock.
  MutexLock l(&mu_);
  const auto instant = instants_.find(id);
  if (instant == instants_.end()) return false;
  const auto it = waiting_.find(std::make_pair(instant->second, id));
  cancelled = std::move(it->second);
  waiting_.erase(it);
  instants_.erase(instant);
  return true;
}

void ThreadTimer::Loop() {
  for (;;) {
    absl::AnyInvocable<void()> due;
    {
      MutexLock l(&mu_);
      while (!stop_) {
        if (waiting_.empty()) {
          changed_.WaitFor(&mu_, kLongest);
          continue;
        }
        const auto first = waiting_.begin();
        if (first->first.first > system_clock_.SteadyNow()) {
          changed_.WaitUntil(&mu_, system_clock_, first->first.first);
          continue;
        }
        due = std::move(first->second);
        instants_.erase(first->first.second);
        waiting_.erase(first);
        break;
      }
      if (stop_) return;
    }
    due();
  }
}

}  // namespace keyward
