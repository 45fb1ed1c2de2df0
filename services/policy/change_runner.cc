// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/change_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
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
using kv::CommitResult;
using kv::TransactionId;
namespace v1 = keyward::policy::v1;
using keyward::internal::policy::v1::DeletionRecord;
using keyward::internal::policy::v1::StoredResult;

constexpr char kCreateProject[] =
    "keyward.policy.v1.PolicyService.CreateProject";
constexpr char kDeleteProject[] =
    "keyward.policy.v1.PolicyService.DeleteProject";
constexpr char kApplyPolicy[] = "keyward.policy.v1.PolicyService.ApplyPolicy";

// What is owed after a call's deadline, such as barring its intent, may take
// this long.
constexpr absl::Duration kGrace = absl::Seconds(2);
// How long an interrupted deletion is worked on before others get their turn.
constexpr absl::Duration kResumeTime = absl::Seconds(10);

rpc::CallResult Unknown() {
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kUnknown;
  result.status =
      MakeError(absl::StatusCode::kUnavailable, kOutcomeUnknown,
                "the policy change may have been made; retry with the same "
                "request_id");
  return result;
}

// The client's id of a change; empty if it gave none.
std::string RequestIdOf(absl::string_view method, const Message& request) {
  if (method == kCreateProject) {
    return static_cast<const v1::CreateProjectRequest&>(request).request_id();
  }
  if (method == kDeleteProject) {
    return static_cast<const v1::DeleteProjectRequest&>(request).request_id();
  }
  return static_cast<const v1::ApplyPolicyRequest&>(request).request_id();
}

}  // namespace

bool ChangeRunner::Runs(absl::string_view method) {
  return method == kCreateProject || method == kDeleteProject ||
         method == kApplyPolicy;
}

rpc::CallResult ChangeRunner::Run(const rpc::CallContext& context,
                                  const Message& request) {
  if (parts_.clock->Now() >= context.deadline) {
    return Refuse(context,
                  MakeError(absl::StatusCode::kUnavailable, kDeadlineTooShort,
                            "the deadline passed while other policy changes "
                            "were made"));
  }
  if (absl::Status fresh = Refresh(context.deadline); !fresh.ok()) {
    return Refuse(context, std::move(fresh));
  }
  absl::StatusOr<RequestIdUse> use =
      UseRequestId(context.principal, context.method,
                   RequestIdOf(context.method, request), request);
  if (!use.ok()) return Refuse(context, use.status());
  absl::StatusOr<absl::optional<rpc::CallResult>> known =
      FindKnown(context, *use);
  if (!known.ok()) return Refuse(context, known.status());
  if (known->has_value()) return std::move(**known);

  const std::shared_ptr<const DurablePolicy> policy = parts_.standing->Newest();
  if (context.policy_revision != policy->revision()) {
    // Decided under another policy than the one that it would change: again,
    // once the newest is in force.
    AwaitInForce(policy->revision(), context.deadline);
    return Refuse(context,
                  StateUnavailable("the policy changed meanwhile; retry"),
                  rpc::Refusal::kFence);
  }
  if (context.method == kDeleteProject) return Delete(context, *use, request);
  absl::StatusOr<ChangePlan> plan = Plan(context, request, *policy);
  if (!plan.ok()) return Refuse(context, plan.status());
  return CommitPlan(context, *use, *policy, *std::move(plan));
}

absl::StatusOr<absl::optional<rpc::CallResult>> ChangeRunner::FindKnown(
    const rpc::CallContext& context, const RequestIdUse& use) {
  const TransactionId id = TransactionId::Intent(*context.intent_id);
  absl::StatusOr<kv::TransactionRecord> record = parts_.kv->GetTransaction(id);
  if (record.ok() && !record->applied) {
    rpc::CallResult barred;
    barred.status = MakeError(absl::StatusCode::kUnavailable, kIntentBarred,
                              "the change was not made; retry");
    barred.outcome = rpc::Outcome::kNotApplied;
    barred.refusal = rpc::Refusal::kBarred;
    return absl::make_optional(std::move(barred));
  }
  absl::optional<StoredResult> stored;
  if (record.ok()) {
    absl::StatusOr<StoredResult> decoded =
        DecodeRecord<StoredResult>(record->txn_value);
    if (!decoded.ok()) return decoded.status();
    stored = *std::move(decoded);
  } else if (!absl::IsNotFound(record.status())) {
    return ReadError(record.status());
  } else if (!use.key.empty()) {
    absl::StatusOr<absl::optional<StoredResult>> found =
        FindRequestId(*parts_.kv, use, parts_.clock->Now());
    if (!found.ok()) return found.status();
    if (found->has_value()) {
      // This intent did what the first one did: nothing more.
      StorageChange repeated;
      repeated.intent_id = *context.intent_id;
      repeated.result = EncodeRecord(**found);
      repeated.checkpoint = context.checkpoint;
      const CommitResult committed = Commit(
          *parts_.standing->Newest(), std::move(repeated), context.deadline);
      if (!committed.applied()) return absl::make_optional(Unknown());
      stored = std::move(**found);
    }
  }
  if (!stored.has_value()) return absl::optional<rpc::CallResult>();
  absl::StatusOr<std::unique_ptr<Message>> response =
      StoredResponse(*stored, context.method);
  if (!response.ok()) return response.status();
  return absl::make_optional(
      AnswerInForce(*std::move(response), stored->resource(),
                    stored->revision(), context.deadline));
}

absl::Status ChangeRunner::Refresh(absl::Time deadline) {
  if (!stale_) return absl::OkStatus();
  if (!parts_.storage->Settled(deadline)) {
    return StateUnavailable("the fate of an earlier change is not known yet");
  }
  absl::StatusOr<DurablePolicy> loaded = parts_.storage->Load();
  if (!loaded.ok()) return loaded.status();
  const std::shared_ptr<const policy::PolicyState> state = loaded->state;
  parts_.standing->SetNewest(*std::move(loaded));
  parts_.publisher->Publish(state, nullptr);
  stale_ = false;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>>
ChangeRunner::Compiled(const DurablePolicy& policy) {
  if (compiled_ == nullptr || &compiled_->state() != policy.state.get()) {
    absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>> compiled =
        policy::PolicySnapshot::Compile(policy.state, parts_.catalog);
    if (!compiled.ok()) return compiled.status();
    compiled_ = *std::move(compiled);
  }
  return compiled_;
}

absl::StatusOr<ChangePlan> ChangeRunner::Plan(const rpc::CallContext& context,
                                              const Message& request,
                                              const DurablePolicy& policy) {
  const absl::Time now = parts_.clock->Now();
  if (context.method == kCreateProject) {
    absl::StatusOr<std::string> uid = NewProjectUid(*parts_.random);
    if (!uid.ok()) return uid.status();
    return PlanCreateProject(
        policy, *uid, static_cast<const v1::CreateProjectRequest&>(request),
        now);
  }
  absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>> compiled =
      Compiled(policy);
  if (!compiled.ok()) return compiled.status();
  return PlanApplyPolicy(
      policy, **compiled,
      policy::Caller{context.principal, context.credential_id},
      static_cast<const v1::ApplyPolicyRequest&>(request), now);
}

CommitResult ChangeRunner::Commit(const DurablePolicy& on, StorageChange change,
                                  absl::Time deadline) {
  const absl::optional<policy::PolicyDelta> delta = change.delta;
  const uint64_t revision =
      delta.has_value() ? delta->revision() : on.revision();
  absl::StatusOr<DurablePolicy> next =
      PolicyStorage::Preview(on, change, revision);
  if (!next.ok()) return CommitResult::Refused(next.status());
  const CommitResult result =
      parts_.storage->Commit(on, std::move(change), deadline);
  if (result.outcome == CommitResult::Outcome::kApplied) {
    const std::shared_ptr<const policy::PolicyState> state = next->state;
    parts_.standing->SetNewest(*std::move(next));
    if (delta.has_value()) parts_.publisher->Publish(state, &*delta);
  } else if (result.outcome == CommitResult::Outcome::kUnknown ||
             result.outcome == CommitResult::Outcome::kAlreadyApplied) {
    // What is durable may not be what this process thinks.
    stale_ = true;
  }
  return result;
}

rpc::CallResult ChangeRunner::CommitPlan(const rpc::CallContext& context,
                                         const RequestIdUse& use,
                                         const DurablePolicy& policy,
                                         ChangePlan plan) {
  const uint64_t revision =
      plan.delta.has_value() ? plan.delta->revision() : policy.revision();
  const StoredResult stored = MakeStoredResult(context.method, *plan.response,
                                               context.resource, revision);
  StorageChange change;
  change.intent_id = *context.intent_id;
  if (!plan.validate_only) change.delta = std::move(plan.delta);
  change.result = EncodeRecord(stored);
  change.checkpoint = context.checkpoint;
  if (!use.key.empty() && !plan.validate_only) {
    kv::Transaction with_id;
    AddRequestId(use, stored, parts_.clock->Now(), &with_id);
    change.puts = std::move(with_id.puts);
    change.deletes = std::move(with_id.deletes);
  }
  const CommitResult committed =
      Commit(policy, std::move(change), context.deadline);
  switch (committed.outcome) {
    case CommitResult::Outcome::kApplied:
    case CommitResult::Outcome::kAlreadyApplied:
      return AnswerInForce(std::move(plan.response), context.resource,
                           plan.validate_only ? policy.revision() : revision,
                           context.deadline);
    case CommitResult::Outcome::kBarred: {
      rpc::CallResult barred;
      barred.status = MakeError(absl::StatusCode::kUnavailable, kIntentBarred,
                                "the change was not made; retry");
      barred.outcome = rpc::Outcome::kNotApplied;
      barred.refusal = rpc::Refusal::kBarred;
      return barred;
    }
    case CommitResult::Outcome::kUnknown:
      return Unknown();
    case CommitResult::Outcome::kConflict:
    case CommitResult::Outcome::kRefused:
      break;
  }
  return Refuse(context, StateUnavailable("the change could not be stored"));
}

rpc::CallResult ChangeRunner::Delete(const rpc::CallContext& context,
                                     const RequestIdUse& use,
                                     const Message& message) {
  const auto& request = static_cast<const v1::DeleteProjectRequest&>(message);
  const std::shared_ptr<const DurablePolicy> policy = parts_.standing->Newest();
  absl::StatusOr<ChangePlan> plan = PlanCloseProject(*policy, request);
  if (!plan.ok()) return Refuse(context, plan.status());
  DeletionRecord deletion;
  deletion.set_format(kRecordFormat);
  deletion.set_project(request.name());
  const v1::Project* project = policy->state->FindProject(request.name());
  if (project != nullptr) deletion.set_project_uid(project->uid());
  deletion.set_closed_revision(plan->delta->revision());
  deletion.set_intent_id(*context.intent_id);
  deletion.set_request_id_key(use.key);
  deletion.set_content_hash(use.content_hash);
  // Closing is a step of its own, not the intent's end: the intent's id is
  // claimed by what the deletion comes to.
  StorageChange close;
  close.delta = plan->delta;
  close.begun_deletion = deletion;
  const CommitResult closed =
      Commit(*policy, std::move(close), context.deadline);
  if (closed.outcome == CommitResult::Outcome::kUnknown) return Unknown();
  if (!closed.applied()) {
    return Refuse(context, StateUnavailable("the change could not be stored"));
  }
  return FinishDeletion(deletion, context.checkpoint, context.deadline);
}

rpc::CallResult ChangeRunner::FinishDeletion(const DeletionRecord& deletion,
                                             const std::string& checkpoint,
                                             absl::Time deadline) {
  // Until the closing is in force something may still be created.
  if (!AwaitInForce(deletion.closed_revision(), deadline)) return Unknown();
  absl::StatusOr<int64_t> remaining = parts_.purger->PurgeProject(
      deletion.project(), deletion.project_uid(), deadline);
  if (!remaining.ok()) return Unknown();
  const std::shared_ptr<const DurablePolicy> policy = parts_.standing->Newest();
  const bool deleted = *remaining == 0;
  ChangePlan plan = deleted ? PlanDeleted(*policy, deletion.project())
                            : PlanReopen(*policy, deletion.project());
  const uint64_t revision = plan.delta->revision();
  StorageChange change;
  change.delta = std::move(plan.delta);
  change.ended_deletion = deletion.project();
  change.checkpoint = checkpoint;
  if (deleted) {
    const StoredResult stored = MakeStoredResult(kDeleteProject, *plan.response,
                                                 deletion.project(), revision);
    change.intent_id = deletion.intent_id();
    change.result = EncodeRecord(stored);
    if (!deletion.request_id_key().empty()) {
      kv::Transaction with_id;
      AddRequestId({deletion.request_id_key(), deletion.content_hash()}, stored,
                   parts_.clock->Now(), &with_id);
      change.puts = std::move(with_id.puts);
    }
  }
  CommitResult committed = Commit(*policy, change, deadline);
  if (committed.outcome == CommitResult::Outcome::kBarred) {
    // The intent is closed as not applied; the project is nevertheless empty
    // and closed, and may only go on.
    change.intent_id = absl::nullopt;
    committed = Commit(*policy, std::move(change), deadline);
  }
  if (!committed.applied()) return Unknown();
  if (deleted) {
    return AnswerInForce(std::move(plan.response), deletion.project(), revision,
                         deadline);
  }
  AwaitInForce(revision, deadline);
  rpc::CallContext context;
  context.intent_id = deletion.intent_id();
  context.deadline = deadline;
  return Refuse(context, ProjectNotEmpty(*remaining));
}

void ChangeRunner::ResumeDeletions() {
  const absl::Time deadline = parts_.clock->Now() + kResumeTime;
  if (!Refresh(deadline).ok()) return;
  const auto deletions = parts_.standing->Newest()->deletions;
  for (const auto& [project, deletion] : deletions) {
    FinishDeletion(deletion, "", deadline);
  }
}

bool ChangeRunner::AwaitInForce(uint64_t revision, absl::Time deadline) {
  while (parts_.standing->InForce() < revision) {
    const absl::Duration left = deadline - parts_.clock->Now();
    if (left <= absl::ZeroDuration()) return false;
    const bool running = parts_.standing->WaitUntil(
        [revision](const DurablePolicy&, uint64_t in_force) {
          return in_force >= revision;
        },
        left);
    if (!running) return parts_.standing->InForce() >= revision;
  }
  return true;
}

rpc::CallResult ChangeRunner::AnswerInForce(std::unique_ptr<Message> response,
                                            const std::string& resource,
                                            uint64_t revision,
                                            absl::Time deadline) {
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kApplied;
  result.resource = resource;
  if (AwaitInForce(revision, deadline)) {
    result.response = std::move(response);
    return result;
  }
  result.status = MakeError(
      absl::StatusCode::kUnavailable, kNotYetInForce,
      absl::StrCat("durable as revision ", revision,
                   ", not yet in force; it will be, and a retry with the same "
                   "request_id answers OK once it is"),
      {{"revision", absl::StrCat(revision)}});
  return result;
}

rpc::CallResult ChangeRunner::Refuse(const rpc::CallContext& context,
                                     absl::Status status,
                                     rpc::Refusal refusal) {
  const absl::Time deadline =
      std::max(context.deadline, parts_.clock->Now() + kGrace);
  const CommitResult settled =
      parts_.storage->SettleIntent(*context.intent_id, deadline);
  if (settled.outcome != CommitResult::Outcome::kBarred) {
    // Not known, or made after all: never answered as a final refusal.
    return Unknown();
  }
  rpc::CallResult result;
  result.status = std::move(status);
  result.resource = context.resource;
  result.outcome = rpc::Outcome::kNotApplied;
  result.refusal = refusal;
  return result;
}

}  // namespace keyward::policy_service
