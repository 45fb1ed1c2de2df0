// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The fence and what is decided under it: a policy service that changes the
// policy and raises the fences, a store, one or two audit processes that write
// one log, gateways with staged snapshots, and callers that read, are denied,
// write, follow a stream and change the policy. Every party may be paused
// between any two of its steps; answers and raises may be lost or late; policy
// and audit may be restarted.
//
// What is left out, because it is another model's: outcomes and the reconciler
// (intent_model.h), commits of unknown outcome (commit_model.h).

#ifndef KEYWARD_TESTS_MODEL_FENCE_MODEL_H_
#define KEYWARD_TESTS_MODEL_FENCE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/model/explorer.h"
#include "tests/model/history.h"
#include "tests/model/rules.h"

namespace keyward::model {

enum class FenceRule : int {
  kAllowFenced,
  kDenialFenced,
  kIntentFenced,
  kOldDecisionRefused,
  kNewDecisionRefused,
  kFenceInTransaction,
  kFencePrecondition,
  kCheckConfirmed,
  kRaiseAlone,
  kAuditFenceNeverDown,
  kStoreFenceNeverDown,
  kStoreFence,
  kStoreFenceInTransaction,
  kRefusalAfterPlan,
  kNewestDurable,
  kOwnersFirst,
  kAnswerInForce,
  kRetryInForce,
  kRestartRaises,
  kRestartPublishes,
  kDurableFirst,
  kGate,
  kWaitForSnapshot,
  kAsksUntilInForce,
  kRefusalTellsFence,
  kFetchAgain,
  kDecideAgain,
  kRecordBeforeAnswer,
  kFailedRecordNoAnswer,
  kCommitBeforeAnswer,
};

enum FenceProperty : uint8_t {
  kFenceHolds = 0,
  kLinearizable,
  kRecorded,
  kLogOrder,
  kInForceIsDurable,
  kEachDecisionNewer,
  kEveryCallEnds,
};

// One call, once.
struct FenceCall {
  enum class Kind : uint8_t { kRead, kWrite, kCreate, kCheck, kChange };

  Kind kind;
  // The bit of the policy that allows it; 0: whoever calls is always allowed.
  uint8_t right;
  uint8_t gateway;
  // The audit process that its gateway talks to.
  uint8_t audit;
  // kWrite, kCreate: the value. kChange: the rights that it grants.
  uint8_t value;
  // kChange: the rights that it revokes.
  uint8_t revokes;
  // The call that must have ended before; -1 if none.
  int8_t after;
};

struct FenceSetting {
  Setting setting;
  uint8_t policy;  // the rights at revision 1
  uint8_t gateways;
  uint8_t audits;
  uint8_t late_raises;
  uint8_t policy_restarts;
  uint8_t audit_restarts;
  std::vector<FenceCall> calls;
};

inline constexpr int kFenceCalls = 6;
inline constexpr int kFenceGateways = 2;
inline constexpr int kFenceAudits = 2;
inline constexpr int kFenceRevisions = 4;  // 1 to 3

struct FenceState {
  struct Call {
    uint8_t phase;
    // Under which it was decided last.
    uint8_t revision;
    uint8_t allowed;
    // What was fetched or planned on, + 1.
    uint8_t value;
  };
  // PolicyView.
  struct View {
    uint8_t fence;   // the greatest that audit has told
    uint8_t staged;  // a bit for each revision
  };
  // LogWriter of one audit process.
  struct Writer {
    uint8_t fence;   // its LogView's
    uint8_t fresh;   // nobody else has appended since: its head is the log's
    uint8_t batch;   // 0, a call + 1, or kRaise + the revision
    uint8_t joined;  // a call + 1 behind a raise
  };

  Call calls[kFenceCalls];
  View views[kFenceGateways];
  Writer writers[kFenceAudits];

  // Policy: PolicyStanding, FenceRaiser.
  uint8_t rights[kFenceRevisions];  // of each durable revision
  uint8_t newest;
  uint8_t in_force;
  uint8_t starting;
  uint8_t raising;  // the revision whose next fence is being raised, 0: none
  uint8_t raised_first;
  uint8_t late_store;
  uint8_t late_audit;
  uint8_t late_raises;  // what may still happen
  uint8_t policy_restarts;
  uint8_t audit_restarts;

  uint8_t store_fence;
  uint8_t store_value;
  uint8_t log_fence;  // of the newest in-force record
  uint8_t published;  // snapshots up to this one are given to gateways
  uint8_t violation;
  uint8_t unused;

  History history;
};

class FenceModel {
 public:
  using State = FenceState;

  // `setting` outlives the model.
  FenceModel(const FenceSetting* setting, const Question& question)
      : setting_(*setting), question_(question) {}

  State Initial() const;
  void Steps(const State& state, Emit<State>& emit) const;
  uint8_t AtEnd(const State& state) const;

 private:
  enum Phase : uint8_t {
    kNotStarted,
    kDeciding,    // PipelineCall::Decide
    kFetching,    // ReadCall::Authorized
    kRecording,   // PipelineCall::Record
    kInBatch,     // LogWriter::CommitBatch
    kFailed,      // the append was not answered
    kRecordDone,  // PipelineCall::OnAppended
    kPlanning,    // ChangeRunner::Attempt, the planner
    kPlanned,     // ChangeRunner::Attempt, the fence
    kSubmitted,   // ChangeRunner::Submit
    kApplied,
    kRefused,   // by a precondition of the plan
    kAtPolicy,  // ChangeExecutor::Work
    kAwaitingForce,
    kNotYetInForce,  // UNAVAILABLE; the caller may retry
    kEnded,
  };

  bool Keeps(FenceRule rule) const {
    return static_cast<int>(rule) != question_.left_out;
  }
  void Violate(FenceProperty property, State* state) const {
    if (question_.Watches(property)) state->violation = property;
  }
  const FenceCall& CallOf(int call) const { return setting_.calls[call]; }
  int calls() const { return static_cast<int>(setting_.calls.size()); }

  void CallSteps(const State& state, int call, Emit<State>& emit) const;
  void Decide(const State& state, int call, Emit<State>& emit) const;
  void Append(const State& state, int call, Emit<State>& emit) const;
  void ChangeSteps(const State& state, int call, Emit<State>& emit) const;
  void StoreSteps(const State& state, int call, Emit<State>& emit) const;
  void AuditSteps(const State& state, int audit, Emit<State>& emit) const;
  void RaiseAtAudit(const State& state, uint8_t revision, bool late,
                    Emit<State>& emit) const;
  void PolicySteps(const State& state, Emit<State>& emit) const;
  void GatewaySteps(const State& state, int gateway, Emit<State>& emit) const;
  void LateRaises(const State& state, Emit<State>& emit) const;

  // Answers the call and notes it in the history.
  State Answer(State state, int call, uint8_t result) const;
  State GiveUp(State state, int call) const;
  // Audit or an owner has refused it for its fence: back to step 2.
  State Restart(State state, int call) const;
  static void Tell(State* state, int gateway, uint8_t fence, bool keep);
  uint8_t ResultOf(const State& state, int call) const;
  std::string NameOf(int call) const;

  const FenceSetting& setting_;
  const Question question_;
};

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_FENCE_MODEL_H_
