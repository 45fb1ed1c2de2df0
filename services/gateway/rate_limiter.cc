// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/rate_limiter.h"

#include <algorithm>

#include "absl/hash/hash.h"

namespace keyward::gateway {

RateLimiter::RateLimiter(const Clock* clock, RateLimits limits)
    : clock_(clock), limits_(limits) {}

RateLimiter::Bucket& RateLimiter::Find(Shard& shard,
                                       absl::string_view principal,
                                       SteadyTime now) {
  auto found = shard.buckets.find(principal);
  if (found != shard.buckets.end()) {
    shard.recent.splice(shard.recent.begin(), shard.recent, found->second);
    return shard.recent.front();
  }
  if (shard.buckets.size() >= limits_.tracked_principals / kShards) {
    shard.buckets.erase(shard.recent.back().principal);
    shard.recent.pop_back();
  }
  shard.recent.push_front(
      Bucket{std::string(principal), limits_.burst, now, 0});
  shard.buckets[shard.recent.front().principal] = shard.recent.begin();
  return shard.recent.front();
}

RateLimiter::Verdict RateLimiter::Take(absl::string_view principal,
                                       double calls) {
  const SteadyTime now = clock_->SteadyNow();
  Shard& shard = shards_[absl::HashOf(principal) % kShards];
  MutexLock lock(&shard.mu);
  Bucket& bucket = Find(shard, principal, now);
  // Another thread may have come by with a later reading.
  const double elapsed =
      std::max(0.0, absl::ToDoubleSeconds(now - bucket.updated));
  bucket.updated = std::max(bucket.updated, now);
  bucket.tokens =
      std::min(limits_.burst, bucket.tokens + elapsed * limits_.per_second);
  Verdict verdict;
  // A request larger than the burst can never be saved up for: it needs a
  // full bucket, and takes all of it.
  const double needed = std::min(calls, limits_.burst);
  if (bucket.tokens < needed) {
    verdict.refusals_begin = bucket.refused == 0;
    ++bucket.refused;
    verdict.retry_after =
        absl::Seconds((needed - bucket.tokens) / limits_.per_second);
    return verdict;
  }
  bucket.tokens -= needed;
  verdict.allowed = true;
  verdict.refusals_end = bucket.refused > 0;
  verdict.refused = bucket.refused;
  bucket.refused = 0;
  return verdict;
}

}  // namespace keyward::gateway
