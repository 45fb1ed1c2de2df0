// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How many calls a principal may make, so that one caller cannot starve the
// others or fill the audit log.

#ifndef KEYWARD_SERVICES_GATEWAY_RATE_LIMITER_H_
#define KEYWARD_SERVICES_GATEWAY_RATE_LIMITER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward::gateway {

struct RateLimits {
  // Calls a second that a principal may make for ever, and how many it may
  // save up. An element of a batch counts as a call.
  double per_second = 20000;
  double burst = 40000;
  // Principals that are remembered. Beyond it the one seen longest ago is
  // forgotten, which gives it a full bucket again; only as many principals as
  // this, authenticated all, can use that.
  size_t tracked_principals = 65536;
};

// A token bucket for each principal. Thread-safe. The clock must outlive it.
class RateLimiter {
 public:
  RateLimiter(const Clock* clock, RateLimits limits);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  struct Verdict {
    bool allowed = false;
    // Refused: when to try again.
    absl::Duration retry_after;
    // The first refusal after an allowed call, or the first allowed call after
    // a refusal: the moments that go on record.
    bool refusals_begin = false;
    bool refusals_end = false;
    // With refusals_end: how many calls were refused.
    uint64_t refused = 0;
  };

  // Takes `calls` tokens of the principal, all or none.
  Verdict Take(absl::string_view principal, double calls);

 private:
  struct Bucket {
    std::string principal;
    double tokens = 0;
    SteadyTime updated;
    uint64_t refused = 0;
  };
  // A lock for each shard, since every call passes here.
  struct Shard {
    Mutex mu;
    // Most recently used first.
    std::list<Bucket> recent ABSL_GUARDED_BY(mu);
    absl::flat_hash_map<std::string, std::list<Bucket>::iterator> buckets
        ABSL_GUARDED_BY(mu);
  };
  static constexpr size_t kShards = 16;

  Bucket& Find(Shard& shard, absl::string_view principal, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);

  const Clock* const clock_;
  const RateLimits limits_;
  std::array<Shard, kShards> shards_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_RATE_LIMITER_H_
