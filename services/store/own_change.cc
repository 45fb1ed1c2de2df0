// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/own_change.h"

#include <limits>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/types/optional.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/base/mutex.h"
#include "libs/crypto/random.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "services/store/record_codec.h"
#include "services/store/secret_view.h"

namespace keyward::store {
namespace {

using keyward::audit::v1::AuditEntry;
using keyward::audit::v1::ChangeOutcome;

// How long after its deadline an answer may come: what a call takes to bar its
// intent, and a moment.
constexpr absl::Duration kAnswerGrace = absl::Seconds(5);

// A value that a callback sets and a thread waits for. Shared, since the
// callback may come after the thread has gone.
template <typename Value>
class Awaited {
 public:
  void Set(Value value) {
    MutexLock l(&mu_);
    value_ = std::move(value);
    set_.SignalAll();
  }

  absl::optional<Value> Wait(const Clock& clock, SteadyTime until) {
    MutexLock l(&mu_);
    while (!value_.has_value()) {
      if (!set_.WaitUntil(&mu_, clock, until)) break;
    }
    return std::move(value_);
  }

 private:
  Mutex mu_;
  CondVar set_;
  absl::optional<Value> value_ ABSL_GUARDED_BY(mu_);
};

AuditEntry NewEntry(const OwnChangeSpec& spec, const std::string& id,
                    keyward::audit::v1::EntryKind kind, absl::Time now) {
  AuditEntry entry;
  *entry.mutable_time() = ViewTime(ToMicros(now));
  entry.set_kind(kind);
  entry.set_request_id(id);
  entry.set_principal(kStorePrincipal);
  entry.set_authentication("local");
  entry.set_action(spec.action);
  entry.set_resource(spec.resource);
  entry.set_detail(spec.detail);
  return entry;
}

ChangeOutcome OutcomeOf(rpc::Outcome outcome) {
  switch (outcome) {
    case rpc::Outcome::kApplied:
      return keyward::audit::v1::CHANGE_OUTCOME_APPLIED;
    case rpc::Outcome::kNotApplied:
      return keyward::audit::v1::CHANGE_OUTCOME_NOT_APPLIED;
    default:
      return keyward::audit::v1::CHANGE_OUTCOME_UNKNOWN;
  }
}

absl::Status AuditAway(const absl::Status& status) {
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kAuditUnavailable,
                            "the audit log did not take a change's record",
                            status.message());
}

}  // namespace

rpc::AppendResult OwnChanges::Append(const std::string& entry,
                                     SteadyTime deadline) {
  const auto awaited = std::make_shared<Awaited<rpc::AppendResult>>();
  rpc::AppendItem item;
  item.entries.push_back(entry);
  item.deadline = deadline;
  audit_->Append(std::move(item), [awaited](rpc::AppendResult result) {
    awaited->Set(std::move(result));
  });
  auto result = awaited->Wait(*parts_->clock, deadline + kAnswerGrace);
  if (result.has_value()) return *std::move(result);
  rpc::AppendResult unknown;
  unknown.status = rpc::AppendStatus::kUnknown;
  unknown.error = absl::UnavailableError("audit did not answer");
  return unknown;
}

rpc::CallResult OwnChanges::Apply(const OwnChangeSpec& spec,
                                  const std::string& id,
                                  const rpc::AppendResult& intent,
                                  Planner planner, SteadyTime deadline) {
  rpc::CallContext context;
  context.request_id = id;
  context.method = spec.action;
  context.principal = kStorePrincipal;
  context.resource = spec.resource;
  context.project_uid = spec.project_uid;
  // Decided under no policy, so no later one makes it stale.
  context.policy_revision = std::numeric_limits<uint64_t>::max();
  context.deadline = deadline;
  context.intent_id = intent.first_index;
  context.checkpoint = intent.checkpoint;
  const auto awaited = std::make_shared<Awaited<rpc::CallResult>>();
  const google::protobuf::Empty request;
  runner_->Run(
      context, request, "", std::move(planner),
      [awaited](rpc::CallResult result) { awaited->Set(std::move(result)); });
  // The runner answers every call soon after its deadline, and what it refers
  // to must not go before.
  absl::optional<rpc::CallResult> result;
  while (!result.has_value()) {
    result = awaited->Wait(*parts_->clock,
                           parts_->clock->SteadyNow() + absl::Minutes(1));
  }
  return *std::move(result);
}

absl::Status OwnChanges::Make(const OwnChangeSpec& spec, Planner planner,
                              SteadyTime deadline) {
  Planner once = [&planner, asked = false](
                     absl::Time now) mutable -> absl::StatusOr<ChangePlan> {
    if (asked) return absl::AbortedError("another change came first");
    asked = true;
    return planner(now);
  };
  const absl::StatusOr<std::string> id = crypto::NewUuid(*parts_->random);
  if (!id.ok()) return id.status();
  const rpc::AppendResult intent =
      Append(NewEntry(spec, *id, keyward::audit::v1::ENTRY_KIND_INTENT,
                      parts_->clock->Now())
                 .SerializeAsString(),
             deadline);
  if (intent.status != rpc::AppendStatus::kAccepted) {
    return AuditAway(intent.error);
  }
  KEYWARD_FAULT_POINT("store.own.intended");
  const rpc::CallResult result =
      Apply(spec, *id, intent, std::move(once), deadline);
  KEYWARD_FAULT_POINT("store.own.answered");
  AuditEntry outcome = NewEntry(
      spec, *id, keyward::audit::v1::ENTRY_KIND_OUTCOME, parts_->clock->Now());
  outcome.set_intent_index(intent.first_index);
  outcome.set_outcome(OutcomeOf(result.outcome));
  outcome.set_code(static_cast<int>(result.status.code()));
  // If this is not taken, the reconciler asks the store and writes it.
  Append(outcome.SerializeAsString(),
         parts_->clock->SteadyNow() + kAnswerGrace);
  return result.status;
}

}  // namespace keyward::store
