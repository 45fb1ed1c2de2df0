// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_EXPIRE_TIME_H_
#define KEYWARD_LIBS_POLICY_EXPIRE_TIME_H_

#include "absl/time/time.h"
#include "libs/base/proto_time.h"

namespace keyward::policy {

// Until when a binding or deny rule holds; infinite future if it does not say.
template <typename Rule>
absl::Time ExpireTime(const Rule& rule) {
  return rule.has_expire_time() ? FromTimestamp(rule.expire_time())
                                : absl::InfiniteFuture();
}

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_EXPIRE_TIME_H_
