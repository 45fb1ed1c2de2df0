// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/fake_clock.h"

#include "absl/time/time.h"
#include "libs/base/mutex.h"

namespace keyward {

absl::Time FakeClock::Now() const {
  MutexLock l(&mu_);
  return now_;
}

void FakeClock::Advance(absl::Duration step) {
  MutexLock l(&mu_);
  now_ += step;
}

void FakeClock::Set(absl::Time now) {
  MutexLock l(&mu_);
  now_ = now;
}

}  // namespace keyward
