// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/owed_counts.h"

#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "libs/base/proto_time.h"
#include "services/gateway/audit_item.h"

namespace keyward::gateway {

using audit::v1::AuditEntry;

std::shared_ptr<OwedCounts> OwedCounts::New(const Clock* clock,
                                            rpc::AuditLog* log, size_t max_keys,
                                            std::string others,
                                            MakeEntry make_entry) {
  return absl::WrapUnique(new OwedCounts(
      clock, log, max_keys, std::move(others), std::move(make_entry)));
}

OwedCounts::OwedCounts(const Clock* clock, rpc::AuditLog* log, size_t max_keys,
                       std::string others, MakeEntry make_entry)
    : clock_(clock),
      log_(log),
      max_keys_(max_keys),
      others_(std::move(others)),
      make_entry_(std::move(make_entry)) {}

void OwedCounts::Owe(absl::string_view key, uint64_t count) {
  MutexLock lock(&mu_);
  OweLocked(key, count);
}

void OwedCounts::OweLocked(absl::string_view key, uint64_t count) {
  if (owed_.size() >= max_keys_ && !owed_.contains(key)) key = others_;
  owed_[key] += count;
}

void OwedCounts::AppendOrOwe(AuditEntry entry, absl::string_view key) {
  {
    MutexLock lock(&mu_);
    ++appends_;
    ++in_flight_;
  }
  Append(std::move(entry), std::string(key), 1);
}

void OwedCounts::Send() {
  std::vector<std::pair<std::string, uint64_t>> sent;
  {
    MutexLock lock(&mu_);
    if (owed_.empty() || clock_->SteadyNow() < retry_at_) return;
    while (!owed_.empty() && appends_ < kMaxInFlight) {
      const auto first = owed_.begin();
      sent.emplace_back(first->first, first->second);
      owed_.erase(first);
      ++appends_;
      in_flight_ += sent.back().second;
    }
  }
  for (auto& [key, count] : sent) {
    AuditEntry entry = make_entry_(key, count);
    *entry.mutable_time() = ToTimestamp(clock_->Now());
    Append(std::move(entry), std::move(key), count);
  }
}

void OwedCounts::Append(AuditEntry entry, std::string key, uint64_t count) {
  AppendFact(log_, std::move(entry), clock_->SteadyNow() + kAppendTime,
             [self = shared_from_this(), key = std::move(key),
              count](rpc::AppendResult result) {
               MutexLock lock(&self->mu_);
               --self->appends_;
               self->in_flight_ -= count;
               if (result.status == rpc::AppendStatus::kAccepted) return;
               self->OweLocked(key, count);
               self->retry_at_ = self->clock_->SteadyNow() + kRetry;
             });
}

bool OwedCounts::settled() const {
  MutexLock lock(&mu_);
  return owed_.empty() && appends_ == 0;
}

uint64_t OwedCounts::owed() const {
  MutexLock lock(&mu_);
  uint64_t total = in_flight_;
  for (const auto& [key, count] : owed_) total += count;
  return total;
}

}  // namespace keyward::gateway
