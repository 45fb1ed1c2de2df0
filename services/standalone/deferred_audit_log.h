// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// An audit log for services that are made before it: in one process store and
// policy write to audit, and audit asks store and policy before it serves.

#ifndef KEYWARD_SERVICES_STANDALONE_DEFERRED_AUDIT_LOG_H_
#define KEYWARD_SERVICES_STANDALONE_DEFERRED_AUDIT_LOG_H_

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"

namespace keyward::standalone {

// Thread-safe.
class DeferredAuditLog : public rpc::AuditLog {
 public:
  // From now on everything goes to `log`, which must outlive this. Once.
  void Set(rpc::AuditLog* log) { log_.store(log, std::memory_order_release); }

  // Before Set: kFailed and UNAVAILABLE, as from an audit that is away.
  void Append(rpc::AppendItem item, rpc::AppendDone done) override {
    rpc::AuditLog* log = log_.load(std::memory_order_acquire);
    if (log != nullptr) return log->Append(std::move(item), std::move(done));
    rpc::AppendResult failed;
    failed.error = NotYet();
    done(std::move(failed));
  }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override {
    rpc::AuditLog* log = log_.load(std::memory_order_acquire);
    if (log == nullptr) return NotYet();
    return log->RaiseFence(revision, deadline);
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime deadline) override {
    rpc::AuditLog* log = log_.load(std::memory_order_acquire);
    if (log == nullptr) return NotYet();
    return log->GetLogState(deadline);
  }

 private:
  static absl::Status NotYet() {
    return MakeError(absl::StatusCode::kUnavailable, kAuditUnavailable,
                     "audit has not started yet");
  }

  std::atomic<rpc::AuditLog*> log_{nullptr};
};

}  // namespace keyward::standalone

#endif  // KEYWARD_SERVICES_STANDALONE_DEFERRED_AUDIT_LOG_H_
