// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/model/engine_model.h"

#include "absl/strings/str_cat.h"

namespace keyward::model {
namespace {

std::string NameOf(int id) { return absl::StrCat("transaction ", id + 1); }

uint8_t BitOf(int id) { return static_cast<uint8_t>(1 << id); }

int TailOf(const EngineState& state) {
  int count = 0;
  while (count < kTail && state.tail[count].there != 0) ++count;
  return count;
}

// Writes the batch's puts, whatever is there.
void Replay(const EngineState::Batch& batch, EngineState::Keys* keys) {
  if (batch.revision != 0) {
    keys->value = batch.value;
    keys->revision = batch.revision;
  }
  for (int id = 0; id < kWorks; ++id) {
    if (batch.records[id] != 0) keys->records[id] = batch.records[id];
  }
}

// A sync makes durable all that the log's file holds.
void Sync(EngineState* state) {
  for (EngineState::Batch& batch : state->tail) {
    if (batch.there != 0) Replay(batch, &state->disk);
    batch = {};
  }
}

void AppendToLog(const EngineState::Batch& batch, EngineState* state) {
  int place = TailOf(*state);
  if (place == kTail) {
    // The model holds no more: the file system has written the oldest.
    Replay(state->tail[0], &state->disk);
    state->tail[0] = state->tail[1];
    place = kTail - 1;
  }
  state->tail[place] = batch;
  state->tail[place].there = 1;
}

}  // namespace

EngineState EngineModel::Initial() const {
  State state = {};
  state.failures = setting_.failures;
  state.cuts = setting_.cuts;
  state.expiries = setting_.expiries;
  state.askers = setting_.askers;
  return state;
}

void EngineModel::Steps(const State& state, Emit<State>& emit) const {
  CallerSteps(state, emit);
  GroupSteps(state, emit);
  FailureSteps(state, emit);
}

void EngineModel::CallerSteps(const State& state, Emit<State>& emit) const {
  for (int id = 0; id < setting_.transactions; ++id) {
    const State::Transaction& now = state.transactions[id];
    State next = state;
    if (now.phase == kNotStarted && state.failed == 0) {
      next.transactions[id] = {kCommitting, state.memory.value,
                               state.memory.revision, 0};
      emit(next, [&] {
        return absl::StrCat(NameOf(id), ", made from revision ",
                            state.memory.revision, ", waits to be committed");
      });
    }
    if (now.phase == kUnsettled) {
      next.transactions[id].phase = kSettling;
      emit(next,
           [&] { return absl::StrCat(NameOf(id), " waits to be settled"); });
    }
    if (state.askers > 0 && now.phase != kNotStarted && state.asked[id] == 0 &&
        now.told_other == 0) {
      State asked = state;
      --asked.askers;
      asked.asked[id] = 1;
      emit(asked, [&] {
        return absl::StrCat("somebody else asks to settle ", NameOf(id));
      });
    }
  }
}

void EngineModel::GroupSteps(const State& state, Emit<State>& emit) const {
  std::vector<Work> works;
  for (int id = 0; id < setting_.transactions; ++id) {
    const uint8_t phase = state.transactions[id].phase;
    if (phase == kCommitting) works.push_back({id, false, false});
    if (phase == kSettling) works.push_back({id, true, false});
    if (state.asked[id] != 0) works.push_back({id, true, true});
  }
  if (state.failed != 0) {
    for (const Work& work : works) {
      State next = state;
      Hear(work, work.settles ? kOutcomeUnknown : kOutcomeRefused, &next);
      Check(&next);
      emit(next, [&] {
        return absl::StrCat("the engine refuses ", NameOf(work.id),
                            " while it is failed");
      });
    }
    return;
  }
  const auto name = [](const Work& work) {
    return absl::StrCat(work.others    ? "somebody's settling of "
                        : work.settles ? "the settling of "
                                       : "the commit of ",
                        NameOf(work.id));
  };
  const int count = static_cast<int>(works.size());
  for (int first = 0; first < count; ++first) {
    for (int second = -1; second < count; ++second) {
      if (second == first) continue;
      Group group = {};
      group.keys = state.memory;
      Add(state, works[first], &group);
      if (second >= 0) Add(state, works[second], &group);
      const std::string what =
          second < 0 ? name(works[first])
                     : absl::StrCat(name(works[first]), ", and behind it ",
                                    name(works[second]));
      emit(Write(state, group, Fate::kDurable, -1),
           [&] { return absl::StrCat("written: ", what); });
      if (group.batch.there == 0) continue;
      if (state.expiries > 0 && !works[first].others) {
        emit(Write(state, group, Fate::kDurable, works[first].id), [&] {
          return absl::StrCat("written: ", what, "; the deadline of ",
                              NameOf(works[first].id), " passes meanwhile");
        });
      }
      if (state.failures == 0) continue;
      emit(Write(state, group, Fate::kKept, -1), [&] {
        return absl::StrCat("the sync fails, the bytes are in the log: ", what);
      });
      emit(Write(state, group, Fate::kLost, -1), [&] {
        return absl::StrCat("the write fails, and is lost: ", what);
      });
    }
  }
}

void EngineModel::Add(const State& state, const Work& work, Group* group) {
  State::Keys& keys = group->keys;
  State::Batch& batch = group->batch;
  const State::Transaction& txn = state.transactions[work.id];
  const uint8_t record = keys.records[work.id];
  Decision decision = {work, kOutcomeBarred, Basis::kWritten};
  if (record != kAbsent) {
    decision.outcome =
        record == kApplied ? kOutcomeAlreadyApplied : kOutcomeBarred;
    decision.basis =
        batch.records[work.id] != 0 ? Basis::kOverlay : Basis::kStored;
  } else if (work.settles) {
    keys.records[work.id] = batch.records[work.id] = kBarred;
    batch.there = 1;
  } else if (txn.seen_revision != keys.revision) {
    decision.outcome = kOutcomeConflict;
    decision.basis = batch.revision != 0 ? Basis::kOverlay : Basis::kStored;
  } else {
    decision.outcome = kOutcomeApplied;
    keys.value = batch.value = txn.seen | BitOf(work.id);
    keys.revision = batch.revision = keys.revision + 1;
    keys.records[work.id] = batch.records[work.id] = kApplied;
    batch.there = 1;
  }
  group->decisions.push_back(decision);
}

EngineModel::Outcome EngineModel::FailedResult(const Decision& decision) const {
  switch (decision.basis) {
    case Basis::kStored:
      return decision.outcome;
    case Basis::kOverlay:
      if (!Keeps(EngineRule::kNothingFromFailed)) return decision.outcome;
      if (decision.outcome == kOutcomeConflict) return kOutcomeRefused;
      return kOutcomeUnknown;
    case Basis::kWritten:
      break;
  }
  return Keeps(EngineRule::kFailedIsUnknown) ? kOutcomeUnknown
                                             : kOutcomeRefused;
}

EngineState EngineModel::Write(const State& state, const Group& group,
                               Fate fate, int expired) const {
  State next = state;
  if (fate == Fate::kDurable && group.batch.there != 0) {
    next.memory = group.keys;
    AppendToLog(group.batch, &next);
    if (Keeps(EngineRule::kSynced)) Sync(&next);
  }
  if (fate != Fate::kDurable) {
    --next.failures;
    if (fate == Fate::kKept) AppendToLog(group.batch, &next);
    if (Keeps(EngineRule::kStopsAfterFailure)) next.failed = 1;
    for (int id = 0; id < kWorks; ++id) {
      if (group.batch.records[id] != 0) next.unknown[id] = 1;
    }
  }
  for (const Decision& decision : group.decisions) {
    const Work& work = decision.work;
    Outcome outcome =
        fate == Fate::kDurable ? decision.outcome : FailedResult(decision);
    if (work.id == expired && !work.others) {
      outcome = Keeps(EngineRule::kLateIsUnknown) || work.settles
                    ? kOutcomeUnknown
                    : kOutcomeRefused;
    }
    Hear(work, outcome, &next);
  }
  if (expired >= 0) --next.expiries;
  Check(&next);
  return next;
}

void EngineModel::Hear(const Work& work, Outcome outcome, State* state) const {
  State::Transaction& txn = state->transactions[work.id];
  const bool applied =
      outcome == kOutcomeApplied || outcome == kOutcomeAlreadyApplied;
  if (work.others) {
    state->asked[work.id] = 0;
    if (applied) txn.told_other = kToldApplied;
    if (outcome == kOutcomeBarred) txn.told_other = kToldNotApplied;
    return;
  }
  if (applied) {
    txn.phase = kToldApplied;
  } else if (outcome == kOutcomeUnknown) {
    txn.phase = kUnsettled;
  } else {
    txn.phase = kToldNotApplied;
  }
}

void EngineModel::Recover(int kept, State* state) const {
  state->memory = state->disk;
  for (int place = 0; place < kTail; ++place) {
    if (place < kept) {
      Replay(state->tail[place], &state->memory);
    } else {
      state->tail[place] = {};
    }
  }
  if (Keeps(EngineRule::kRecoveryIsDurable)) Sync(state);
}

void EngineModel::FailureSteps(const State& state, Emit<State>& emit) const {
  for (int kept = 0; kept <= TailOf(state); ++kept) {
    const char* const what =
        kept == 0 ? "what failed is gone" : "what failed is there";
    if (state.failed != 0) {
      State next = state;
      Recover(kept, &next);
      for (int id = 0; id < kWorks; ++id) {
        const bool bars = next.unknown[id] != 0 &&
                          next.memory.records[id] == kAbsent &&
                          Keeps(EngineRule::kSettledAtReopen);
        if (bars) next.memory.records[id] = next.disk.records[id] = kBarred;
        next.unknown[id] = 0;
      }
      next.failed = 0;
      Check(&next);
      emit(next,
           [&] { return absl::StrCat("the engine opens again: ", what); });
    }
    if (state.cuts == 0) continue;
    State next = state;
    --next.cuts;
    Recover(kept, &next);
    next.failed = 0;
    for (int id = 0; id < kWorks; ++id) {
      uint8_t& phase = next.transactions[id].phase;
      if (phase == kCommitting || phase == kUnsettled || phase == kSettling) {
        phase = kGone;
      }
      next.asked[id] = next.unknown[id] = 0;
    }
    Check(&next);
    emit(next, [&] {
      return absl::StrCat("the power is cut, and comes back",
                          TailOf(state) > 0 ? absl::StrCat(": ", what) : "");
    });
  }
}

void EngineModel::Check(State* state) const {
  for (State::Transaction& txn : state->transactions) {
    if (txn.phase < kToldApplied) continue;
    txn.seen = txn.seen_revision = 0;
  }
  if (state->failed != 0) return;
  for (int id = 0; id < setting_.transactions; ++id) {
    const State::Transaction& txn = state->transactions[id];
    const bool there = (state->memory.value & BitOf(id)) != 0;
    const auto told = [&](Phase what) {
      return txn.phase == what || txn.told_other == what;
    };
    if (told(kToldApplied) && !there) Violate(kEngineAppliedStays, state);
    if (told(kToldNotApplied) && there) Violate(kEngineNotAppliedNever, state);
  }
}

}  // namespace keyward::model
