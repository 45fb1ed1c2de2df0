// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance_signal.h"

#include <utility>

namespace keyward::store {

void MaintenanceSignal::Raise() {
  MutexLock l(&mu_);
  raised_ = true;
  changed_.SignalAll();
}

bool MaintenanceSignal::Wait(absl::Duration longest) {
  MutexLock l(&mu_);
  // A wait that ends early for no reason is a run too many, no more.
  if (!raised_) changed_.WaitFor(&mu_, longest);
  return std::exchange(raised_, false);
}

}  // namespace keyward::store
