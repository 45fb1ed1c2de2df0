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
    End(shard, &shard.recent.back());
    shard.buckets.erase(shard.recent.back().principal);
    shard.recent.pop_back();
  }
  shard.recent.push_front(
      Bucket{std::string(principal), limits_.burst, now, 0, false, now});
  shard.buckets[shard.recent.front().principal] = shard.recent.begin();
  return shard.recent.front();
}

RateLimiter::Verdict RateLimiter::Take(absl::string_view principal,
                                       double calls) {
  const SteadyTime now = clock_->SteadyNow();
  Shard& shard = ShardOf(principal);
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
    verdict = CountRefusal(shard, &bucket, now);
    verdict.retry_after =
        absl::Seconds((needed - bucket.tokens) / limits_.per_second);
    return verdict;
  }
  bucket.tokens -= needed;
  verdict.allowed = true;
  End(shard, &bucket);
  return verdict;
}

RateLimiter::Verdict RateLimiter::Refuse(absl::string_view principal) {
  const SteadyTime now = clock_->SteadyNow();
  Shard& shard = ShardOf(principal);
  MutexLock lock(&shard.mu);
  return CountRefusal(shard, &Find(shard, principal, now), now);
}

RateLimiter::Verdict RateLimiter::CountRefusal(Shard& shard, Bucket* bucket,
                                               SteadyTime now) {
  Verdict verdict;
  verdict.refusals_begin = !bucket->begun;
  bucket->begun = true;
  bucket->refused_at = now;
  ++bucket->refused;
  shard.refusing.insert(bucket->principal);
  return verdict;
}

RateLimiter::Shard& RateLimiter::ShardOf(absl::string_view principal) {
  return shards_[absl::HashOf(principal) % kShards];
}

void RateLimiter::End(Shard& shard, Bucket* bucket) {
  if (!bucket->refusing()) return;
  shard.ended[bucket->principal] += bucket->refused;
  shard.refusing.erase(bucket->principal);
  bucket->refused = 0;
  bucket->begun = false;
}

void RateLimiter::Withdraw(absl::string_view principal,
                           const Verdict& verdict) {
  Shard& shard = ShardOf(principal);
  MutexLock lock(&shard.mu);
  const auto found = shard.buckets.find(principal);
  if (found == shard.buckets.end()) return;
  Bucket& bucket = *found->second;
  // It may have ended meanwhile, and be counted.
  if (bucket.refused > 0) --bucket.refused;
  if (verdict.refusals_begin) bucket.begun = false;
  if (!bucket.refusing()) shard.refusing.erase(bucket.principal);
}

std::vector<RateLimiter::Ended> RateLimiter::TakeEnded() {
  return EndQuiet(clock_->SteadyNow() - kQuiet);
}

std::vector<RateLimiter::Ended> RateLimiter::EndAll() {
  return EndQuiet(SteadyTime::InfiniteFuture());
}

std::vector<RateLimiter::Ended> RateLimiter::EndQuiet(SteadyTime quiet_since) {
  std::vector<Ended> ended;
  for (Shard& shard : shards_) {
    MutexLock lock(&shard.mu);
    const std::vector<std::string> refusing(shard.refusing.begin(),
                                            shard.refusing.end());
    for (const std::string& principal : refusing) {
      Bucket& bucket = *shard.buckets.find(principal)->second;
      if (bucket.refused_at < quiet_since) End(shard, &bucket);
    }
    for (auto& [principal, refused] : shard.ended) {
      ended.push_back({principal, refused});
    }
    shard.ended.clear();
  }
  return ended;
}

}  // namespace keyward::gateway
