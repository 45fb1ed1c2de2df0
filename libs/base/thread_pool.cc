// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/thread_pool.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"

namespace keyward {
namespace {

// An idle thread looks around this often: CondVar has no wait without an end.
constexpr absl::Duration kIdle = absl::Hours(1);

}  // namespace

ThreadPool::ThreadPool(size_t threads, size_t max_waiting)
    : max_waiting_(std::max<size_t>(max_waiting, 1)) {
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { Loop(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
  }
  changed_.SignalAll();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status ThreadPool::Submit(absl::AnyInvocable<void()> fn) {
  {
    MutexLock lock(&mu_);
    if (waiting_.size() >= max_waiting_) {
      return absl::UnavailableError("too much work is waiting");
    }
    waiting_.push_back(std::move(fn));
  }
  changed_.Signal();
  return absl::OkStatus();
}

void ThreadPool::Loop() {
  for (;;) {
    absl::AnyInvocable<void()> next;
    {
      MutexLock lock(&mu_);
      while (waiting_.empty()) {
        if (stop_) return;
        changed_.WaitFor(&mu_, kIdle);
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

}  // namespace keyward
