// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/change_executor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/fault_point.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/apply_policy.h"
#include "services/policy/policy_loader.h"
#include "services/policy/project_changes.h"
#include "services/policy/project_uid.h"
#include "services/policy/records.h"
#include "services/policy/stored_result.h"

namespace keyward::policy_service {
namespace {

using google::protobuf::Message;
using keyward::internal::policy::v1::StoredResult;
using Outcome = kv::CommitResult::Outcome;
using Phase = ChangeCall::Phase;

// Between two attempts to read again what is durable.
constexpr absl::Duration kReloadPause = absl::Milliseconds(100);

// The request_id field of a changing request.
std::string RequestIdOf(const Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  return field == nullptr ? std::string()
                          : request.GetReflection()->GetString(request, field);
}

}  // namespace

ChangeExecutor::~ChangeExecutor() {
  Stop();
  MutexLock l(&mu_);
  while (outside_ > 0) ended_.WaitFor(&mu_, kIdle);
}

void ChangeExecutor::Stop() {
  std::vector<ChangeCallPtr> left;
  {
    MutexLock l(&mu_);
    stop_ = true;
    work_.SignalAll();
    ended_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  {
    MutexLock l(&mu_);
    left.assign(queue_.begin(), queue_.end());
    left.insert(left.end(), waiting_.begin(), waiting_.end());
  }
  // Unbarred: whoever may still make a change says that it is not known.
  for (const ChangeCallPtr& call : left) AnswerUnknown(call);
}

void ChangeExecutor::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ChangeExecutor::Submit(const rpc::CallContext& context,
                            const Message& request, rpc::CallDone done) {
  auto call = std::make_shared<ChangeCall>();
  call->context = context;
  call->request.reset(request.New());
  call->request->CopyFrom(request);
  call->done = std::move(done);
  const absl::Duration left = std::max(
      context.deadline - parts_.clock->SteadyNow(), absl::ZeroDuration());
  bool full = false;
  {
    MutexLock l(&mu_);
    full = stop_ || queue_.size() >= kMaxQueued;
    if (!full) {
      queue_.push_back(call);
      ++outside_;
      call->timer = parts_.timer->RunAt(
          context.deadline - std::min(kAnswerMargin, left / 4), [this, call] {
            Expire(call);
            EndOutside();
          });
      work_.Signal();
    } else {
      call->phase = Phase::kWorking;
    }
  }
  if (full) Refuse(call, TooBusy(), rpc::Refusal::kNone);
}

void ChangeExecutor::Reject(const rpc::CallContext& context,
                            absl::Status status, rpc::CallDone done) {
  auto call = std::make_shared<ChangeCall>();
  call->context = context;
  call->done = std::move(done);
  call->phase = Phase::kWorking;
  Refuse(call, std::move(status), rpc::Refusal::kNone);
}

void ChangeExecutor::Run() {
  ChangeCallPtr call;
  std::shared_ptr<Deletion> deletion;
  while (TakeWork(&call, &deletion)) {
    if (deletion != nullptr) {
      const bool ended = Finish(*deletion);
      MutexLock l(&mu_);
      deletion->ended = ended;
      deletion->done = true;
      ended_.SignalAll();
    } else if (call != nullptr) {
      Work(call);
      parts_.storage->Maintain(*parts_.standing->Newest(),
                               parts_.clock->SteadyNow() + kOwnCommitTime);
    }
    call.reset();
    deletion.reset();
  }
}

bool ChangeExecutor::TakeWork(ChangeCallPtr* call,
                              std::shared_ptr<Deletion>* deletion) {
  for (;;) {
    bool stale = false;
    {
      MutexLock l(&mu_);
      while (!stop_ && !stale_ && queue_.empty() && deletions_.empty()) {
        work_.WaitFor(&mu_, kIdle);
      }
      if (stop_) return false;
      stale = stale_;
      if (!stale && !deletions_.empty()) {
        *deletion = std::move(deletions_.front());
        deletions_.pop_front();
        return true;
      }
      if (!stale) {
        *call = std::move(queue_.front());
        queue_.pop_front();
        // Its timer was first.
        if ((*call)->phase != Phase::kQueued) continue;
        (*call)->phase = Phase::kWorking;
        return true;
      }
    }
    if (Reload()) continue;
    MutexLock l(&mu_);
    if (!stop_) work_.WaitFor(&mu_, kReloadPause);
  }
}

void ChangeExecutor::Work(const ChangeCallPtr& call) {
  if (parts_.clock->SteadyNow() >= call->context.deadline) {
    return Refuse(call, TooLate(), rpc::Refusal::kNone);
  }
  if (AnswerKnownIntent(call) || AnswerKnownRequestId(call)) return;
  const std::shared_ptr<const DurablePolicy> policy = parts_.standing->Newest();
  if (call->context.policy_revision != policy->revision()) {
    // It starts again at its decision, once that can be another one.
    return AwaitForce(call, policy->revision(), nullptr);
  }
  absl::StatusOr<ChangePlan> plan = Plan(*call, *policy);
  if (!plan.ok()) return Refuse(call, plan.status(), rpc::Refusal::kNone);
  if (plan->validate_only) {
    return Refuse(call, absl::OkStatus(), rpc::Refusal::kNone,
                  std::move(plan->response));
  }
  if (plan->response == nullptr) {
    return Close(call, *policy, *std::move(plan));
  }
  Make(call, *policy, *std::move(plan));
}

bool ChangeExecutor::AnswerKnownIntent(const ChangeCallPtr& call) {
  const auto known = parts_.storage->FindIntent(call->intent());
  if (!known.ok()) {
    Refuse(call, known.status(), rpc::Refusal::kNone);
    return true;
  }
  if (known->has_value()) {
    if ((*known)->applied) {
      AnswerStored(call, (*known)->txn_value);
    } else {
      AnswerBarred(call, rpc::Outcome::kNotApplied);
    }
    return true;
  }
  const std::shared_ptr<const DurablePolicy> newest = parts_.standing->Newest();
  for (const auto& [project, record] : newest->deletions) {
    if (record.intent_id() != call->intent()) continue;
    // Another copy of the call is under way, and this one must not bar it.
    AnswerUnknown(call);
    return true;
  }
  return false;
}

bool ChangeExecutor::AnswerKnownRequestId(const ChangeCallPtr& call) {
  absl::StatusOr<RequestIdUse> use =
      UseRequestId(call->context.principal, call->context.method,
                   RequestIdOf(*call->request), *call->request);
  absl::StatusOr<absl::optional<StoredResult>> known =
      use.ok()
          ? FindRequestId(parts_.storage->reader(), *use, parts_.clock->Now())
          : use.status();
  if (!known.ok()) {
    const bool reading = !absl::IsInvalidArgument(known.status());
    Refuse(call, reading ? ReadError(known.status()) : known.status(),
           rpc::Refusal::kNone);
    return true;
  }
  call->request_id = *std::move(use);
  if (!known->has_value()) return false;
  // The change was made before, under another intent. This one gets the same
  // result, so that it is closed as truthfully.
  StorageChange change;
  change.intent_id = call->intent();
  change.result = EncodeRecord(**known);
  change.checkpoint = call->context.checkpoint;
  const std::string stored = change.result;
  const kv::CommitResult result = CommitAndInstall(
      *parts_.standing->Newest(), std::move(change), call->context.deadline);
  if (result.outcome == Outcome::kApplied) {
    AnswerStored(call, stored);
  } else {
    AnswerFailedCommit(call, result);
  }
  return true;
}

absl::StatusOr<ChangePlan> ChangeExecutor::Plan(const ChangeCall& call,
                                                const DurablePolicy& policy) {
  using google::protobuf::DynamicCastToGenerated;
  const absl::Time now = parts_.clock->Now();
  if (const auto* apply =
          DynamicCastToGenerated<policy::v1::ApplyPolicyRequest>(
              call.request.get())) {
    const auto compiled = Compiled(policy);
    if (!compiled.ok()) return compiled.status();
    return PlanApplyPolicy(policy, **compiled,
                           {call.context.principal, call.context.credential_id},
                           *apply, now);
  }
  if (const auto* create =
          DynamicCastToGenerated<policy::v1::CreateProjectRequest>(
              call.request.get())) {
    const absl::StatusOr<std::string> uid = NewProjectUid(*parts_.random);
    if (!uid.ok()) return uid.status();
    return PlanCreateProject(policy, *uid, *create, now);
  }
  if (const auto* remove =
          DynamicCastToGenerated<policy::v1::DeleteProjectRequest>(
              call.request.get())) {
    return PlanCloseProject(policy, *remove);
  }
  return absl::InternalError("not a change of policy");
}

void ChangeExecutor::Make(const ChangeCallPtr& call,
                          const DurablePolicy& policy, ChangePlan plan) {
  const uint64_t revision =
      plan.delta.has_value() ? plan.delta->revision() : policy.revision();
  const StoredResult stored = MakeStoredResult(
      call->context.method, *plan.response, call->context.resource, revision);
  StorageChange change;
  change.intent_id = call->intent();
  change.delta = std::move(plan.delta);
  change.result = EncodeRecord(stored);
  change.checkpoint = call->context.checkpoint;
  AddRequestId(call->request_id, stored, parts_.clock->Now(), &change.puts);
  const kv::CommitResult result =
      CommitAndInstall(policy, std::move(change), call->context.deadline);
  if (result.outcome == Outcome::kApplied) {
    return AwaitForce(call, revision, std::move(plan.response));
  }
  AnswerFailedCommit(call, result);
}

kv::CommitResult ChangeExecutor::CommitAndInstall(const DurablePolicy& policy,
                                                  StorageChange change,
                                                  SteadyTime deadline) {
  const uint64_t revision =
      change.delta.has_value() ? change.delta->revision() : policy.revision();
  absl::StatusOr<DurablePolicy> next =
      PolicyStorage::Preview(policy, change, revision);
  if (!next.ok()) return kv::CommitResult::Refused(next.status());
  const absl::optional<policy::PolicyDelta> delta = change.delta;
  const bool changes = delta.has_value() || change.begun_deletion.has_value() ||
                       !change.ended_deletion.empty();
  KEYWARD_FAULT_POINT("policy.change.before_commit");
  kv::CommitResult result =
      parts_.storage->Commit(policy, std::move(change), deadline);
  if (result.outcome == Outcome::kApplied) {
    KEYWARD_FAULT_POINT("policy.change.durable");
    if (!changes) return result;
    // Staged at the gateways first; then the fences are raised.
    if (delta.has_value()) parts_.publisher->Publish(next->state, &*delta);
    KEYWARD_FAULT_POINT("policy.change.published");
    parts_.standing->SetNewest(*std::move(next));
    return result;
  }
  const bool head_moved =
      result.outcome == Outcome::kConflict ||
      (result.outcome == Outcome::kRefused && absl::IsAborted(result.status));
  if (head_moved || result.outcome == Outcome::kUnknown ||
      result.outcome == Outcome::kAlreadyApplied) {
    MutexLock l(&mu_);
    stale_ = true;
  }
  return result;
}

void ChangeExecutor::AnswerFailedCommit(const ChangeCallPtr& call,
                                        const kv::CommitResult& result) {
  switch (result.outcome) {
    case Outcome::kAlreadyApplied:
      return AnswerStored(call, result.txn_value);
    case Outcome::kBarred:
      return AnswerBarred(call, rpc::Outcome::kNotApplied);
    case Outcome::kConflict:
      return Refuse(call, StaleDecision(), rpc::Refusal::kFence);
    case Outcome::kRefused:
      break;
    case Outcome::kApplied:
    case Outcome::kUnknown:
      return AnswerUnknown(call);
  }
  if (absl::IsAborted(result.status)) {
    return Refuse(call, StaleDecision(), rpc::Refusal::kFence);
  }
  // Below the floor nothing is known of the id any more: audit has closed the
  // intent, and this copy of the call came too late.
  if (absl::IsFailedPrecondition(result.status)) {
    return AnswerBarred(call, rpc::Outcome::kUnknown);
  }
  Refuse(call, ReadError(result.status), rpc::Refusal::kNone);
}

bool ChangeExecutor::Reload() {
  if (!parts_.storage->Settled(parts_.clock->SteadyNow() + kOwnCommitTime)) {
    return false;
  }
  absl::StatusOr<DurablePolicy> loaded = parts_.storage->Load();
  if (!loaded.ok()) {
    parts_.log->Warning("cannot read the policy again",
                        {{"status", loaded.status()}});
    return false;
  }
  {
    MutexLock l(&mu_);
    stale_ = false;
  }
  if (loaded->revision() != parts_.standing->Newest()->revision()) {
    parts_.publisher->Publish(loaded->state, nullptr);
  }
  parts_.standing->SetNewest(*std::move(loaded));
  return true;
}

absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>>
ChangeExecutor::Compiled(const DurablePolicy& policy) {
  if (compiled_ == nullptr || compiled_->revision() != policy.revision()) {
    auto compiled =
        policy::PolicySnapshot::Compile(policy.state, parts_.catalog);
    if (!compiled.ok()) return compiled.status();
    compiled_ = *std::move(compiled);
  }
  return compiled_;
}

}  // namespace keyward::policy_service
