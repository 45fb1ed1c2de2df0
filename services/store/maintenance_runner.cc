// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance_runner.h"

namespace keyward::store {

MaintenanceRunner::MaintenanceRunner(const Clock* clock,
                                     MaintenanceSignal* signal, Run run,
                                     Report report, absl::Duration period)
    : clock_(clock),
      signal_(signal),
      run_(std::move(run)),
      report_(std::move(report)),
      period_(period),
      thread_([this] { RunThread(); }) {}

MaintenanceRunner::~MaintenanceRunner() {
  stop_ = true;
  signal_->Raise();
  thread_.join();
}

// False: stop.
bool MaintenanceRunner::Rest(absl::Duration duration) {
  if (!stop_ && duration > absl::ZeroDuration()) signal_->Wait(duration);
  return !stop_;
}

void MaintenanceRunner::RunThread() {
  bool more = false;
  while (Rest(more ? absl::ZeroDuration() : period_)) {
    const absl::StatusOr<bool> ran = run_(clock_->SteadyNow() + kRunTimeout);
    more = ran.ok() && *ran;
    if (!ran.ok()) report_(ran.status());
  }
}

}  // namespace keyward::store
