// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_TEST_KIT_H_
#define KEYWARD_SERVICES_POLICY_POLICY_TEST_KIT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/fake_random.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/project_purger.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/policy_core.h"

namespace keyward::policy_service {

// A policy core among services that do what a test says: they answer, refuse,
// or hang. What happens is written to one journal, in order.

inline constexpr char kAdmin[] = "spiffe://keyward.internal/user/admin";

// What happened, in order. Thread-safe.
class Journal {
 public:
  void Add(std::string event);
  std::vector<std::string> events() const;

 private:
  mutable Mutex mu_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mu_);
};

// How a fake service takes a call.
enum class Mood { kWilling, kRefusing, kHanging };

// What all fakes share: a mood, and a door to wait behind. Thread-safe.
class Gate {
 public:
  // Changes the mood; what hangs goes on.
  void Set(Mood mood);
  // Waits while hanging. UNAVAILABLE if refusing.
  absl::Status Pass();
  // Waits until `count` calls have come, whatever became of them.
  void AwaitCalls(int count);

 private:
  Mutex mu_;
  CondVar changed_;
  Mood mood_ ABSL_GUARDED_BY(mu_) = Mood::kWilling;
  int calls_ ABSL_GUARDED_BY(mu_) = 0;
};

// A service whose fence is raised. Only that is ever called.
class FakeOwner final : public rpc::OwnerControl {
 public:
  FakeOwner(std::string name, Journal* journal)
      : name_(std::move(name)), journal_(journal) {}

  Gate gate;
  uint64_t fence() const;
  void set_fence(uint64_t fence);

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override;
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime) override;
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint&,
                              SteadyTime) override;
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>&, SteadyTime) override;
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t, SteadyTime) override;

 private:
  const std::string name_;
  Journal* const journal_;
  mutable Mutex mu_;
  uint64_t fence_ ABSL_GUARDED_BY(mu_) = 0;
};

// A log that keeps entries in memory.
class FakeAudit final : public rpc::AuditLog {
 public:
  explicit FakeAudit(Journal* journal) : journal_(journal) {}

  Gate gate;  // Of RaiseFence.
  Gate append_gate;
  std::vector<keyward::audit::v1::AuditEntry> entries() const;
  uint64_t fence() const;
  // As if the log had this many entries and this fence.
  void Set(uint64_t size, uint64_t fence);

  void Append(rpc::AppendItem item, rpc::AppendDone done) override;
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override;
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override;

 private:
  Journal* const journal_;
  mutable Mutex mu_;
  std::vector<keyward::audit::v1::AuditEntry> entries_ ABSL_GUARDED_BY(mu_);
  uint64_t size_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t fence_ ABSL_GUARDED_BY(mu_) = 0;
};

class FakePurger final : public rpc::ProjectPurger {
 public:
  explicit FakePurger(Journal* journal) : journal_(journal) {}

  Gate gate;
  void set_secrets(int64_t secrets);
  absl::StatusOr<int64_t> PurgeProject(const std::string& project,
                                       const std::string& project_uid,
                                       SteadyTime) override;

 private:
  Journal* const journal_;
  mutable Mutex mu_;
  int64_t secrets_ ABSL_GUARDED_BY(mu_) = 0;
};

// One call under way. Thread-safe.
class PendingCall {
 public:
  bool answered() const;
  // The answer; waits for it. Dies after half a minute, instead of hanging.
  const rpc::CallResult& Wait();

  rpc::CallDone Done();

 private:
  mutable Mutex mu_;
  CondVar arrived_;
  std::unique_ptr<rpc::CallResult> result_ ABSL_GUARDED_BY(mu_);
};

// The core with its surroundings. Not thread-safe.
class PolicyTestKit {
 public:
  PolicyTestKit();
  ~PolicyTestKit();

  // Ends the core, if there is one, and creates another on what is durable.
  absl::Status Restart();
  // The same after a loss of power.
  absl::Status PowerCut();
  // Create and Start, which must succeed.
  void StartFresh();
  absl::Status Start() { return core->Start(Deadline()); }

  SteadyTime Deadline() const { return clock.SteadyNow() + absl::Seconds(10); }

  // A call of PolicyService.METHOD under the newest revision, with a new
  // intent if it is a change.
  rpc::CallContext Context(absl::string_view method,
                           absl::string_view principal = kAdmin);
  std::shared_ptr<PendingCall> Execute(
      rpc::CallContext context, const google::protobuf::Message& request);
  // The whole of it: the answer of a call that is not held up.
  const rpc::CallResult& Call(absl::string_view method,
                              const google::protobuf::Message& request,
                              absl::string_view principal = kAdmin);
  // Its response, which must be there.
  template <typename Response>
  Response Get(absl::string_view method,
               const google::protobuf::Message& request,
               absl::string_view principal = kAdmin) {
    const rpc::CallResult& result = Call(method, request, principal);
    if (!result.status.ok()) Die(result.status.ToString());
    return dynamic_cast<const Response&>(*result.response);
  }

  // Wait until `revision` is durable, or in force.
  void AwaitDurable(uint64_t revision);
  void AwaitForce(uint64_t revision);
  // Waits until something is stored under the intent's id.
  void AwaitApplied(uint64_t intent);

  FakeClock clock{absl::FromUnixSeconds(1700000000)};
  FakeTimer timer{&clock};
  Journal journal;
  FakeAudit audit{&journal};
  FakeOwner store{"store", &journal};
  FakeOwner rotation{"rotation", &journal};
  FakePurger purger{&journal};
  crypto::FakeRandom random;
  MemoryLogSink log_sink;
  Logger log{"policy", LogLevel::kInfo, &clock, &log_sink};
  kv::TestKv kv{{}, &clock};
  std::unique_ptr<kv::FaultyKv> faults;
  std::unique_ptr<PolicyCore> core;
  PolicyOptions options{kAdmin};
  uint64_t next_intent = 100;

 private:
  absl::Status Create();
  [[noreturn]] static void Die(const std::string& why);

  std::vector<std::shared_ptr<PendingCall>> calls_;
};

// Requests in a line.
policy::v1::CreateProjectRequest CreateProject(const std::string& id);
policy::v1::DeleteProjectRequest DeleteProject(const std::string& name);
// Adds one binding under its parent.
policy::v1::ApplyPolicyRequest Bind(const std::string& name,
                                    const std::string& role,
                                    const std::string& principal,
                                    const std::string& resource);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_TEST_KIT_H_
