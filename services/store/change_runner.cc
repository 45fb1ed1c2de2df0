// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/change_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/base/steady_time.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/event_log.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/record_reader.h"
#include "services/store/stored_result.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::EventRecord;
using keyward::internal::store::v1::RequestIdRecord;
using keyward::internal::store::v1::StoredResult;
using Outcome = kv::CommitResult::Outcome;

// The fence is compared first in every transaction, so that a stale decision
// is told apart from a record that has changed.
constexpr size_t kFenceIndex = 0;

// The lane in which changes are handed to the state layer.
constexpr char kSubmission[] = "";

// The lane of the changes of one secret, or of one key.
std::string LaneOf(const rpc::CallContext& context) {
  const absl::string_view resource = context.resource;
  return absl::StrCat(context.project_uid, "/",
                      resource.substr(0, resource.find("/versions/")));
}

absl::Status StaleDecision() {
  return absl::FailedPreconditionError(
      "decided under a policy that is no longer in force");
}

absl::Status TooLate() {
  return MakeError(absl::StatusCode::kDeadlineExceeded, kDeadlineTooShort,
                   "the deadline passed before the change was made");
}

absl::Status Unavailable(absl::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable, message);
}

// Why a transaction that certainly changed nothing was not taken.
absl::Status RefusedByStore(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) return TooLate();
  if (absl::IsInvalidArgument(status)) {
    return absl::InternalError(
        absl::StrCat("the change is too large: ", status.message()));
  }
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kStoreUnavailable,
                            "the store cannot change its state",
                            status.message());
}

}  // namespace

// One call. Everybody who will still act on it holds a reference.
struct ChangeRunner::Job {
  explicit Job(ChangeRunner* owner) : runner(owner) {
    MutexLock l(&runner->mu_);
    ++runner->jobs_;
  }
  ~Job() {
    turn.reset();
    MutexLock l(&runner->mu_);
    if (--runner->jobs_ == 0) runner->idle_.SignalAll();
  }

  kv::TransactionId id() const {
    return kv::TransactionId::Intent(*context.intent_id);
  }

  ChangeRunner* const runner;
  rpc::CallContext context;
  RequestIds::Used request_id;  // Empty key: the call has none.
  Planner planner;
  rpc::CallDone done;
  int attempts = 0;
  // What an attempt has made, for its turn to hand it over.
  kv::Transaction txn;
  std::string event;  // Its record; empty if there is none.
  CheckpointKeeper::Checked checkpoint;
  // What was made before under the same request id, if it was.
  absl::optional<std::string> repeated;
  // The transaction has its event's number, to be returned.
  bool numbered = false;
  // What the transaction keeps of the checkpoint, if it does.
  absl::optional<CheckpointKeeper::Added> kept;
  std::unique_ptr<google::protobuf::Message> response;
  std::string resource;
  absl::AnyInvocable<void()> afterwards;
  absl::optional<Lanes::Turn> turn;
};

ChangeRunner::~ChangeRunner() {
  MutexLock l(&mu_);
  while (jobs_ > 0) idle_.WaitFor(&mu_, absl::Minutes(1));
}

void ChangeRunner::Run(const rpc::CallContext& context,
                       const google::protobuf::Message& request,
                       const std::string& request_id,
                       absl::StatusOr<Planner> planner, rpc::CallDone done) {
  const JobPtr job = std::make_shared<Job>(this);
  job->context = context;
  job->resource = context.resource;
  job->done = std::move(done);
  if (!context.intent_id.has_value()) {
    rpc::CallResult result;
    result.status = absl::InternalError("a change has no intent");
    result.outcome = rpc::Outcome::kNotApplied;
    return Answer(job, std::move(result));
  }
  if (!planner.ok()) {
    return Refuse(job, planner.status(), rpc::Refusal::kNone);
  }
  job->planner = *std::move(planner);
  if (!request_id.empty()) {
    auto used = request_ids_->Use(context.principal, context.method, request_id,
                                  request);
    if (!used.ok()) return Refuse(job, used.status(), rpc::Refusal::kNone);
    job->request_id = *std::move(used);
  }
  const absl::Status waiting =
      lanes_.Run(LaneOf(context), [job](Lanes::Turn turn) {
        job->turn.emplace(std::move(turn));
        job->runner->Attempt(job);
      });
  if (!waiting.ok()) RefuseForNow(job, waiting);
}

void ChangeRunner::Attempt(JobPtr job) {
  if (clock_->SteadyNow() >= job->context.deadline) {
    return Refuse(job, TooLate(), rpc::Refusal::kNone);
  }
  if (++job->attempts > kMaxAttempts) {
    return Refuse(job,
                  Unavailable("other changes kept coming first; try again"),
                  rpc::Refusal::kNone);
  }
  if (AnswerKnownIntent(job) == Next::kAnswered) return;
  const absl::Time now = clock_->Now();
  if (AnswerKnownRequestId(job, now) == Next::kAnswered) return;

  absl::StatusOr<ChangePlan> plan = job->planner(now);
  // Read after the plan's records: a refusal is then one of a moment at which
  // the decision was still in force.
  const absl::StatusOr<uint64_t> fence = LoadNumber(*kv_, kFenceKey);
  if (!fence.ok()) return Refuse(job, fence.status(), rpc::Refusal::kNone);
  if (job->context.policy_revision < *fence) {
    return Refuse(job, StaleDecision(), rpc::Refusal::kFence);
  }
  if (!plan.ok()) {
    const bool attributes = ErrorReason(plan.status()) == kAttributesChanged;
    return Refuse(job, plan.status(),
                  attributes ? rpc::Refusal::kAttributes : rpc::Refusal::kNone);
  }
  Submit(job, *std::move(plan), now);
}

ChangeRunner::Next ChangeRunner::AnswerKnownIntent(const JobPtr& job) {
  const absl::StatusOr<kv::TransactionRecord> known =
      kv_->GetTransaction(job->id());
  if (absl::IsNotFound(known.status())) return Next::kGoOn;
  if (!known.ok()) {
    Refuse(job, ReadError(known.status()), rpc::Refusal::kNone);
  } else if (known->applied) {
    AnswerStored(job, known->txn_value);
  } else {
    AnswerBarred(job, rpc::Outcome::kNotApplied);
  }
  return Next::kAnswered;
}

ChangeRunner::Next ChangeRunner::AnswerKnownRequestId(const JobPtr& job,
                                                      absl::Time now) {
  if (job->request_id.key.empty()) return Next::kGoOn;
  absl::StatusOr<RequestIds::Known> known =
      request_ids_->Find(*kv_, job->request_id, now);
  if (!known.ok()) {
    Refuse(job, known.status(), rpc::Refusal::kNone);
    return Next::kAnswered;
  }
  job->request_id.revision = known->revision;
  job->request_id.old_expiry_key = known->old_expiry_key;
  if (!known->result.has_value()) return Next::kGoOn;
  RepeatAnswer(job, job->request_id.key, known->revision,
               EncodeRecord(*known->result));
  return Next::kAnswered;
}

// The change was made before, under another intent. This intent's id gets the
// same result in a transaction of its own, so that it is closed as truthfully.
void ChangeRunner::RepeatAnswer(const JobPtr& job, const std::string& key,
                                uint64_t revision, std::string result) {
  kv::Transaction txn;
  txn.id = job->id();
  txn.preconditions.push_back(kv::Precondition::RevisionIs(key, revision));
  txn.txn_value = result;
  job->txn = std::move(txn);
  job->event.clear();
  job->repeated = std::move(result);
  HandOver(job);
}

void ChangeRunner::Submit(const JobPtr& job, ChangePlan plan, absl::Time now) {
  kv::Transaction txn;
  txn.id = job->id();
  txn.preconditions.push_back(
      kv::Precondition::NumberAtMost(kFenceKey, job->context.policy_revision));
  for (auto& precondition : plan.preconditions) {
    txn.preconditions.push_back(std::move(precondition));
  }
  txn.puts = std::move(plan.puts);
  txn.deletes = std::move(plan.deletes);
  const StoredResult stored =
      MakeStoredResult(job->context.method, *plan.response, plan.resource);
  txn.txn_value = EncodeRecord(stored);
  if (!job->request_id.key.empty()) {
    request_ids_->Add(job->request_id, stored, now, &txn);
  }
  job->txn = std::move(txn);
  job->event =
      plan.event.has_value() ? EncodeEvent(*plan.event, now) : std::string();
  job->repeated.reset();
  job->response = std::move(plan.response);
  job->resource = std::move(plan.resource);
  job->afterwards = std::move(plan.afterwards);
  KEYWARD_FAULT_POINT("store.change.before_commit");
  HandOver(job);
}

void ChangeRunner::HandOver(const JobPtr& job) {
  // Before the turn, since verifying it takes long.
  absl::StatusOr<CheckpointKeeper::Checked> checkpoint =
      checkpoints_->Check(job->context.checkpoint);
  if (!checkpoint.ok()) {
    return Refuse(job, checkpoint.status(), rpc::Refusal::kNone);
  }
  job->checkpoint = *std::move(checkpoint);
  AwaitSubmission(job);
}

void ChangeRunner::AwaitSubmission(const JobPtr& job) {
  const absl::Status waiting = submissions_.Run(
      kSubmission, [job](Lanes::Turn) { job->runner->HandOverInTurn(job); });
  if (!waiting.ok()) RefuseForNow(job, waiting);
}

void ChangeRunner::HandOverInTurn(const JobPtr& job) {
  // One that comes too late for the state layer would break the sequence.
  if (clock_->SteadyNow() >= job->context.deadline) {
    return Refuse(job, TooLate(), rpc::Refusal::kNone);
  }
  if (!job->event.empty()) {
    const absl::StatusOr<absl::optional<uint64_t>> number = numbers_.Take(
        job->context.project_uid, [job] { job->runner->AwaitSubmission(job); });
    if (absl::IsResourceExhausted(number.status())) {
      return RefuseForNow(job, number.status());
    }
    if (!number.ok()) {
      return Refuse(job, number.status(), rpc::Refusal::kNone);
    }
    if (!number->has_value()) return;
    AppendEvent(job->context.project_uid, **number, std::move(job->event),
                &job->txn);
    job->numbered = true;
  }
  // Audit relies on it: whose outcome is applied has its checkpoint held.
  job->kept = checkpoints_->AddTo(job->checkpoint, &job->txn);
  kv_->Commit(std::move(job->txn), kv::CommitOptions{job->context.deadline},
              [this, job](kv::CommitResult result) {
                OnCommitted(job, std::move(result));
              });
}

void ChangeRunner::OnCommitted(const JobPtr& job, kv::CommitResult result) {
  if (job->kept.has_value()) checkpoints_->Ended(*job->kept, result);
  if (job->numbered) {
    job->numbered = false;
    numbers_.Return(job->context.project_uid,
                    result.outcome == Outcome::kApplied);
  }
  switch (result.outcome) {
    case Outcome::kApplied:
      if (job->repeated.has_value()) return AnswerStored(job, *job->repeated);
      return AnswerApplied(job);
    case Outcome::kAlreadyApplied:
      return AnswerStored(job, result.txn_value);
    case Outcome::kBarred:
      return AnswerBarred(job, rpc::Outcome::kNotApplied);
    case Outcome::kConflict:
      return OnConflict(job, result);
    case Outcome::kUnknown:
      return Refuse(job, RefusedByStore(result.status), rpc::Refusal::kNone);
    case Outcome::kRefused:
      break;
  }
  // Below the floor nothing is known of the id any more, and nothing can be:
  // audit has closed the intent, and this copy of the call came too late. What
  // became of the first copy stands in the log.
  if (absl::IsFailedPrecondition(result.status)) {
    return AnswerBarred(job, rpc::Outcome::kUnknown);
  }
  Refuse(job, RefusedByStore(result.status), rpc::Refusal::kNone);
}

void ChangeRunner::OnConflict(const JobPtr& job,
                              const kv::CommitResult& result) {
  // A repeated answer decides nothing anew, and is compared with no fence.
  if (!job->repeated.has_value() && result.failed_precondition == kFenceIndex) {
    return Refuse(job, StaleDecision(), rpc::Refusal::kFence);
  }
  Attempt(job);
}

void ChangeRunner::RefuseForNow(const JobPtr& job, const absl::Status& why) {
  Refuse(job, WithRetryAfter(Unavailable(why.message()), absl::Seconds(1)),
         rpc::Refusal::kNone);
}

void ChangeRunner::Refuse(const JobPtr& job, absl::Status status,
                          rpc::Refusal refusal) {
  const SteadyTime deadline =
      std::max(job->context.deadline, clock_->SteadyNow() + kSettleGrace);
  kv_->Settle(job->id(), kv::CommitOptions{deadline},
              [this, job, status, refusal](kv::CommitResult settled) {
                if (settled.applied()) {
                  return AnswerStored(job, settled.txn_value);
                }
                if (settled.outcome != Outcome::kBarred) {
                  return AnswerUnknown(job);
                }
                rpc::CallResult result;
                result.status = status;
                result.refusal = refusal;
                result.outcome = rpc::Outcome::kNotApplied;
                Answer(job, std::move(result));
              });
}

void ChangeRunner::AnswerApplied(const JobPtr& job) {
  KEYWARD_FAULT_POINT("store.change.durable");
  if (job->afterwards) job->afterwards();
  rpc::CallResult result;
  result.response = std::move(job->response);
  result.outcome = rpc::Outcome::kApplied;
  Answer(job, std::move(result));
}

void ChangeRunner::AnswerStored(const JobPtr& job, const std::string& stored) {
  if (job->afterwards) job->afterwards();
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kApplied;
  absl::StatusOr<StoredResult> decoded = DecodeRecord<StoredResult>(stored);
  if (!decoded.ok()) {
    result.status = decoded.status();
    return Answer(job, std::move(result));
  }
  auto response = StoredResponse(*decoded, job->context.method);
  if (response.ok()) {
    result.response = *std::move(response);
    job->resource = decoded->resource();
  } else {
    result.status = response.status();
  }
  Answer(job, std::move(result));
}

void ChangeRunner::AnswerBarred(const JobPtr& job, rpc::Outcome outcome) {
  rpc::CallResult result;
  result.status =
      MakeError(absl::StatusCode::kUnavailable, kIntentBarred,
                "the change was given up before it arrived; try again");
  result.refusal = rpc::Refusal::kBarred;
  result.outcome = outcome;
  Answer(job, std::move(result));
}

void ChangeRunner::AnswerUnknown(const JobPtr& job) {
  rpc::CallResult result;
  result.status = MakeError(absl::StatusCode::kUnavailable, kOutcomeUnknown,
                            "the change may or may not have been made; "
                            "repeat it with the same request_id to learn");
  result.outcome = rpc::Outcome::kUnknown;
  Answer(job, std::move(result));
}

void ChangeRunner::Answer(const JobPtr& job, rpc::CallResult result) {
  result.resource = job->resource;
  rpc::CallDone done = std::move(job->done);
  done(std::move(result));
}

}  // namespace keyward::store
