// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A change on its way: the intent's record, the owner's transaction, the
// outcome's record, the answer; and what happens when any party dies, any
// answer is lost, a copy of the call comes late, a commit is of unknown
// outcome, the policy changes in between, or the caller retries with the same
// request id while the first call is still under way. Beside it runs audit's
// reconciler, which settles what is open and raises the owners' floor.
//
// There is one request; each of its calls may have several intents.

#ifndef KEYWARD_TESTS_MODEL_INTENT_MODEL_H_
#define KEYWARD_TESTS_MODEL_INTENT_MODEL_H_

#include <cstdint>
#include <string>

#include "tests/model/explorer.h"
#include "tests/model/rules.h"

namespace keyward::model {

enum class IntentRule : int {
  kIntentFirst,
  kOutcomeFirst,
  kOneOutcome,
  kAnswersByFirst,
  kNewIntent,
  kUnknownLeavesOpen,
  kUnknownIsSaid,
  kOutcomeIsFact,
  kBarredIsNotFinal,
  kSentIsUnknown,
  kExpiresUnsent,
  kIdFirst,
  kRequestId,
  kRequestIdInTransaction,
  kRepeatClaims,
  kRefusalBars,
  kReconcilerBars,
  kUnsettledStaysOpen,
  kFloorBelowOpen,
  kFloorSizeFirst,
  kRefuseBelowFloor,
};

enum IntentProperty : uint8_t {
  kIntentHolds = 0,
  kRecordedFirst,
  kOutcomeBeforeAnswer,
  kClosedOnce,
  kOutcomeIsTrue,
  kClosedIsOver,
  kMadeOnce,
  kAnswerIsTrue,
  kFinalIsFinal,
  kBarredIsGivenUp,
  kEveryIntentCloses,
};

struct IntentSetting {
  Setting setting;
  uint8_t calls;
  uint8_t request_id;  // 1: the calls have one, the same; 0: they have none
  uint8_t copies;      // of calls to the owner, beyond the first
  uint8_t unknowns;    // commits whose outcome is not known
  uint8_t lost;        // answers of audit
  uint8_t raises;      // of the fence
  uint8_t refusals;    // by a precondition of the plan
  uint8_t gateway_crashes;
  uint8_t store_restarts;
  uint8_t audit_restarts;
  uint8_t floors;  // raises of the floor
};

inline constexpr int kIntents = 4;
inline constexpr int kIntentCalls = 2;
inline constexpr int kIntentJobs = 2;

struct IntentState {
  struct Intent {
    uint8_t call;     // + 1; 0: there is none
    uint8_t durable;  // in the log
    uint8_t revision;
    uint8_t closed;    // by which outcome
    uint8_t record;    // what the owner's kv holds under its id
    uint8_t applied;   // whether that was ever an application
    uint8_t copies;    // of the call, on their way to the owner
    uint8_t late;      // a commit, or a claim, that may still be applied
    uint8_t failed;    // a precondition of it has failed
    uint8_t given_up;  // barred by the reconciler
  };
  // ChangeCall at a gateway.
  struct Call {
    uint8_t phase;
    uint8_t intent;  // + 1
    uint8_t revision;
    uint8_t result;  // the owner's
    uint8_t told;    // the deadline has answered
  };
  // ChangeRunner::Job.
  struct Job {
    uint8_t intent;  // + 1; 0: none
    uint8_t phase;
    uint8_t seen;  // the revision of the request id's key
    uint8_t result;
  };

  Intent intents[kIntents];
  Call calls[kIntentCalls];
  Job jobs[kIntentJobs];

  uint8_t log_fence;
  uint8_t store_fence;
  uint8_t floor;
  uint8_t request;    // the request id's key: its revision, 0: absent
  uint8_t effects;    // how often the change was made
  uint8_t made_by;    // a bit for each call that made it
  uint8_t denied_by;  // a bit for each call that said it did not

  // Reconciler.
  uint8_t asked;  // an intent + 1 whose resolution it holds
  uint8_t resolution;
  uint8_t floor_phase;
  uint8_t floor_size;
  uint8_t floor_oldest;

  uint8_t copies;
  uint8_t unknowns;
  uint8_t lost;
  uint8_t raises;
  uint8_t refusals;
  uint8_t gateway_crashes;
  uint8_t store_restarts;
  uint8_t audit_restarts;
  uint8_t floors;
  uint8_t violation;
};

class IntentModel {
 public:
  using State = IntentState;

  // `setting` outlives the model.
  IntentModel(const IntentSetting* setting, const Question& question)
      : setting_(*setting), question_(question) {}

  State Initial() const;
  void Steps(const State& state, Emit<State>& emit) const;
  uint8_t AtEnd(const State& state) const;

 private:
  enum CallPhase : uint8_t {
    kNotStarted,
    kDeciding,
    kIntentSent,  // PipelineCall::Record
    kIntentDone,  // ChangeCall::Apply is next
    kSent,        // Owner::Execute
    kAnswered,    // ChangeCall::OnApplied
    kEnded,
  };
  enum JobPhase : uint8_t {
    kAttempt,    // ChangeRunner::Attempt
    kRepeat,     // ChangeRunner::RepeatAnswer
    kSubmitted,  // ChangeRunner::Submit
    kRefusing,   // ChangeRunner::Refuse
  };
  // rpc::Outcome with rpc::Refusal: what an owner answers.
  enum Result : uint8_t {
    kNoResult,
    kApplied,
    kNotAppliedFence,
    kNotAppliedPrecondition,
    kNotAppliedUnavailable,
    kNotAppliedBarred,
    kUnknownBarred,  // below the floor
    kUnknown,
  };
  enum Outcome : uint8_t {
    kOpen,
    kClosedApplied,
    kClosedNotApplied,
    kClosedUnknown,  // only a variant's
  };
  enum Late : uint8_t { kNothingLate, kLateCommit, kLateClaim };
  enum Record : uint8_t { kAbsent, kRecordApplied, kRecordBarred, kForgotten };
  // What the caller is told.
  enum Told : uint8_t { kOk, kRefusedForGood, kNotMade, kMayBeMade };

  bool Keeps(IntentRule rule) const {
    return static_cast<int>(rule) != question_.left_out;
  }
  void Violate(IntentProperty property, State* state) const {
    if (question_.Watches(property)) state->violation = property;
  }

  // How many intents there are: the index of the next.
  static int IntentsOf(const State& state);

  // The gateway.
  void CallSteps(const State& state, int call, Emit<State>& emit) const;
  void AppendIntent(const State& state, int call, Emit<State>& emit) const;
  void Expire(const State& state, int call, Emit<State>& emit) const;
  void RecordOutcome(const State& state, int call, Emit<State>& emit) const;
  Told AnswerApplied(uint8_t result, bool closed, uint8_t closing) const;
  void Tell(Told told, int call, State* state) const;

  // Audit.
  // Takes an outcome; true if it is the intent's first.
  bool Close(int intent, Outcome outcome, State* state) const;
  void ReconcilerSteps(const State& state, Emit<State>& emit) const;
  void FloorSteps(const State& state, Emit<State>& emit) const;

  // The owner.
  void OwnerSteps(const State& state, Emit<State>& emit) const;
  void JobSteps(const State& state, int job, Emit<State>& emit) const;
  void Attempt(const State& state, int job, Emit<State>& emit) const;
  void Submit(const State& state, int job, Emit<State>& emit) const;
  // GroupWriter::DecideCommit; what ChangeRunner::OnCommitted makes of it,
  // kNoResult for an attempt anew.
  Result Commit(int intent, uint8_t seen, State* state) const;
  // GroupWriter::DecideSettle.
  Result Settle(int intent, bool bars, State* state) const;
  void Apply(int intent, State* state) const;
  // The transaction of RepeatAnswer, which only claims the id.
  Result Claim(int intent, State* state) const;
  // The job is over; its call hears of it, if it still waits.
  void Finish(int job, Result result, State* state) const;

  // Whether what stands in the log is still the truth.
  void CheckTruth(State* state) const;

  const IntentSetting& setting_;
  const Question question_;
};

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_INTENT_MODEL_H_
