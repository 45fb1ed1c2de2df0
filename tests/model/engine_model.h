// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Commits of three outcomes on the embedded engine: works that share a synced
// write, writes that fail and leave their bytes in the log or not, the engine
// that opens again, power cuts, callers whose deadline passes, and somebody
// else (the reconciler, say) who asks what became of a transaction.

#ifndef KEYWARD_TESTS_MODEL_ENGINE_MODEL_H_
#define KEYWARD_TESTS_MODEL_ENGINE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/model/explorer.h"
#include "tests/model/rules.h"

namespace keyward::model {

enum class EngineRule : int {
  kSynced,
  kFailedIsUnknown,
  kNothingFromFailed,
  kLateIsUnknown,
  kStopsAfterFailure,
  kRecoveryIsDurable,
  kSettledAtReopen,
};

enum EngineProperty : uint8_t {
  kEngineHolds = 0,
  kEngineAppliedStays,
  kEngineNotAppliedNever,
};

struct EngineSetting {
  Setting setting;
  uint8_t transactions;
  uint8_t failures;  // of writes
  uint8_t cuts;      // of power
  uint8_t expiries;  // deadlines that pass during a write
  uint8_t askers;    // questions of somebody else
};

inline constexpr int kWorks = 3;
inline constexpr int kTail = 2;

struct EngineState {
  // What the keys hold: a counter, with a bit for each transaction that has
  // counted, its revision, and the record of each id.
  struct Keys {
    uint8_t value;
    uint8_t revision;
    uint8_t records[kWorks];
  };
  // A batch in RocksDB's log that is not known to be on the disk.
  struct Batch {
    uint8_t there;
    uint8_t value;  // put, if revision is not 0
    uint8_t revision;
    uint8_t records[kWorks];  // put, where not 0
  };
  struct Transaction {
    uint8_t phase;
    uint8_t seen;
    uint8_t seen_revision;
    uint8_t told_other;  // what somebody else was told of it
  };

  Transaction transactions[kWorks];
  uint8_t asked[kWorks];  // somebody else's question waits
  Keys disk;              // durable
  Batch tail[kTail];      // behind it, oldest first
  Keys memory;            // what the open database shows
  uint8_t failed;
  uint8_t unknown[kWorks];  // ids whose outcome a failed write left open
  uint8_t failures;
  uint8_t cuts;
  uint8_t expiries;
  uint8_t askers;
  uint8_t violation;
};

class EngineModel {
 public:
  using State = EngineState;

  // `setting` outlives the model.
  EngineModel(const EngineSetting* setting, const Question& question)
      : setting_(*setting), question_(question) {}

  State Initial() const;
  void Steps(const State& state, Emit<State>& emit) const;
  uint8_t AtEnd(const State&) const { return kEngineHolds; }

 private:
  enum Phase : uint8_t {
    kNotStarted,
    kCommitting,
    kUnsettled,
    kSettling,
    kToldApplied,
    kToldNotApplied,
    kGone,  // with its process, untold
  };
  enum Record : uint8_t { kAbsent, kApplied, kBarred };
  enum Outcome : uint8_t {
    kOutcomeApplied,
    kOutcomeAlreadyApplied,
    kOutcomeBarred,
    kOutcomeConflict,
    kOutcomeUnknown,
    kOutcomeRefused,
  };
  // What a result rests on: the database, what the group writes before it, or
  // its own writing.
  enum class Basis : uint8_t { kStored, kOverlay, kWritten };
  // What became of a group's write: synced; failed, and its bytes are in the
  // log all the same; failed, and they are not.
  enum class Fate : uint8_t { kDurable, kKept, kLost };

  struct Work {
    int id;
    bool settles;
    bool others;  // somebody else's question
  };
  struct Decision {
    Work work;
    Outcome outcome;
    Basis basis;
  };
  // What GroupWriter gathers.
  struct Group {
    State::Keys keys;  // as the group will have left them
    State::Batch batch;
    std::vector<Decision> decisions;
  };

  bool Keeps(EngineRule rule) const {
    return static_cast<int>(rule) != question_.left_out;
  }
  void Violate(EngineProperty property, State* state) const {
    if (question_.Watches(property)) state->violation = property;
  }

  void CallerSteps(const State& state, Emit<State>& emit) const;
  void GroupSteps(const State& state, Emit<State>& emit) const;
  void FailureSteps(const State& state, Emit<State>& emit) const;
  // GroupWriter::Add.
  static void Add(const State& state, const Work& work, Group* group);
  // RocksDbStore::Apply. `expired` is a transaction whose deadline passes
  // meanwhile, -1 for none.
  State Write(const State& state, const Group& group, Fate fate,
              int expired) const;
  // GroupWriter::FailedResults.
  Outcome FailedResult(const Decision& decision) const;
  void Hear(const Work& work, Outcome outcome, State* state) const;
  // Reads the first `kept` batches of the log's tail.
  void Recover(int kept, State* state) const;
  void Check(State* state) const;

  const EngineSetting& setting_;
  const Question question_;
};

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_ENGINE_MODEL_H_
