// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/snapshot_set.h"

#include <algorithm>

namespace keyward::kv {

void SnapshotPin::End() {
  MutexLock lock(&mu_);
  if (snapshot_ == nullptr) return;
  db_->ReleaseSnapshot(snapshot_);
  snapshot_ = nullptr;
}

bool SnapshotPin::ended() {
  MutexLock lock(&mu_);
  return snapshot_ == nullptr;
}

void SnapshotSet::DropEnded() {
  pins_.erase(std::remove_if(pins_.begin(), pins_.end(),
                             [](const auto& pin) { return pin->ended(); }),
              pins_.end());
}

absl::StatusOr<std::shared_ptr<SnapshotPin>> SnapshotSet::Take(SteadyTime now) {
  MutexLock lock(&mu_);
  DropEnded();
  if (pins_.size() >= kMaxOpen) {
    return absl::ResourceExhaustedError("too many snapshots are open");
  }
  std::shared_ptr<SnapshotPin> pin(new SnapshotPin(db_, now));
  pins_.push_back(pin);
  return pin;
}

void SnapshotSet::EndOlderThan(SteadyTime time) {
  MutexLock lock(&mu_);
  for (const std::shared_ptr<SnapshotPin>& pin : pins_) {
    if (pin->taken_ < time) pin->End();
  }
  DropEnded();
}

SteadyTime SnapshotSet::Oldest() {
  MutexLock lock(&mu_);
  DropEnded();
  SteadyTime oldest = SteadyTime::InfiniteFuture();
  for (const std::shared_ptr<SnapshotPin>& pin : pins_) {
    oldest = std::min(oldest, pin->taken_);
  }
  return oldest;
}

}  // namespace keyward::kv
