// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Commits of three outcomes on an engine that replicates: what was proposed and
// not answered may be applied at any later moment, or never. Writers read a
// key, and commit what they make of it under an id of their session; after
// UNKNOWN they submit the same again, or settle. Sessions are closed, and what
// is stored of their ids is removed.

#ifndef KEYWARD_TESTS_MODEL_COMMIT_MODEL_H_
#define KEYWARD_TESTS_MODEL_COMMIT_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/model/explorer.h"
#include "tests/model/rules.h"

namespace keyward::model {

enum class CommitRule : int {
  kClaimsId,
  kSettleSubmits,
  kSettleBars,
  kConflictIsNoAnswer,
  kLateIsUnknown,
  kPrecondition,
  kSessionPrecondition,
  kRemoveAfterClose,
  kClosedStaysUnknown,
  kFloorKeepsOpen,
};

enum CommitProperty : uint8_t {
  kCommitHolds = 0,
  kAppliedOnce,
  kAppliedStays,
  kNotAppliedNever,
  kUnknownEnds,
};

struct CommitTransaction {
  enum class Kind : uint8_t {
    kUpdate,  // of a counter, compared with the revision that was read
    kPut,     // compares another key, a fence, which holds
    kCreate,  // of a name that must be absent
    kDelete,  // of that name, as it was read
  };

  Kind kind;
  // Transactions of a session follow each other.
  uint8_t session;
};

struct CommitSetting {
  Setting setting;
  std::vector<CommitTransaction> transactions;
  uint8_t timeouts;
  uint8_t resubmissions;
  uint8_t closings;
};

inline constexpr int kTransactions = 3;
inline constexpr int kSessions = 2;

struct CommitState {
  struct Transaction {
    uint8_t phase;
    uint8_t seen;           // the value that it was made from
    uint8_t seen_revision;  // and its mod_revision
    uint8_t commits;        // proposals on their way
    uint8_t settles;
    uint8_t record;
    uint8_t applied;  // how often it was
    uint8_t floor;    // raise_session_floor
  };

  Transaction transactions[kTransactions];
  // The counter: a bit for each transaction that has counted.
  uint8_t value;
  uint8_t revision;
  // The name: the transaction that made it, + 1; 0: absent.
  uint8_t name;
  uint8_t session_exists[kSessions];
  uint8_t session_floor[kSessions];
  uint8_t timeouts;
  uint8_t resubmissions;
  uint8_t closings;
  uint8_t violation;
};

class CommitModel {
 public:
  using State = CommitState;

  // `setting` outlives the model.
  CommitModel(const CommitSetting* setting, const Question& question)
      : setting_(*setting), question_(question) {}

  State Initial() const;
  void Steps(const State& state, Emit<State>& emit) const;
  uint8_t AtEnd(const State& state) const;

 private:
  enum Phase : uint8_t {
    kNotStarted,
    kSubmitted,
    kUnsettled,  // kUnknown was answered
    kSubmittedAgain,
    kSettling,
    kToldApplied,
    kToldNotApplied,
    kToldUnknown,  // of a closed session: for good
  };
  enum Record : uint8_t { kAbsent, kApplied, kBarred };
  // CommitResult::Outcome.
  enum Outcome : uint8_t {
    kOutcomeApplied,
    kOutcomeAlreadyApplied,
    kOutcomeBarred,
    kOutcomeConflict,
    kOutcomeUnknown,
    kOutcomeRefused,
  };

  bool Keeps(CommitRule rule) const {
    return static_cast<int>(rule) != question_.left_out;
  }
  void Violate(CommitProperty property, State* state) const {
    if (question_.Watches(property)) state->violation = property;
  }
  int transactions() const {
    return static_cast<int>(setting_.transactions.size());
  }
  int SessionOf(int id) const { return setting_.transactions[id].session; }
  CommitTransaction::Kind KindOf(int id) const {
    return setting_.transactions[id].kind;
  }

  void WriterSteps(const State& state, int id, Emit<State>& emit) const;
  void ProposalSteps(const State& state, int id, Emit<State>& emit) const;
  void SessionSteps(const State& state, Emit<State>& emit) const;
  // IsRetired: the session is closed, or the id below its floor.
  bool IsRetired(const State& state, int id) const;
  bool PreconditionHolds(const State& state, int id) const;
  Outcome DecideCommit(int id, State* state) const;
  Outcome DecideSettle(int id, State* state) const;
  // The writer hears the answer to what it submitted in `phase`.
  void Hear(int id, Phase phase, Outcome outcome, State* state) const;
  void Check(State* state) const;
  // The bit of a transaction in the counter's value.
  static uint8_t BitOf(int id) { return static_cast<uint8_t>(1 << id); }

  const CommitSetting& setting_;
  const Question question_;
};

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_COMMIT_MODEL_H_
