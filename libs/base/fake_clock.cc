// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/fake_clock.h"

#include <cstdio>
#include <cstdlib>

#include "absl/time/time.h"
#include "libs/base/mutex.h"

namespace keyward {

absl::Time FakeClock::Now() const {
  MutexLock l(&mu_);
  return now_;
}

SteadyTime FakeClock::SteadyNow() const {
  MutexLock l(&mu_);
  return steady_now_;
}

void FakeClock::Advance(absl::Duration step) {
  if (step < absl::ZeroDuration()) {
    std::fputs("FakeClock::Advance: time does not run backwards\n", stderr);
    std::abort();
  }
  MutexLock l(&mu_);
  now_ += step;
  steady_now_ += step;
}

void FakeClock::Set(absl::Time now) {
  MutexLock l(&mu_);
  now_ = now;
}

}  // namespace keyward
