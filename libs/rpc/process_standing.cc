// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/process_standing.h"

namespace keyward::rpc {

ProcessStanding::ProcessStanding(absl::Time start_time, bool memory_locked)
    : standing_{start_time, memory_locked, /*serving=*/false, "its start"} {}

void ProcessStanding::SetServing() {
  MutexLock lock(&mu_);
  standing_.serving = true;
  standing_.waiting_for.clear();
}

void ProcessStanding::SetWaiting(absl::string_view waiting_for) {
  MutexLock lock(&mu_);
  standing_.serving = false;
  standing_.waiting_for = std::string(waiting_for);
}

Standing ProcessStanding::Get() const {
  MutexLock lock(&mu_);
  return standing_;
}

}  // namespace keyward::rpc
