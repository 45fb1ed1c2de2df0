// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_GATEWAY_RECORDED_LIMITER_H_
#define KEYWARD_SERVICES_GATEWAY_RECORDED_LIMITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "services/gateway/owed_counts.h"
#include "services/gateway/rate_limiter.h"

namespace keyward::gateway {

// A limit of the principals' whose excesses are on record: the begin of each
// time of refusals and its end, with the number of calls that were refused.
//
// Thread-safe. Clock and log must outlive it.
class RecordedLimiter {
 public:
  // `what` is limited, in records and errors: "calls".
  RecordedLimiter(const Clock* clock, rpc::AuditLog* log, RateLimits limits,
                  std::string what);
  RecordedLimiter(const RecordedLimiter&) = delete;
  RecordedLimiter& operator=(const RecordedLimiter&) = delete;

  const std::string& what() const { return what_; }

  // As RateLimiter. Whoever gets refusals_begin puts that on record, or
  // withdraws the refusal.
  RateLimiter::Verdict Take(absl::string_view principal, double calls) {
    return limiter_.Take(principal, calls);
  }
  void Withdraw(absl::string_view principal,
                const RateLimiter::Verdict& verdict) {
    limiter_.Withdraw(principal, verdict);
  }

  // The principal was refused for another reason than the rate. Puts the begin
  // on record too, and does not wait for it.
  void Refused(absl::string_view principal);

  // Records the ends. Called every now and then; does something once a second.
  void Flush();
  // Records that all refusals end: before the gateway stops.
  void FlushAll();

  // No end is owed, as far as Flush has seen.
  bool settled() const { return begins_->settled() && ends_->settled(); }
  // How many refusals are owed a record of their end.
  uint64_t owed() const { return ends_->owed(); }

 private:
  static constexpr absl::Duration kPeriod = absl::Seconds(1);

  audit::v1::AuditEntry BeginEntry() const;
  void Owe(const std::vector<RateLimiter::Ended>& ended);

  const Clock* const clock_;
  const std::string what_;
  RateLimiter limiter_;
  // Those of Refused.
  const std::shared_ptr<OwedCounts> begins_;
  const std::shared_ptr<OwedCounts> ends_;
  Mutex mu_;
  SteadyTime last_flush_ ABSL_GUARDED_BY(mu_) = SteadyTime::InfinitePast();
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_RECORDED_LIMITER_H_
