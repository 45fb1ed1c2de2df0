// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/rpc/sensitive.h"
#include "services/gateway/audit_item.h"
#include "services/gateway/unary_call.h"

namespace keyward::gateway {
namespace {

using audit::v1::AuditEntry;

// An outcome is owed to the log even when nobody waits for the answer any
// more; without it the reconciler finds the truth a minute later.
constexpr absl::Duration kOutcomeTime = absl::Seconds(10);

absl::Status OutcomeUnknown(absl::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, kOutcomeUnknown, message);
}

audit::v1::ChangeOutcome ToProto(rpc::Outcome outcome) {
  switch (outcome) {
    case rpc::Outcome::kApplied:
      return audit::v1::CHANGE_OUTCOME_APPLIED;
    case rpc::Outcome::kNotApplied:
      return audit::v1::CHANGE_OUTCOME_NOT_APPLIED;
    case rpc::Outcome::kNone:  // an owner that does not say is not believed
    case rpc::Outcome::kUnknown:
      break;
  }
  return audit::v1::CHANGE_OUTCOME_UNKNOWN;
}

}  // namespace

void ChangeCall::Begin() {
  if (rule().owner != MethodOwner::kPolicy) return Decide();
  const absl::Status waits = parts().policy_changes->Run(
      "policy", [self = shared_from_this(), this](Lanes::Turn turn) {
        {
          MutexLock lock(&turn_mu_);
          turn_.emplace(std::move(turn));
        }
        // The deadline has found no turn to end, or is about to come: to a
        // call that nothing keeps alive any more.
        if (answered()) return EndTurn();
        if (deadline() <= parts().clock->SteadyNow()) return Expire();
        Decide();
      });
  if (waits.ok()) return;
  Answer(WithRetryAfter(MakeError(absl::StatusCode::kUnavailable,
                                  kPolicyUnavailable, waits.message()),
                        absl::Seconds(1)));
}

void ChangeCall::EndTurn() {
  // Ends when the lock is free again: the next one's turn begins with it.
  std::optional<Lanes::Turn> ended;
  MutexLock lock(&turn_mu_);
  if (!turn_.has_value()) return;
  ended.emplace(*std::move(turn_));
  turn_.reset();
}

void ChangeCall::Deliver(absl::Status status,
                         std::unique_ptr<google::protobuf::Message> response) {
  UnaryCall::Deliver(std::move(status), std::move(response));
  EndTurn();
}

void ChangeCall::Authorized(SnapshotPtr snapshot) {
  if (absl::Status status = CheckBeforeOwner(*snapshot); !status.ok()) {
    AuditEntry entry = NewDecisionEntry(audit::v1::ENTRY_KIND_ACCESS,
                                        decision(), snapshot->revision());
    entry.set_code(static_cast<int>(status.code()));
    return Record({std::move(entry)}, snapshot->revision(),
                  [this, status](rpc::AppendResult) { Answer(status); });
  }
  AuditEntry intent = NewDecisionEntry(audit::v1::ENTRY_KIND_INTENT, decision(),
                                       snapshot->revision());
  KEYWARD_FAULT_POINT("gateway.change.before_intent");
  Record({std::move(intent)}, snapshot->revision(),
         [this, snapshot](rpc::AppendResult result) {
           KEYWARD_FAULT_POINT("gateway.change.intended");
           // If the deadline has answered "nothing was done", Apply does
           // nothing, and the reconciler closes the intent.
           Apply(*snapshot, std::move(result));
         });
}

void ChangeCall::Apply(const policy::PolicySnapshot& snapshot,
                       rpc::AppendResult intent) {
  rpc::CallContext context = NewContext(snapshot, decision());
  context.intent_id = intent.first_index;
  context.checkpoint = std::move(intent.checkpoint);
  const uint64_t id = intent.first_index;
  const uint64_t revision = snapshot.revision();
  Phase expected = Phase::kNotSent;
  if (!phase_.compare_exchange_strong(expected, Phase::kSent)) return;
  parts()
      .OwnerOf(rule().owner)
      ->Execute(context, request(),
                [self = shared_from_this(), this, id,
                 revision](rpc::CallResult result) {
                  OnApplied(id, revision, std::move(result));
                });
}

void ChangeCall::OnApplied(uint64_t intent, uint64_t revision,
                           rpc::CallResult result) {
  KEYWARD_FAULT_POINT("gateway.change.answered");
  CheckAnswer(rule(), &result);
  const bool again = result.refusal == rpc::Refusal::kFence ||
                     result.refusal == rpc::Refusal::kAttributes;
  if (!again) EndTurn();
  if (again) {
    // Refused for an older policy: this attempt is over, on record, and the
    // request starts again at its decision under a new intent.
    phase_.store(Phase::kNotSent);
    return RecordOutcome(
        intent, revision, result, [this](rpc::AppendResult outcome) {
          if (outcome.status == rpc::AppendStatus::kAccepted ||
              outcome.status == rpc::AppendStatus::kIntentClosed) {
            return Restart();
          }
          Answer(std::move(outcome.error));
        });
  }
  auto held = std::make_shared<rpc::CallResult>(std::move(result));
  RecordOutcome(intent, revision, *held,
                [this, held](rpc::AppendResult outcome) {
                  AnswerApplied(std::move(*held), std::move(outcome));
                });
}

void ChangeCall::RecordOutcome(
    uint64_t intent, uint64_t revision, const rpc::CallResult& result,
    absl::AnyInvocable<void(rpc::AppendResult)> next) {
  AuditEntry entry =
      NewDecisionEntry(audit::v1::ENTRY_KIND_OUTCOME, decision(), revision);
  if (!result.resource.empty()) entry.set_resource(result.resource);
  // A fact, not a decision: what the decision was, the intent says.
  entry.set_decision(audit::v1::DECISION_UNSPECIFIED);
  entry.set_code(static_cast<int>(result.status.code()));
  entry.set_intent_index(intent);
  entry.set_outcome(ToProto(result.outcome));
  AppendFact(parts().audit_log, std::move(entry),
             std::max(deadline(), parts().clock->SteadyNow() + kOutcomeTime),
             [self = shared_from_this(), this,
              next = std::move(next)](rpc::AppendResult appended) mutable {
               KEYWARD_FAULT_POINT("gateway.change.recorded");
               if (appended.fence != 0) parts().view->OnFence(appended.fence);
               next(std::move(appended));
             });
}

void ChangeCall::AnswerApplied(rpc::CallResult result,
                               rpc::AppendResult outcome) {
  using audit::v1::CHANGE_OUTCOME_APPLIED;
  const bool closed = outcome.status == rpc::AppendStatus::kIntentClosed;
  if (outcome.status != rpc::AppendStatus::kAccepted && !closed) {
    return Answer(
        OutcomeUnknown("the change may have been made, but its outcome could "
                       "not be put on record; retry with the same request_id"),
        std::move(result.response));
  }
  const bool applied =
      closed && outcome.closing_outcome.outcome() == CHANGE_OUTCOME_APPLIED;
  // Of a copy that came below the floor the owner knows nothing, and the log
  // knows what became of the first.
  const bool not_made = result.outcome == rpc::Outcome::kNotApplied || closed;
  if (result.refusal == rpc::Refusal::kBarred && not_made && !applied) {
    return Answer(MakeError(absl::StatusCode::kUnavailable, kIntentBarred,
                            "the change was not made; retry"));
  }
  if (closed) {
    // The reconciler was first, and knows.
    if (result.outcome == rpc::Outcome::kApplied && !applied) {
      return Answer(OutcomeUnknown("the change was made, and the audit log "
                                   "says that it was not"),
                    std::move(result.response));
    }
    if (result.outcome != rpc::Outcome::kApplied &&
        (applied || result.outcome == rpc::Outcome::kUnknown)) {
      return Answer(OutcomeUnknown(absl::StrCat(
          "the change was ", applied ? "" : "not ",
          "made; a retry with the same request_id tells the rest")));
    }
  }
  if (result.outcome == rpc::Outcome::kUnknown ||
      result.outcome == rpc::Outcome::kNone) {
    absl::Status status = std::move(result.status);
    if (status.ok() || ErrorReason(status) != kOutcomeUnknown) {
      status = OutcomeUnknown("the change may have been made");
    }
    return Answer(std::move(status), std::move(result.response));
  }
  Answer(std::move(result.status), std::move(result.response));
}

void ChangeCall::Expire() {
  Phase expected = Phase::kNotSent;
  if (!phase_.compare_exchange_strong(expected, Phase::kExpired)) {
    return Answer(OutcomeUnknown(
        "the deadline passed while the change was under way; a retry with the "
        "same request_id tells what became of it"));
  }
  PipelineCall::Expire();
}

}  // namespace keyward::gateway
