// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reload_runner.h"

#include <utility>

#include "absl/status/statusor.h"

namespace keyward::auth {

ReloadRunner::ReloadRunner(std::vector<Set> sets, absl::Duration interval,
                           const Logger* logger)
    : interval_(interval), logger_(logger) {
  {
    MutexLock lock(&poll_mu_);
    for (Set& set : sets) watched_.push_back({std::move(set), {}});
  }
  thread_ = std::thread([this] { Loop(); });
}

ReloadRunner::~ReloadRunner() {
  {
    MutexLock lock(&stop_mu_);
    stop_ = true;
    stopped_.SignalAll();
  }
  thread_.join();
}

void ReloadRunner::Loop() {
  for (;;) {
    {
      MutexLock lock(&stop_mu_);
      // A wake-up for no reason is an early poll, which does no harm.
      if (!stop_) stopped_.WaitFor(&stop_mu_, interval_);
      if (stop_) return;
    }
    PollNow();
  }
}

void ReloadRunner::PollNow() {
  MutexLock lock(&poll_mu_);
  for (Watched& watched : watched_) PollLocked(&watched);
}

void ReloadRunner::PollLocked(Watched* watched) {
  const absl::StatusOr<PollResult> result = watched->set.files->Poll();
  if (result.ok() && *result == PollResult::kSettling) return;
  const absl::Status last = std::exchange(watched->last, result.status());
  const std::string& name = watched->set.name;
  if (!result.ok()) {
    if (last != result.status()) {
      logger_->Error("files refused; the last good ones stay in force",
                     {{"files", name}, {"error", result.status()}});
    }
  } else if (*result == PollResult::kApplied) {
    logger_->Info("new files are in force", {{"files", name}});
  } else if (!last.ok()) {
    logger_->Info("files are good again", {{"files", name}});
  }
}

}  // namespace keyward::auth
