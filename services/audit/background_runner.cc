// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/background_runner.h"

#include <algorithm>
#include <chrono>  // NOLINT: the monotonic clock

#include "absl/status/statusor.h"

namespace keyward::audit_service {

BackgroundRunner::BackgroundRunner(const Options& options, AuditCore* core,
                                   const Clock* clock, const Logger* logger)
    : options_(options),
      core_(core),
      clock_(clock),
      logger_(logger),
      reconciler_(core, clock, logger),
      thread_([this] { Loop(); }) {}

BackgroundRunner::~BackgroundRunner() {
  {
    MutexLock l(&mu_);
    stop_ = true;
  }
  stopped_.Signal();
  thread_.join();
}

bool BackgroundRunner::stopping() {
  MutexLock l(&mu_);
  return stop_;
}

void BackgroundRunner::BuildIndex() {
  while (!stopping()) {
    absl::StatusOr<bool> more = core_->index()->Build(core_->view()->size());
    if (!more.ok()) {
      logger_->Warning("the index was not built", {{"error", more.status()}});
      return;
    }
    if (!*more) return;
  }
}

void BackgroundRunner::Loop() {
  using SteadyClock = std::chrono::steady_clock;
  SteadyClock::time_point next = SteadyClock::now();
  absl::Duration retry = options_.first_retry;
  while (!stopping()) {
    if (core_->serving()) {
      BuildIndex();
      if (SteadyClock::now() >= next) {
        const Reconciler::Result result =
            reconciler_.RunOnce(clock_->SteadyNow());
        absl::Duration pause = options_.reconcile_interval;
        if (result.unsettled > 0) {
          pause = std::min(pause, retry);
          retry *= 2;
        } else {
          retry = options_.first_retry;
        }
        next = SteadyClock::now() + absl::ToChronoNanoseconds(pause);
      }
    }
    MutexLock l(&mu_);
    if (!stop_) stopped_.WaitFor(&mu_, options_.index_interval);
  }
}

}  // namespace keyward::audit_service
