// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance_runner.h"

namespace keyward::store {

MaintenanceRunner::MaintenanceRunner(const Clock* clock, Run run, Report report,
                                     absl::Duration period)
    : clock_(clock),
      run_(std::move(run)),
      report_(std::move(report)),
      period_(period),
      thread_([this] { RunThread(); }) {}

MaintenanceRunner::~MaintenanceRunner() {
  {
    MutexLock l(&mu_);
    stop_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

// False: stop.
bool MaintenanceRunner::Rest(absl::Duration duration) {
  MutexLock l(&mu_);
  if (!stop_ && duration > absl::ZeroDuration()) wake_.WaitFor(&mu_, duration);
  return !stop_;
}

void MaintenanceRunner::RunThread() {
  bool more = false;
  while (Rest(more ? absl::ZeroDuration() : period_)) {
    const absl::StatusOr<bool> ran = run_(clock_->Now() + kRunTimeout);
    more = ran.ok() && *ran;
    if (!ran.ok()) report_(ran.status());
  }
}

}  // namespace keyward::store
