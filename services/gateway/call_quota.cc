// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/call_quota.h"

#include <utility>

namespace keyward::gateway {

std::shared_ptr<CallQuota::Place> CallQuota::Take(
    const std::string& principal) {
  if (!calls_.Take(principal)) return nullptr;
  return std::make_shared<Place>(this, principal);
}

bool CallQuota::Place::Add(size_t bytes) {
  CallQuota& quota = *quota_;
  if (quota.total_.fetch_add(bytes) + bytes > quota.limits_.bytes ||
      !quota.bytes_.Take(principal_, bytes)) {
    quota.total_.fetch_sub(bytes);
    return false;
  }
  bytes_ += bytes;
  return true;
}

CallQuota::Place::~Place() {
  quota_->bytes_.Release(principal_, bytes_);
  quota_->total_.fetch_sub(bytes_);
  quota_->calls_.Release(principal_);
}

}  // namespace keyward::gateway
