// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_STANDING_H_
#define KEYWARD_SERVICES_POLICY_POLICY_STANDING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

// How policy stands: the newest durable policy, and the revision that is known
// to be in force, at or below it. Between the two lies what was promised and
// is not kept yet.
//
// Thread-safe.
class PolicyStanding {
 public:
  explicit PolicyStanding(DurablePolicy newest)
      : newest_(std::make_shared<const DurablePolicy>(std::move(newest))) {}

  std::shared_ptr<const DurablePolicy> Newest() const {
    MutexLock l(&mu_);
    return newest_;
  }
  uint64_t InForce() const {
    MutexLock l(&mu_);
    return in_force_;
  }

  void SetNewest(DurablePolicy newest) {
    auto shared = std::make_shared<const DurablePolicy>(std::move(newest));
    MutexLock l(&mu_);
    newest_.swap(shared);
    changed_.SignalAll();
  }

  // Never goes back: a fence does not.
  void SetInForce(uint64_t revision) {
    MutexLock l(&mu_);
    if (revision > in_force_) in_force_ = revision;
    changed_.SignalAll();
  }

  // Ends all waits, for good.
  void Stop() {
    MutexLock l(&mu_);
    stopped_ = true;
    changed_.SignalAll();
  }

  // Waits until ready(newest, in force) or `timeout` has passed, whichever is
  // first. False once stopped.
  bool WaitUntil(
      const std::function<bool(const DurablePolicy&, uint64_t)>& ready,
      absl::Duration timeout) {
    MutexLock l(&mu_);
    if (!stopped_ && !ready(*newest_, in_force_)) {
      changed_.WaitFor(&mu_, timeout);
    }
    return !stopped_;
  }

  // Waits for `timeout`, or until stopped. False once stopped.
  bool Pause(absl::Duration timeout) {
    MutexLock l(&mu_);
    if (!stopped_) changed_.WaitFor(&mu_, timeout);
    return !stopped_;
  }

 private:
  mutable Mutex mu_;
  CondVar changed_;
  std::shared_ptr<const DurablePolicy> newest_ ABSL_GUARDED_BY(mu_);
  uint64_t in_force_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_STANDING_H_
