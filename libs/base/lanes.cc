// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/lanes.h"

#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward {

Lanes::Turn::~Turn() {
  if (lane_ != nullptr) lanes_->EndTurn(std::move(lane_));
}

Lanes::~Lanes() {
  MutexLock l(&mu_);
  while (!lanes_.empty()) idle_.WaitFor(&mu_, absl::Minutes(1));
}

absl::Status Lanes::Run(const std::string& name, Task task) {
  std::shared_ptr<Lane> lane;
  {
    MutexLock l(&mu_);
    std::shared_ptr<Lane>& slot = lanes_[name];
    if (slot == nullptr) {
      slot = std::make_shared<Lane>();
      slot->name = name;
    }
    if (slot->waiting.size() >= kMaxWaiting) {
      return WithRetryAfter(
          MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                    "too many changes of this resource are waiting"),
          absl::Seconds(1));
    }
    slot->waiting.push_back(std::move(task));
    if (slot->taken || slot->pumping) return absl::OkStatus();
    slot->pumping = true;
    lane = slot;
  }
  Pump(std::move(lane));
  return absl::OkStatus();
}

void Lanes::Pump(std::shared_ptr<Lane> lane) {
  while (true) {
    Task task;
    {
      MutexLock l(&mu_);
      if (lane->taken || lane->waiting.empty()) {
        lane->pumping = false;
        if (!lane->taken) {
          lanes_.erase(lane->name);
          // Under the lock: once it is free the destructor may have run.
          if (lanes_.empty()) idle_.SignalAll();
        }
        return;
      }
      task = std::move(lane->waiting.front());
      lane->waiting.pop_front();
      lane->taken = true;
    }
    task(Turn(this, lane));
  }
}

void Lanes::EndTurn(std::shared_ptr<Lane> lane) {
  {
    MutexLock l(&mu_);
    lane->taken = false;
    if (lane->pumping) return;
    lane->pumping = true;
  }
  Pump(std::move(lane));
}

}  // namespace keyward
