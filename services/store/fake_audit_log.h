// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_FAKE_AUDIT_LOG_H_
#define KEYWARD_SERVICES_STORE_FAKE_AUDIT_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::store {

// An audit log in memory: takes everything, unless a test says that it is
// away. Thread-safe.
class FakeAuditLog final : public rpc::AuditLog {
 public:
  // The first index it gives: apart from the intents that tests make up.
  static constexpr uint64_t kFirstIndex = 1000000;

  void SetAway(bool away);
  std::vector<keyward::audit::v1::AuditEntry> entries() const;

  void Append(rpc::AppendItem item, rpc::AppendDone done) override;
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime deadline) override;

 private:
  mutable Mutex mu_;
  bool away_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<keyward::audit::v1::AuditEntry> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_FAKE_AUDIT_LOG_H_
