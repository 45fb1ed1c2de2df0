// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/model/commit_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace keyward::model {
namespace {

std::string NameOf(int id) { return absl::StrCat("transaction ", id + 1); }

using Kind = CommitTransaction::Kind;

const char* WordOf(Kind kind) {
  switch (kind) {
    case Kind::kUpdate:
      return "counts on";
    case Kind::kPut:
      return "writes";
    case Kind::kCreate:
      return "creates a name";
    case Kind::kDelete:
      return "deletes the name";
  }
  return "";
}

const char* WordOf(int outcome) {
  static const char* const kWords[] = {
      "APPLIED", "ALREADY APPLIED", "BARRED", "CONFLICT", "UNKNOWN", "REFUSED"};
  return kWords[outcome];
}

}  // namespace

CommitState CommitModel::Initial() const {
  State state = {};
  for (const CommitTransaction& each : setting_.transactions) {
    state.session_exists[each.session] = 1;
  }
  state.timeouts = setting_.timeouts;
  state.resubmissions = setting_.resubmissions;
  state.closings = setting_.closings;
  return state;
}

uint8_t CommitModel::AtEnd(const State&) const { return kCommitHolds; }

void CommitModel::Steps(const State& state, Emit<State>& emit) const {
  for (int id = 0; id < transactions(); ++id) {
    WriterSteps(state, id, emit);
    ProposalSteps(state, id, emit);
  }
  SessionSteps(state, emit);
}

void CommitModel::WriterSteps(const State& state, int id,
                              Emit<State>& emit) const {
  const State::Transaction& now = state.transactions[id];
  const int session = SessionOf(id);
  State next = state;
  State::Transaction& then = next.transactions[id];
  switch (now.phase) {
    case kNotStarted: {
      uint8_t oldest = static_cast<uint8_t>(id);
      for (int earlier = id - 1; earlier >= 0; --earlier) {
        if (SessionOf(earlier) != session) continue;
        const uint8_t phase = state.transactions[earlier].phase;
        // One submission after the other; the next may begin while the last
        // one is unsettled.
        if (phase == kNotStarted || phase == kSubmitted) return;
        if (phase == kUnsettled || phase == kSettling ||
            phase == kSubmittedAgain) {
          oldest = static_cast<uint8_t>(earlier);
        }
      }
      const bool names = KindOf(id) == Kind::kDelete;
      then = {kSubmitted,
              names ? state.name : state.value,
              state.revision,
              1,
              0,
              kAbsent,
              0,
              Keeps(CommitRule::kFloorKeepsOpen) ? oldest
                                                 : static_cast<uint8_t>(id)};
      return emit(next, [&] {
        return absl::StrCat(
            NameOf(id), ", which ", WordOf(KindOf(id)), ", is submitted",
            then.floor > 0 ? ", raising its session's floor" : "");
      });
    }
    case kSubmitted:
    case kSubmittedAgain:
    case kSettling:
      if (state.timeouts == 0) return;
      --next.timeouts;
      then.phase =
          Keeps(CommitRule::kLateIsUnknown) ? kUnsettled : kToldNotApplied;
      Check(&next);
      return emit(next, [&] {
        return absl::StrCat(
            NameOf(id), " is not answered in time: ",
            Keeps(CommitRule::kLateIsUnknown) ? "UNKNOWN" : "REFUSED");
      });
    case kUnsettled: {
      if (!Keeps(CommitRule::kSettleSubmits)) {
        then.phase = now.record == kApplied ? kToldApplied : kToldNotApplied;
        Check(&next);
        return emit(next, [&] {
          return absl::StrCat(
              NameOf(id), "'s record is read: ",
              now.record == kApplied ? "applied" : "there is none");
        });
      }
      then.phase = kSettling;
      ++then.settles;
      emit(next, [&] { return absl::StrCat(NameOf(id), " is settled"); });
      if (state.resubmissions == 0) return;
      State again = state;
      --again.resubmissions;
      again.transactions[id].phase = kSubmittedAgain;
      ++again.transactions[id].commits;
      return emit(again, [&] {
        return absl::StrCat(NameOf(id), " is submitted again");
      });
    }
    default:
      return;
  }
}

void CommitModel::ProposalSteps(const State& state, int id,
                                Emit<State>& emit) const {
  const State::Transaction& now = state.transactions[id];
  if (now.commits > 0) {
    State next = state;
    --next.transactions[id].commits;
    const Outcome outcome = DecideCommit(id, &next);
    // Whose answer a writer hears that submitted twice cannot be told apart.
    const bool again = now.phase == kSubmittedAgain;
    if (now.phase == kSubmitted || again) {
      Hear(id, static_cast<Phase>(now.phase), outcome, &next);
    }
    Check(&next);
    emit(next, [&] {
      return absl::StrCat("the commit of ", NameOf(id),
                          " arrives: ", WordOf(outcome));
    });
  }
  if (now.settles > 0) {
    State next = state;
    --next.transactions[id].settles;
    const Outcome outcome = DecideSettle(id, &next);
    if (now.phase == kSettling) Hear(id, kSettling, outcome, &next);
    Check(&next);
    emit(next, [&] {
      return absl::StrCat("the settling of ", NameOf(id),
                          " arrives: ", WordOf(outcome));
    });
  }
}

void CommitModel::SessionSteps(const State& state, Emit<State>& emit) const {
  for (int session = 0; session < kSessions; ++session) {
    if (state.closings > 0 && state.session_exists[session] != 0) {
      State next = state;
      --next.closings;
      next.session_exists[session] = 0;
      emit(next,
           [&] { return absl::StrCat("session ", session + 1, " is closed"); });
    }
    const bool early = !Keeps(CommitRule::kRemoveAfterClose);
    if (state.session_exists[session] != 0 && !early) continue;
    State next = state;
    for (int id = 0; id < transactions(); ++id) {
      if (SessionOf(id) == session) {
        next.transactions[id].record = kAbsent;
      }
    }
    emit(next, [&] {
      return absl::StrCat("what is stored of session ", session + 1,
                          "'s transactions is removed");
    });
  }
}

bool CommitModel::IsRetired(const State& state, int id) const {
  const int session = SessionOf(id);
  return state.session_exists[session] == 0 ||
         id < state.session_floor[session];
}

bool CommitModel::PreconditionHolds(const State& state, int id) const {
  const State::Transaction& txn = state.transactions[id];
  switch (KindOf(id)) {
    case Kind::kUpdate:
      return txn.seen_revision == state.revision;
    case Kind::kPut:
      return true;
    case Kind::kCreate:
      return state.name == 0;
    case Kind::kDelete:
      return state.name != 0 && state.name == txn.seen;
  }
  return false;
}

CommitModel::Outcome CommitModel::DecideCommit(int id, State* state) const {
  State::Transaction& txn = state->transactions[id];
  if (Keeps(CommitRule::kSessionPrecondition) && IsRetired(*state, id)) {
    return kOutcomeRefused;
  }
  if (Keeps(CommitRule::kClaimsId) && txn.record != kAbsent) {
    return txn.record == kApplied ? kOutcomeAlreadyApplied : kOutcomeBarred;
  }
  if (Keeps(CommitRule::kPrecondition) && !PreconditionHolds(*state, id)) {
    return kOutcomeConflict;
  }
  switch (KindOf(id)) {
    case Kind::kUpdate:
    case Kind::kPut:
      state->value = txn.seen | BitOf(id);
      ++state->revision;
      break;
    case Kind::kCreate:
      state->name = static_cast<uint8_t>(id + 1);
      break;
    case Kind::kDelete:
      state->name = 0;
      break;
  }
  if (++txn.applied > 1) Violate(kAppliedOnce, state);
  txn.record = kApplied;
  uint8_t& floor = state->session_floor[SessionOf(id)];
  floor = std::max(floor, txn.floor);
  for (int other = 0; other < floor; ++other) {
    if (SessionOf(other) == SessionOf(id)) {
      state->transactions[other].record = kAbsent;
    }
  }
  return kOutcomeApplied;
}

CommitModel::Outcome CommitModel::DecideSettle(int id, State* state) const {
  State::Transaction& txn = state->transactions[id];
  if (Keeps(CommitRule::kClosedStaysUnknown) && IsRetired(*state, id)) {
    return kOutcomeUnknown;
  }
  if (txn.record == kApplied) return kOutcomeAlreadyApplied;
  if (Keeps(CommitRule::kSettleBars)) txn.record = kBarred;
  return kOutcomeBarred;
}

void CommitModel::Hear(int id, Phase phase, Outcome outcome,
                       State* state) const {
  uint8_t& told = state->transactions[id].phase;
  const bool exists = state->session_exists[SessionOf(id)] != 0;
  switch (outcome) {
    case kOutcomeApplied:
    case kOutcomeAlreadyApplied:
      told = kToldApplied;
      return;
    case kOutcomeBarred:
      told = kToldNotApplied;
      return;
    case kOutcomeConflict:
      // Of an earlier submission it says nothing.
      told = phase == kSubmittedAgain && Keeps(CommitRule::kConflictIsNoAnswer)
                 ? kUnsettled
                 : kToldNotApplied;
      return;
    case kOutcomeRefused:
      // Certain of this submission; of an earlier one nothing follows.
      told = phase == kSubmittedAgain ? kToldUnknown : kToldNotApplied;
      if (phase == kSubmittedAgain && exists) Violate(kUnknownEnds, state);
      return;
    case kOutcomeUnknown:
      told = kToldUnknown;
      if (exists) Violate(kUnknownEnds, state);
      return;
  }
}

void CommitModel::Check(State* state) const {
  for (int id = 0; id < transactions(); ++id) {
    const State::Transaction& txn = state->transactions[id];
    const bool counts = KindOf(id) == Kind::kUpdate;
    const bool there = (state->value & BitOf(id)) != 0;
    if (txn.phase == kToldApplied && counts && !there) {
      Violate(kAppliedStays, state);
    }
    if (txn.phase == kToldNotApplied && txn.applied != 0) {
      Violate(kNotAppliedNever, state);
    }
  }
}

}  // namespace keyward::model
