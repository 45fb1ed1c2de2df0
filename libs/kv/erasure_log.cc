// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/erasure_log.h"

#include <limits>
#include <string>

namespace keyward::kv {

void ErasureLog::Add(const std::vector<format::Erasure>& erasures,
                     SteadyTime now) {
  MutexLock lock(&mu_);
  for (const format::Erasure& erasure : erasures) {
    pending_.emplace(Key(erasure.revision, erasure.key), now);
  }
}

std::vector<format::Erasure> ErasureLog::Due(SteadyTime until) const {
  MutexLock lock(&mu_);
  std::vector<format::Erasure> due;
  for (const auto& [key, added] : pending_) {
    if (added <= until) due.push_back({key.first, key.second});
  }
  return due;
}

void ErasureLog::Finish(const std::vector<format::Erasure>& erasures) {
  std::vector<Done> called;
  {
    MutexLock lock(&mu_);
    for (const format::Erasure& erasure : erasures) {
      pending_.erase(Key(erasure.revision, erasure.key));
    }
    const auto end = waits_.lower_bound(OldestLocked());
    for (auto it = waits_.begin(); it != end; ++it) {
      called.push_back(std::move(it->second));
    }
    waits_.erase(waits_.begin(), end);
  }
  for (Done& done : called) done(absl::OkStatus());
}

void ErasureLog::Wait(uint64_t revision, Done done) {
  absl::Status now;
  {
    MutexLock lock(&mu_);
    if (closed_) {
      now = absl::UnavailableError("the store is closed");
    } else if (revision >= OldestLocked()) {
      waits_.emplace(revision, std::move(done));
      return;
    }
  }
  done(now);
}

void ErasureLog::Close() {
  std::multimap<uint64_t, Done> waits;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    waits.swap(waits_);
  }
  for (auto& [revision, done] : waits) {
    done(absl::UnavailableError("the store is closed"));
  }
}

uint64_t ErasureLog::pending() const {
  MutexLock lock(&mu_);
  return pending_.size();
}

uint64_t ErasureLog::oldest() const {
  MutexLock lock(&mu_);
  return OldestLocked();
}

uint64_t ErasureLog::OldestLocked() const {
  if (pending_.empty()) return std::numeric_limits<uint64_t>::max();
  return pending_.begin()->first.first;
}

}  // namespace keyward::kv
