// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/fake_audit_log.h"

#include <utility>

namespace keyward::store {

void FakeAuditLog::SetAway(bool away) {
  MutexLock l(&mu_);
  away_ = away;
}

std::vector<keyward::audit::v1::AuditEntry> FakeAuditLog::entries() const {
  MutexLock l(&mu_);
  return entries_;
}

void FakeAuditLog::Append(rpc::AppendItem item, rpc::AppendDone done) {
  rpc::AppendResult result;
  {
    MutexLock l(&mu_);
    if (away_) {
      result.error = absl::UnavailableError("audit is away");
    } else {
      result.status = rpc::AppendStatus::kAccepted;
      result.first_index = kFirstIndex + entries_.size();
      for (const std::string& bytes : item.entries) {
        keyward::audit::v1::AuditEntry entry;
        entry.ParseFromString(bytes);
        entries_.push_back(std::move(entry));
      }
    }
  }
  done(std::move(result));
}

absl::StatusOr<uint64_t> FakeAuditLog::RaiseFence(uint64_t revision,
                                                  SteadyTime) {
  return revision;
}

absl::StatusOr<rpc::LogState> FakeAuditLog::GetLogState(SteadyTime) {
  return rpc::LogState();
}

}  // namespace keyward::store
