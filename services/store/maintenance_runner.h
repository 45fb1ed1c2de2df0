// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_MAINTENANCE_RUNNER_H_
#define KEYWARD_SERVICES_STORE_MAINTENANCE_RUNNER_H_

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "services/store/maintenance_signal.h"

namespace keyward::store {

// Runs maintenance on a thread of its own, every kPeriod, when it is called
// for, and again at once while there is more to do.
//
// Thread-safe. The destructor stops it after the run that is under way, whose
// deadline bounds it.
class MaintenanceRunner {
 public:
  // Well below the minute in which things that are due are expected to happen.
  static constexpr absl::Duration kPeriod = absl::Seconds(10);
  static constexpr absl::Duration kRunTimeout = absl::Seconds(30);

  // One run, such as StoreCore::RunMaintenanceOnce.
  using Run = std::function<absl::StatusOr<bool>(SteadyTime deadline)>;
  // Told of each run that failed.
  using Report = std::function<void(const absl::Status&)>;

  // Starts the thread. `clock` and `signal`, which calls for a run, must
  // outlive this; `period` is a test's.
  MaintenanceRunner(const Clock* clock, MaintenanceSignal* signal, Run run,
                    Report report, absl::Duration period = kPeriod);
  MaintenanceRunner(const MaintenanceRunner&) = delete;
  MaintenanceRunner& operator=(const MaintenanceRunner&) = delete;
  ~MaintenanceRunner();

 private:
  void RunThread();
  bool Rest(absl::Duration duration);

  const Clock* const clock_;
  MaintenanceSignal* const signal_;
  const Run run_;
  const Report report_;
  const absl::Duration period_;
  std::atomic<bool> stop_{false};
  // Last: it runs as soon as it is made.
  std::thread thread_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_MAINTENANCE_RUNNER_H_
