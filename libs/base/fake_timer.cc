// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/fake_timer.h"

namespace keyward {

Timer::Id FakeTimer::RunAt(SteadyTime when, absl::AnyInvocable<void()> fn) {
  MutexLock l(&mu_);
  const Id id = ++last_id_;
  waiting_.emplace(std::make_pair(when, id), std::move(fn));
  return id;
}

bool FakeTimer::Cancel(Id id) {
  absl::AnyInvocable<void()> cancelled;
  MutexLock l(&mu_);
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (it->first.second != id) continue;
    cancelled = std::move(it->second);
    waiting_.erase(it);
    return true;
  }
  return false;
}

void FakeTimer::RunDue() {
  for (;;) {
    absl::AnyInvocable<void()> due;
    {
      MutexLock l(&mu_);
      const auto first = waiting_.begin();
      if (first == waiting_.end()) return;
      if (first->first.first > clock_->SteadyNow()) return;
      due = std::move(first->second);
      waiting_.erase(first);
    }
    due();
  }
}

void FakeTimer::Advance(absl::Duration step) {
  clock_->Advance(step);
  RunDue();
}

size_t FakeTimer::waiting() const {
  MutexLock l(&mu_);
  return waiting_.size();
}

}  // namespace keyward
