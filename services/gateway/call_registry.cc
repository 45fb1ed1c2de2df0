// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/call_registry.h"

#include <vector>

namespace keyward::gateway {

void CallRegistry::Registration::Release() {
  if (shard_ == nullptr) return;
  MutexLock lock(&shard_->mu);
  shard_->calls.erase(entry_);
  shard_ = nullptr;
}

CallRegistry::Registration CallRegistry::Add(std::weak_ptr<Expirable> call,
                                             SteadyTime deadline) {
  Entry entry;
  entry.call = std::move(call);
  entry.deadline = deadline;
  return Add(std::move(entry));
}

CallRegistry::Registration CallRegistry::AddUntil(std::weak_ptr<Expirable> call,
                                                  absl::Time date) {
  Entry entry;
  entry.call = std::move(call);
  entry.date = date;
  return Add(std::move(entry));
}

CallRegistry::Registration CallRegistry::Add(Entry entry) {
  Registration registration;
  Shard* shard =
      &shards_[next_.fetch_add(1, std::memory_order_relaxed) % kShards];
  MutexLock lock(&shard->mu);
  shard->calls.push_front(std::move(entry));
  registration.shard_ = shard;
  registration.entry_ = shard->calls.begin();
  return registration;
}

void CallRegistry::Sweep(SteadyTime now, absl::Time time_of_day) {
  for (Shard& shard : shards_) {
    std::vector<std::shared_ptr<Expirable>> late;
    {
      MutexLock lock(&shard.mu);
      for (Entry& entry : shard.calls) {
        if (entry.expired) continue;
        if (entry.deadline > now && entry.date > time_of_day) continue;
        entry.expired = true;
        if (std::shared_ptr<Expirable> call = entry.call.lock()) {
          late.push_back(std::move(call));
        }
      }
    }
    // Outside the lock: an answered call may release its registration.
    for (const std::shared_ptr<Expirable>& call : late) call->Expire();
  }
}

size_t CallRegistry::size() const {
  size_t total = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mu);
    total += shard.calls.size();
  }
  return total;
}

}  // namespace keyward::gateway
