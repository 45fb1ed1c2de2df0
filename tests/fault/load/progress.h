// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_LOAD_PROGRESS_H_
#define KEYWARD_TESTS_FAULT_LOAD_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "tests/fault/load/life.h"

namespace keyward::fault {

// Counts operations, and lets the threads that live lives rest or end.
// Thread-safe.
class Progress final : public Goal {
 public:
  // `done` is called once, when `operations` were counted; never if they are 0.
  Progress(uint64_t operations, std::function<void()> done)
      : operations_(operations), done_(std::move(done)) {}

  void Count() override {
    bool last = false;
    {
      MutexLock lock(&mu_);
      last = ++counted_ == operations_;
      over_ |= last;
    }
    if (last) done_();
  }

  bool Ending() const override {
    MutexLock lock(&mu_);
    return over_ || resting_;
  }

  // What a thread calls before its first life.
  void Begin() {
    MutexLock lock(&mu_);
    ++living_;
  }

  // What it calls after each: waits while all rest. False if it is to end, once
  // and for all.
  bool MayGoOn() {
    MutexLock lock(&mu_);
    --living_;
    changed_.SignalAll();
    while (resting_ && !over_) changed_.WaitFor(&mu_, absl::Minutes(1));
    if (over_) return false;
    ++living_;
    return true;
  }

  // Lets all rest; returns when none lives.
  void Rest() {
    MutexLock lock(&mu_);
    resting_ = true;
    while (living_ > 0) changed_.WaitFor(&mu_, absl::Minutes(1));
  }

  void GoOn() {
    MutexLock lock(&mu_);
    resting_ = false;
    changed_.SignalAll();
  }

  void End() {
    MutexLock lock(&mu_);
    over_ = true;
    changed_.SignalAll();
  }

 private:
  const uint64_t operations_;
  const std::function<void()> done_;

  mutable Mutex mu_;
  CondVar changed_;
  uint64_t counted_ ABSL_GUARDED_BY(mu_) = 0;
  int living_ ABSL_GUARDED_BY(mu_) = 0;
  bool resting_ ABSL_GUARDED_BY(mu_) = false;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_PROGRESS_H_
