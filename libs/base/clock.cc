// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/clock.h"

#include <chrono>  // NOLINT: the monotonic clock

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace keyward {

absl::Time SystemClock::Now() const { return absl::Now(); }

SteadyTime SystemClock::SteadyNow() const {
  // The clock that libs/base/mutex.h waits by.
  return SteadyTime() +
         absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace keyward
