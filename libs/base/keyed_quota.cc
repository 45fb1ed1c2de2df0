// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/keyed_quota.h"

#include <algorithm>

namespace keyward {

bool KeyedQuota::Take(absl::string_view key, size_t amount) {
  if (amount == 0) return true;
  MutexLock lock(&mu_);
  const auto found = held_.find(key);
  const size_t held = found == held_.end() ? 0 : found->second;
  // Without an overflow, whatever is asked for.
  if (amount > limit_ - held) return false;
  if (found == held_.end()) {
    held_.emplace(key, amount);
  } else {
    found->second += amount;
  }
  return true;
}

void KeyedQuota::Release(absl::string_view key, size_t amount) {
  MutexLock lock(&mu_);
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  found->second -= std::min(found->second, amount);
  if (found->second == 0) held_.erase(found);
}

size_t KeyedQuota::keys() const {
  MutexLock lock(&mu_);
  return held_.size();
}

}  // namespace keyward
