// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/recorded_limiter.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace keyward::gateway {
namespace {

constexpr char kOthers[] = "other principals";

}  // namespace

using audit::v1::AuditEntry;

RecordedLimiter::RecordedLimiter(const Clock* clock, rpc::AuditLog* log,
                                 RateLimits limits, std::string what)
    : clock_(clock),
      what_(std::move(what)),
      limiter_(clock, limits),
      begins_(OwedCounts::New(clock, log, limits.tracked_principals, kOthers,
                              [this](const std::string& principal, uint64_t) {
                                AuditEntry entry = BeginEntry();
                                entry.set_principal(principal);
                                return entry;
                              })),
      ends_(OwedCounts::New(
          clock, log, limits.tracked_principals, kOthers,
          [this](const std::string& principal, uint64_t refused) {
            AuditEntry entry;
            entry.set_kind(audit::v1::ENTRY_KIND_REFUSALS);
            entry.set_principal(principal);
            entry.set_count(refused);
            entry.set_detail(
                absl::StrCat("the refusals for too many ", what_, " end"));
            return entry;
          })) {}

AuditEntry RecordedLimiter::BeginEntry() const {
  AuditEntry entry;
  entry.set_kind(audit::v1::ENTRY_KIND_REFUSALS);
  entry.set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
  entry.set_detail(absl::StrCat("refusals for too many ", what_, " begin"));
  return entry;
}

void RecordedLimiter::Refused(absl::string_view principal) {
  if (!limiter_.Refuse(principal).refusals_begin) return;
  begins_->Owe(principal, 1);
  begins_->Send();
}

void RecordedLimiter::Flush() {
  const SteadyTime now = clock_->SteadyNow();
  {
    MutexLock lock(&mu_);
    if (now < last_flush_ + kPeriod) return;
    last_flush_ = now;
  }
  Owe(limiter_.TakeEnded());
}

void RecordedLimiter::FlushAll() { Owe(limiter_.EndAll()); }

void RecordedLimiter::Owe(const std::vector<RateLimiter::Ended>& ended) {
  for (const RateLimiter::Ended& each : ended) {
    ends_->Owe(each.principal, each.refused);
  }
  begins_->Send();
  ends_->Send();
}

}  // namespace keyward::gateway
