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
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
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
    // The first refusal after an allowed call, which is the caller's to put on
    // record.
    bool refusals_begin = false;
  };

  // Takes `calls` tokens of the principal, all or none.
  Verdict Take(absl::string_view principal, double calls);

  // A refusal for another reason than the rate; without tokens. Its time ends
  // when there is none for kQuiet.
  Verdict Refuse(absl::string_view principal);

  // A refusal that `verdict` was, was not given: it does not count, and if it
  // was the first, whose record could not be made, the next one is.
  void Withdraw(absl::string_view principal, const Verdict& verdict);

  // A time of refusals that is over.
  struct Ended {
    std::string principal;
    uint64_t refused = 0;
  };

  // The times of refusals that have ended since the last call: the principal
  // was allowed a call, or was refused none for kQuiet, or was forgotten. A
  // time of which nobody comes to see the end ends too.
  std::vector<Ended> TakeEnded();
  // The same, and ends all others as well.
  std::vector<Ended> EndAll();

  static constexpr absl::Duration kQuiet = absl::Minutes(1);

 private:
  struct Bucket {
    std::string principal;
    double tokens = 0;
    SteadyTime updated;
    // Since the last allowed call.
    uint64_t refused = 0;
    bool begun = false;
    SteadyTime refused_at;

    bool refusing() const { return refused > 0 || begun; }
  };
  // A lock for each shard, since every call passes here.
  struct Shard {
    Mutex mu;
    // Most recently used first.
    std::list<Bucket> recent ABSL_GUARDED_BY(mu);
    absl::flat_hash_map<std::string, std::list<Bucket>::iterator> buckets
        ABSL_GUARDED_BY(mu);
    // Those whose bucket is refusing.
    absl::flat_hash_set<std::string> refusing ABSL_GUARDED_BY(mu);
    // Not taken yet; one for each principal.
    absl::flat_hash_map<std::string, uint64_t> ended ABSL_GUARDED_BY(mu);
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(absl::string_view principal);
  Bucket& Find(Shard& shard, absl::string_view principal, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  // One more refusal of the bucket's.
  static Verdict CountRefusal(Shard& shard, Bucket* bucket, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  // Ends the bucket's refusals, if it has any.
  static void End(Shard& shard, Bucket* bucket)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  // Ends refusals of which the last was before `quiet_since`.
  std::vector<Ended> EndQuiet(SteadyTime quiet_since);

  const Clock* const clock_;
  const RateLimits limits_;
  std::array<Shard, kShards> shards_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_RATE_LIMITER_H_
