// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the calls of a principal may hold of a gateway at once. A rate bounds
// how many begin, but not how long a call lasts: callers who do not read their
// answers keep them here until the transport gives them up.

#ifndef KEYWARD_SERVICES_GATEWAY_CALL_QUOTA_H_
#define KEYWARD_SERVICES_GATEWAY_CALL_QUOTA_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "libs/base/keyed_quota.h"

namespace keyward::gateway {

struct CallLimits {
  // Calls of one principal, from their arrival until their answers are sent.
  size_t calls_of_principal = 1024;
  // The requests and answers of these.
  size_t bytes_of_principal = size_t{64} << 20;
  // The requests and answers of all principals.
  size_t bytes = size_t{512} << 20;
};

// Thread-safe. Outlives its places.
class CallQuota {
 public:
  explicit CallQuota(const CallLimits& limits)
      : limits_(limits),
        calls_(limits.calls_of_principal),
        bytes_(limits.bytes_of_principal) {}
  CallQuota(const CallQuota&) = delete;
  CallQuota& operator=(const CallQuota&) = delete;

  // What one call holds, given back when it is destroyed. Used by one thread at
  // a time.
  class Place {
   public:
    Place(CallQuota* quota, std::string principal)
        : quota_(quota), principal_(std::move(principal)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    // So many bytes more. False, and nothing more, if they are not there.
    bool Add(size_t bytes);

   private:
    CallQuota* const quota_;
    const std::string principal_;
    size_t bytes_ = 0;
  };

  // A place for a call; null if the principal has all of its own.
  std::shared_ptr<Place> Take(const std::string& principal);

 private:
  const CallLimits limits_;
  KeyedQuota calls_;
  KeyedQuota bytes_;
  std::atomic<size_t> total_{0};
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_CALL_QUOTA_H_
