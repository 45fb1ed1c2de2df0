// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How a call leaves the executor: answered, refused, or made to wait for its
// revision. change_executor.cc has how it gets there.

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/fault_point.h"
#include "libs/base/steady_time.h"
#include "services/policy/change_executor.h"
#include "services/policy/records.h"
#include "services/policy/stored_result.h"

namespace keyward::policy_service {

using google::protobuf::Message;
using keyward::internal::policy::v1::StoredResult;
using Phase = ChangeCall::Phase;

void ChangeExecutor::AwaitForce(const ChangeCallPtr& call, uint64_t revision,
                                std::unique_ptr<Message> response) {
  bool expired = false;
  {
    MutexLock l(&mu_);
    call->revision = revision;
    call->refused = response == nullptr;
    call->response = std::move(response);
    call->phase = Phase::kAwaitingForce;
    waiting_.insert(call);
    expired = call->expired;
  }
  // Whatever came into force before it waited has looked for it in vain.
  OnInForce(parts_.standing->InForce());
  // No timer will come for it any more.
  if (expired) Expire(call);
}

void ChangeExecutor::OnInForce(uint64_t revision) {
  std::vector<ChangeCallPtr> ready;
  {
    MutexLock l(&mu_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const bool in_force =
          (*it)->phase == Phase::kAwaitingForce && (*it)->revision <= revision;
      if (in_force) ready.push_back(*it);
      it = in_force ? waiting_.erase(it) : std::next(it);
    }
  }
  for (const ChangeCallPtr& call : ready) {
    if (call->refused) {
      Refuse(call, StaleDecision(), rpc::Refusal::kFence);
      continue;
    }
    rpc::CallResult result;
    result.outcome = rpc::Outcome::kApplied;
    result.response = std::move(call->response);
    KEYWARD_FAULT_POINT("policy.change.in_force");
    Answer(call, std::move(result));
  }
}

void ChangeExecutor::Expire(const ChangeCallPtr& call) {
  Phase phase;
  uint64_t revision = 0;
  {
    MutexLock l(&mu_);
    phase = call->phase;
    revision = call->revision;
    if (phase == Phase::kQueued) call->phase = Phase::kWorking;
    // Whoever works on it answers it: its commit has the same deadline.
    if (phase == Phase::kWorking) call->expired = true;
    if (phase == Phase::kWorking || phase == Phase::kAnswered) return;
    if (phase != Phase::kQueued && waiting_.erase(call) == 0) return;
  }
  if (phase == Phase::kQueued) {
    return Refuse(call, TooLate(), rpc::Refusal::kNone);
  }
  if (phase == Phase::kDeleting) return AnswerUnknown(call);
  if (call->refused) {
    return Refuse(call, WaitedForForce(revision), rpc::Refusal::kNone);
  }
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kApplied;
  result.status = NotYetInForce(revision);
  Answer(call, std::move(result));
}

void ChangeExecutor::AnswerStored(const ChangeCallPtr& call,
                                  const std::string& stored) {
  const absl::StatusOr<StoredResult> decoded =
      DecodeRecord<StoredResult>(stored);
  absl::StatusOr<std::unique_ptr<Message>> response =
      decoded.ok() ? StoredResponse(*decoded, call->context.method)
                   : decoded.status();
  if (response.ok()) {
    return AwaitForce(call, decoded->revision(), *std::move(response));
  }
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kApplied;
  result.status = response.status();
  Answer(call, std::move(result));
}

void ChangeExecutor::Refuse(const ChangeCallPtr& call, absl::Status status,
                            rpc::Refusal refusal,
                            std::unique_ptr<Message> response) {
  const SteadyTime deadline =
      std::max(call->context.deadline,
               parts_.clock->SteadyNow() + PolicyStorage::kSettleGrace);
  BeginOutside();
  parts_.storage->SettleIntent(
      call->intent(), deadline,
      [this, call, status = std::move(status), refusal,
       response = std::move(response)](kv::CommitResult settled) mutable {
        if (settled.applied()) {
          AnswerStored(call, settled.txn_value);
        } else if (settled.outcome != kv::CommitResult::Outcome::kBarred) {
          AnswerUnknown(call);
        } else {
          rpc::CallResult result;
          result.status = std::move(status);
          result.refusal = refusal;
          result.response = std::move(response);
          result.outcome = rpc::Outcome::kNotApplied;
          Answer(call, std::move(result));
        }
        EndOutside();
      });
}

void ChangeExecutor::AnswerUnknown(const ChangeCallPtr& call) {
  rpc::CallResult result;
  result.outcome = rpc::Outcome::kUnknown;
  result.status = ChangeUnknown();
  Answer(call, std::move(result));
}

void ChangeExecutor::AnswerBarred(const ChangeCallPtr& call,
                                  rpc::Outcome outcome) {
  rpc::CallResult result;
  result.outcome = outcome;
  result.refusal = rpc::Refusal::kBarred;
  result.status = ChangeBarred();
  Answer(call, std::move(result));
}

void ChangeExecutor::Answer(const ChangeCallPtr& call, rpc::CallResult result) {
  rpc::CallDone done;
  bool cancelled = false;
  {
    MutexLock l(&mu_);
    if (call->phase == Phase::kAnswered) return;
    call->phase = Phase::kAnswered;
    waiting_.erase(call);
    done = std::move(call->done);
  }
  if (call->timer != 0) cancelled = parts_.timer->Cancel(call->timer);
  if (cancelled) EndOutside();
  result.resource = call->context.resource;
  done(std::move(result));
}

void ChangeExecutor::BeginOutside() {
  MutexLock l(&mu_);
  ++outside_;
}

void ChangeExecutor::EndOutside() {
  MutexLock l(&mu_);
  if (--outside_ == 0) ended_.SignalAll();
}

}  // namespace keyward::policy_service
