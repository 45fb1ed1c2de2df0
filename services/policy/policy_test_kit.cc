// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_test_kit.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "absl/time/clock.h"
#include "libs/audit/entry.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {
namespace {

// A test that waits longer than this has failed.
constexpr absl::Duration kPatience = absl::Seconds(30);

// Until `ready` is true; dies instead of hanging.
template <typename Ready>
void Await(Ready ready) {
  const absl::Time end = absl::Now() + kPatience;
  while (!ready()) {
    if (absl::Now() >= end) {
      fprintf(stderr, "waited for nothing\n");
      abort();
    }
    std::this_thread::yield();
  }
}

absl::Status Refused() { return absl::UnavailableError("refused by the test"); }

}  // namespace

void Journal::Add(std::string event) {
  MutexLock l(&mu_);
  events_.push_back(std::move(event));
}

std::vector<std::string> Journal::events() const {
  MutexLock l(&mu_);
  return events_;
}

void Gate::Set(Mood mood) {
  MutexLock l(&mu_);
  mood_ = mood;
  changed_.SignalAll();
}

absl::Status Gate::Pass() {
  MutexLock l(&mu_);
  ++calls_;
  changed_.SignalAll();
  while (mood_ == Mood::kHanging) changed_.WaitFor(&mu_, kPatience);
  return mood_ == Mood::kRefusing ? Refused() : absl::OkStatus();
}

void Gate::AwaitCalls(int count) {
  MutexLock l(&mu_);
  while (calls_ < count) changed_.WaitFor(&mu_, kPatience);
}

uint64_t FakeOwner::fence() const {
  MutexLock l(&mu_);
  return fence_;
}

void FakeOwner::set_fence(uint64_t fence) {
  MutexLock l(&mu_);
  fence_ = fence;
}

absl::StatusOr<uint64_t> FakeOwner::RaiseFence(uint64_t revision, SteadyTime) {
  absl::Status passed = gate.Pass();
  if (!passed.ok()) return passed;
  MutexLock l(&mu_);
  if (revision > fence_) {
    fence_ = revision;
    journal_->Add(absl::StrCat(name_, " fence ", revision));
  }
  return fence_;
}

absl::StatusOr<std::string> FakeOwner::GetHeldCheckpoint(SteadyTime) {
  return Refused();
}
absl::Status FakeOwner::HoldCheckpoint(const rpc::HandedCheckpoint&,
                                       SteadyTime) {
  return Refused();
}
absl::StatusOr<std::vector<rpc::IntentResolution>> FakeOwner::ResolveIntents(
    const std::vector<uint64_t>&, SteadyTime) {
  return Refused();
}
absl::StatusOr<uint64_t> FakeOwner::RaiseFloor(uint64_t, SteadyTime) {
  return Refused();
}

std::vector<keyward::audit::v1::AuditEntry> FakeAudit::entries() const {
  MutexLock l(&mu_);
  return entries_;
}

uint64_t FakeAudit::fence() const {
  MutexLock l(&mu_);
  return fence_;
}

void FakeAudit::Set(uint64_t size, uint64_t fence) {
  MutexLock l(&mu_);
  size_ = size;
  fence_ = fence;
}

void FakeAudit::Append(rpc::AppendItem item, rpc::AppendDone done) {
  rpc::AppendResult result;
  result.error = append_gate.Pass();
  if (result.error.ok()) {
    result.status = rpc::AppendStatus::kAccepted;
    MutexLock l(&mu_);
    for (const std::string& leaf : item.entries) {
      entries_.push_back(keyward::audit::ParseEntry(leaf).value());
      journal_->Add(absl::StrCat("record: ", entries_.back().detail()));
      ++size_;
    }
  }
  done(std::move(result));
}

absl::StatusOr<uint64_t> FakeAudit::RaiseFence(uint64_t revision, SteadyTime) {
  absl::Status passed = gate.Pass();
  if (!passed.ok()) return passed;
  MutexLock l(&mu_);
  if (revision > fence_) {
    fence_ = revision;
    ++size_;
    journal_->Add(absl::StrCat("audit fence ", revision));
  }
  return fence_;
}

absl::StatusOr<rpc::LogState> FakeAudit::GetLogState(SteadyTime) {
  MutexLock l(&mu_);
  rpc::LogState state;
  state.fence = fence_;
  state.size = size_;
  return state;
}

void FakePurger::set_secrets(int64_t secrets) {
  MutexLock l(&mu_);
  secrets_ = secrets;
}

absl::StatusOr<int64_t> FakePurger::PurgeProject(const std::string& project,
                                                 const std::string& project_uid,
                                                 SteadyTime) {
  absl::Status passed = gate.Pass();
  if (!passed.ok()) return passed;
  MutexLock l(&mu_);
  journal_->Add(absl::StrCat("purge ", project,
                             project_uid.empty() ? " without a uid" : ""));
  return secrets_;
}

bool PendingCall::answered() const {
  MutexLock l(&mu_);
  return result_ != nullptr;
}

const rpc::CallResult& PendingCall::Wait() {
  MutexLock l(&mu_);
  while (result_ == nullptr) {
    if (!arrived_.WaitFor(&mu_, kPatience)) {
      fprintf(stderr, "a call was never answered\n");
      abort();
    }
  }
  return *result_;
}

rpc::CallDone PendingCall::Done() {
  return [this](rpc::CallResult result) {
    MutexLock l(&mu_);
    if (result_ != nullptr) {
      fprintf(stderr, "a call was answered twice\n");
      abort();
    }
    result_ = std::make_unique<rpc::CallResult>(std::move(result));
    arrived_.SignalAll();
  };
}

PolicyTestKit::PolicyTestKit() {
  absl::Status created = Create();
  if (!created.ok()) Die(created.ToString());
}

PolicyTestKit::~PolicyTestKit() {
  for (Gate* gate : {&store.gate, &rotation.gate, &audit.gate,
                     &audit.append_gate, &purger.gate}) {
    gate->Set(Mood::kRefusing);
  }
  faults->ReleaseCommits();
  core.reset();
}

void PolicyTestKit::Die(const std::string& why) {
  fprintf(stderr, "%s\n", why.c_str());
  abort();
}

absl::Status PolicyTestKit::Create() {
  faults = std::make_unique<kv::FaultyKv>(kv.store());
  PolicyDependencies dependencies;
  dependencies.kv = faults.get();
  dependencies.audit = &audit;
  dependencies.fenced_owners = {&store, &rotation};
  dependencies.purger = &purger;
  dependencies.clock = &clock;
  dependencies.timer = &timer;
  dependencies.random = &random;
  dependencies.logger = &log;
  auto created = PolicyCore::Create(dependencies, options);
  if (!created.ok()) return created.status();
  core = *std::move(created);
  return absl::OkStatus();
}

absl::Status PolicyTestKit::Restart() {
  core.reset();
  faults.reset();
  absl::Status restarted = kv.Restart();
  return restarted.ok() ? Create() : restarted;
}

absl::Status PolicyTestKit::PowerCut() {
  core.reset();
  faults.reset();
  absl::Status cut = kv.PowerCut();
  return cut.ok() ? Create() : cut;
}

void PolicyTestKit::StartFresh() {
  absl::Status started = Start();
  if (!started.ok()) Die(started.ToString());
}

rpc::CallContext PolicyTestKit::Context(absl::string_view method,
                                        absl::string_view principal) {
  rpc::CallContext context;
  context.request_id = "00000000-0000-4000-8000-000000000000";
  context.method = absl::StrCat("keyward.policy.v1.PolicyService.", method);
  context.principal = std::string(principal);
  context.credential_id = "sha256:test";
  context.resource = "system";
  context.policy_revision = core->newest_revision();
  context.deadline = Deadline();
  if (method == "ApplyPolicy" || method == "CreateProject" ||
      method == "DeleteProject") {
    context.intent_id = next_intent++;
  }
  return context;
}

std::shared_ptr<PendingCall> PolicyTestKit::Execute(
    rpc::CallContext context, const google::protobuf::Message& request) {
  calls_.push_back(std::make_shared<PendingCall>());
  core->Execute(context, request, calls_.back()->Done());
  return calls_.back();
}

const rpc::CallResult& PolicyTestKit::Call(
    absl::string_view method, const google::protobuf::Message& request,
    absl::string_view principal) {
  return Execute(Context(method, principal), request)->Wait();
}

void PolicyTestKit::AwaitDurable(uint64_t revision) {
  Await([&] { return core->newest_revision() >= revision; });
}

void PolicyTestKit::AwaitForce(uint64_t revision) {
  Await([&] { return core->revision_in_force() >= revision; });
}

void PolicyTestKit::AwaitApplied(uint64_t intent) {
  const auto id = kv::TransactionId::Intent(intent);
  Await([&] { return kv.store()->GetTransaction(id).ok(); });
}

policy::v1::CreateProjectRequest CreateProject(const std::string& id) {
  policy::v1::CreateProjectRequest request;
  request.set_project_id(id);
  return request;
}

policy::v1::DeleteProjectRequest DeleteProject(const std::string& name) {
  policy::v1::DeleteProjectRequest request;
  request.set_name(name);
  return request;
}

policy::v1::ApplyPolicyRequest Bind(const std::string& name,
                                    const std::string& role,
                                    const std::string& principal,
                                    const std::string& resource) {
  policy::v1::ApplyPolicyRequest request;
  request.set_parent(std::string(policy::ParentOf(name)));
  policy::v1::Binding& binding = *request.add_bindings();
  binding.set_name(name);
  binding.set_role(role);
  binding.add_principals(principal);
  binding.set_resource(resource);
  return request;
}

}  // namespace keyward::policy_service
