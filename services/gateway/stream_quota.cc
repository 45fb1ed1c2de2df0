// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/stream_quota.h"

namespace keyward::gateway {

bool StreamQuota::Take(const std::string& principal) {
  MutexLock lock(&mu_);
  size_t& open = open_[principal];
  if (open >= limit_) {
    if (open == 0) open_.erase(principal);
    return false;
  }
  ++open;
  return true;
}

void StreamQuota::Release(const std::string& principal) {
  MutexLock lock(&mu_);
  const auto found = open_.find(principal);
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

}  // namespace keyward::gateway
