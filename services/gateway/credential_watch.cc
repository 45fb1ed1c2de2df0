// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/credential_watch.h"

#include <iterator>
#include <vector>

namespace keyward::gateway {

void CredentialWatch::Registration::Release() {
  if (watch_ == nullptr) return;
  MutexLock lock(&watch_->mu_);
  watch_->entries_.erase(entry_);
  watch_ = nullptr;
}

CredentialWatch::Registration CredentialWatch::Add(
    std::weak_ptr<CredentialHolder> holder, uint64_t generation) {
  Registration registration;
  registration.watch_ = this;
  MutexLock lock(&mu_);
  // To its place in the order, which is almost always the end.
  auto place = entries_.end();
  while (place != entries_.begin() &&
         std::prev(place)->generation > generation) {
    --place;
  }
  registration.entry_ =
      entries_.insert(place, Entry{std::move(holder), generation});
  return registration;
}

void CredentialWatch::Sweep(uint64_t generation) {
  std::vector<std::shared_ptr<CredentialHolder>> due;
  {
    MutexLock lock(&mu_);
    while (due.size() < kMaxPerSweep && !entries_.empty() &&
           entries_.front().generation < generation) {
      const auto first = entries_.begin();
      first->generation = generation;
      if (auto holder = first->holder.lock()) due.push_back(std::move(holder));
      entries_.splice(entries_.end(), entries_, first);
    }
  }
  // Outside the lock: one that ends may release its registration.
  for (const auto& holder : due) holder->RecheckCredential();
}

}  // namespace keyward::gateway
