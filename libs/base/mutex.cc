// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/mutex.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace keyward {
namespace {

// Adding more than this to the monotonic clock could overflow it, and an
// overflowed deadline lies in the past.
constexpr absl::Duration kLongestWait = absl::Hours(24 * 365);

}  // namespace

bool CondVar::WaitFor(Mutex* mu, absl::Duration timeout) {
  if (timeout <= absl::ZeroDuration()) return false;
  const auto deadline =
      std::chrono::steady_clock::now() +
      absl::ToChronoNanoseconds(std::min(timeout, kLongestWait));
  // The caller holds the mutex and keeps holding it: adopt it for the wait
  // and let go of the guard, not of the mutex, afterwards.
  std::unique_lock<std::mutex> held(mu->mu_, std::adopt_lock);
  const std::cv_status status = cv_.wait_until(held, deadline);
  held.release();
  return status == std::cv_status::no_timeout;
}

bool CondVar::WaitUntil(Mutex* mu, const Clock& clock, SteadyTime deadline) {
  return WaitFor(mu, deadline - clock.SteadyNow());
}

}  // namespace keyward
