// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_MAINTENANCE_SIGNAL_H_
#define KEYWARD_SERVICES_STORE_MAINTENANCE_SIGNAL_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"

namespace keyward::store {

// By which a change tells maintenance that it has left work that must not wait
// for the next period: what a caller was told is destroyed is not to lie there
// for ten seconds more.
//
// Thread-safe; one waits.
class MaintenanceSignal {
 public:
  MaintenanceSignal() = default;
  MaintenanceSignal(const MaintenanceSignal&) = delete;
  MaintenanceSignal& operator=(const MaintenanceSignal&) = delete;

  // Never blocks.
  void Raise();

  // Waits for Raise, at most `longest`. One that came since the last wait ends
  // this one at once; several are one. Answers whether there was one.
  bool Wait(absl::Duration longest);

 private:
  Mutex mu_;
  CondVar changed_;
  bool raised_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_MAINTENANCE_SIGNAL_H_
