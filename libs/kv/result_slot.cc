// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/result_slot.h"

#include <utility>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"

namespace keyward::kv {

void ResultSlot::Set(CommitResult result) {
  MutexLock lock(&mu_);
  result_ = std::move(result);
  set_.SignalAll();
}

CommitResult ResultSlot::Await(absl::Duration timeout) {
  const SystemClock clock;
  const SteadyTime until = clock.SteadyNow() + timeout;
  MutexLock lock(&mu_);
  while (!result_.has_value()) {
    if (!set_.WaitUntil(&mu_, clock, until) && !result_.has_value()) {
      return CommitResult::Unknown(
          absl::DeadlineExceededError("the store did not answer in time"));
    }
  }
  return *std::move(result_);
}

}  // namespace keyward::kv
