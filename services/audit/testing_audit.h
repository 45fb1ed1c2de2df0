// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_TESTING_AUDIT_H_
#define KEYWARD_SERVICES_AUDIT_TESTING_AUDIT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/audit/entry.h"
#include "libs/audit/log_key.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::audit_service {

// What the tests of the audit service share.

// Drops every line.
class NullLogSink final : public LogSink {
 public:
  void Write(LogLevel, absl::string_view) override {}
};

inline audit::LogKey TestLogKey() {
  crypto::FakeSeal seal;
  crypto::FakeRandom random;
  const std::string file =
      audit::NewLogKeyFile("keyward/log/test", &seal, random).value();
  return audit::OpenLogKeyFile(file, &seal).value();
}

inline audit::v1::AuditEntry MakeEntry(audit::v1::EntryKind kind,
                                       uint64_t revision) {
  audit::v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(1800000000);
  entry.set_kind(kind);
  entry.set_decision(audit::v1::DECISION_ALLOW);
  entry.set_principal("spiffe://keyward.internal/workload/payments-api");
  entry.set_resource("projects/default/secrets/db");
  entry.set_method("keyward.secrets.v1.SecretService.UpdateSecret");
  entry.set_policy_revision(revision);
  return entry;
}

inline audit::v1::AuditEntry MakeOutcome(uint64_t intent,
                                         audit::v1::ChangeOutcome outcome) {
  audit::v1::AuditEntry entry;
  entry.set_kind(audit::v1::ENTRY_KIND_OUTCOME);
  entry.set_intent_index(intent);
  entry.set_outcome(outcome);
  return entry;
}

inline rpc::AppendItem MakeItem(
    const std::vector<audit::v1::AuditEntry>& entries,
    std::optional<uint64_t> fenced,
    SteadyTime deadline = SteadyTime::InfiniteFuture()) {
  rpc::AppendItem item;
  for (const audit::v1::AuditEntry& entry : entries) {
    item.entries.push_back(audit::SerializeEntry(entry).value());
  }
  item.fenced_revision = fenced;
  item.deadline = deadline;
  return item;
}

inline rpc::AppendItem AccessItem(
    uint64_t revision, SteadyTime deadline = SteadyTime::InfiniteFuture()) {
  return MakeItem({MakeEntry(audit::v1::ENTRY_KIND_ACCESS, revision)}, revision,
                  deadline);
}

inline rpc::AppendItem IntentItem(
    uint64_t revision, SteadyTime deadline = SteadyTime::InfiniteFuture()) {
  return MakeItem({MakeEntry(audit::v1::ENTRY_KIND_INTENT, revision)}, revision,
                  deadline);
}

// Where an answer arrives. Thread-safe; shared, since an answer may come after
// a test has stopped waiting for it.
class Answer {
 public:
  static std::shared_ptr<Answer> New() { return std::make_shared<Answer>(); }

  static rpc::AppendDone Into(std::shared_ptr<Answer> answer) {
    return [answer = std::move(answer)](rpc::AppendResult result) {
      MutexLock l(&answer->mu_);
      ++answer->count_;
      answer->result_ = std::move(result);
      answer->arrived_.SignalAll();
    };
  }

  int count() const {
    MutexLock l(&mu_);
    return count_;
  }

  // Waits for the answer, and fails by returning what no answer is.
  rpc::AppendResult Wait() {
    MutexLock l(&mu_);
    while (count_ == 0) {
      if (!arrived_.WaitFor(&mu_, absl::Seconds(30))) break;
    }
    if (count_ == 1) return result_;
    rpc::AppendResult none;
    none.error = absl::InternalError("no answer, or more than one");
    return none;
  }

 private:
  mutable Mutex mu_;
  CondVar arrived_;
  int count_ ABSL_GUARDED_BY(mu_) = 0;
  rpc::AppendResult result_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_TESTING_AUDIT_H_
