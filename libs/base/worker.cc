// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/worker.h"

#include <utility>

#include "absl/time/time.h"

namespace keyward {

Worker::Worker(size_t capacity)
    : capacity_(capacity), thread_([this] { Loop(); }) {}

Worker::~Worker() {
  {
    MutexLock l(&mu_);
    stop_ = true;
  }
  changed_.Signal();
  thread_.join();
}

bool Worker::Post(absl::AnyInvocable<void()> fn) {
  {
    MutexLock l(&mu_);
    if (waiting_.size() >= capacity_) return false;
    waiting_.push_back(std::move(fn));
  }
  changed_.Signal();
  return true;
}

void Worker::Loop() {
  for (;;) {
    absl::AnyInvocable<void()> next;
    {
      MutexLock l(&mu_);
      while (!stop_ && waiting_.empty()) {
        changed_.WaitFor(&mu_, absl::Hours(1));
      }
      if (stop_) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

}  // namespace keyward
