// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// How the ChangeExecutor deletes projects.

#include <memory>
#include <utility>

#include "libs/base/fault_point.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "services/policy/change_executor.h"
#include "services/policy/policy_loader.h"
#include "services/policy/project_changes.h"
#include "services/policy/records.h"
#include "services/policy/stored_result.h"

namespace keyward::policy_service {
namespace {

using keyward::internal::policy::v1::StoredResult;
using Outcome = kv::CommitResult::Outcome;
using Phase = ChangeCall::Phase;

}  // namespace

void ChangeExecutor::Close(const ChangeCallPtr& call,
                           const DurablePolicy& policy, ChangePlan plan) {
  const policy::v1::Project& project = plan.delta->entries(0).project();
  DeletionRecord record;
  record.set_format(kRecordFormat);
  record.set_project(project.name());
  record.set_project_uid(project.uid());
  record.set_closed_revision(plan.delta->revision());
  record.set_intent_id(call->intent());
  record.set_request_id_key(call->request_id.key);
  record.set_content_hash(call->request_id.content_hash);
  {
    // Before it is durable: the store may answer at once.
    MutexLock l(&mu_);
    call->phase = Phase::kDeleting;
    deleting_[record.project()] = call;
    waiting_.insert(call);
  }
  StorageChange change;
  change.delta = std::move(plan.delta);
  change.begun_deletion = record;
  change.checkpoint = call->context.checkpoint;
  const kv::CommitResult result =
      CommitAndInstall(policy, std::move(change), call->context.deadline);
  if (result.outcome == Outcome::kApplied) {
    KEYWARD_FAULT_POINT("policy.project.closed");
    MutexLock l(&mu_);
    if (!call->expired) return;
  } else {
    MutexLock l(&mu_);
    deleting_.erase(record.project());
    waiting_.erase(call);
  }
  if (result.outcome == Outcome::kApplied) return Expire(call);
  // If the closing was made after all, the deletion goes on by itself, and the
  // reconciler learns what became of it.
  if (result.outcome != Outcome::kRefused) return AnswerUnknown(call);
  Refuse(call, ReadError(result.status), rpc::Refusal::kNone);
}

bool ChangeExecutor::FinishDeletion(const std::string& project,
                                    int64_t secrets) {
  auto deletion = std::make_shared<Deletion>();
  deletion->project = project;
  deletion->secrets = secrets;
  MutexLock l(&mu_);
  deletions_.push_back(deletion);
  work_.Signal();
  while (!stop_ && !deletion->done) ended_.WaitFor(&mu_, kIdle);
  return deletion->ended;
}

bool ChangeExecutor::Finish(const Deletion& deletion) {
  const std::shared_ptr<const DurablePolicy> policy = parts_.standing->Newest();
  const auto record = policy->deletions.find(deletion.project);
  if (record == policy->deletions.end()) return true;
  KEYWARD_FAULT_POINT("policy.project.purged");
  if (deletion.secrets == 0) return FinishDeleted(*policy, record->second);
  return Reopen(*policy, record->second, deletion.secrets);
}

ChangeCallPtr ChangeExecutor::TakeDeleting(const std::string& project) {
  MutexLock l(&mu_);
  const auto found = deleting_.find(project);
  if (found == deleting_.end()) return nullptr;
  ChangeCallPtr call = std::move(found->second);
  deleting_.erase(found);
  waiting_.erase(call);
  if (call->phase != Phase::kDeleting) return nullptr;
  call->phase = Phase::kWorking;
  return call;
}

bool ChangeExecutor::FinishDeleted(const DurablePolicy& policy,
                                   const DeletionRecord& record) {
  constexpr char kMethod[] = "keyward.policy.v1.PolicyService.DeleteProject";
  ChangePlan plan = PlanDeleted(policy, record.project());
  const uint64_t revision = plan.delta->revision();
  const StoredResult stored =
      MakeStoredResult(kMethod, *plan.response, record.project(), revision);
  StorageChange change;
  change.intent_id = record.intent_id();
  change.delta = std::move(plan.delta);
  change.result = EncodeRecord(stored);
  change.ended_deletion = record.project();
  AddRequestId({record.request_id_key(), record.content_hash()}, stored,
               parts_.clock->Now(), &change.puts);
  const kv::CommitResult result = CommitAndInstall(
      policy, std::move(change), parts_.clock->SteadyNow() + kOwnCommitTime);
  const bool given_up = result.outcome == Outcome::kBarred ||
                        (result.outcome == Outcome::kRefused &&
                         absl::IsFailedPrecondition(result.status));
  // The intent is on record as not applied, so it must not be.
  if (given_up) return Reopen(policy, record, 0);
  if (!result.applied()) return false;
  const ChangeCallPtr call = TakeDeleting(record.project());
  if (call == nullptr) return true;
  AwaitForce(call, revision, std::move(plan.response));
  return true;
}

bool ChangeExecutor::Reopen(const DurablePolicy& policy,
                            const DeletionRecord& record, int64_t secrets) {
  StorageChange change;
  change.delta = PlanReopen(policy, record.project()).delta;
  change.ended_deletion = record.project();
  const kv::CommitResult result = CommitAndInstall(
      policy, std::move(change), parts_.clock->SteadyNow() + kOwnCommitTime);
  if (!result.applied()) return false;
  const ChangeCallPtr call = TakeDeleting(record.project());
  if (call == nullptr) return true;
  if (secrets == 0) {
    AnswerBarred(call, rpc::Outcome::kNotApplied);
  } else {
    Refuse(call, ProjectNotEmpty(secrets), rpc::Refusal::kNone);
  }
  return true;
}

}  // namespace keyward::policy_service
