// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Audit's part of the intents' model: outcomes, and the Reconciler.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/model/intent_model.h"

namespace keyward::model {
namespace {

std::string IntentName(int intent) { return absl::StrCat("intent ", intent); }

}  // namespace

bool IntentModel::Close(int intent, Outcome outcome, State* state) const {
  State::Intent& open = state->intents[intent];
  const bool closes =
      outcome != kClosedUnknown || !Keeps(IntentRule::kUnknownLeavesOpen);
  if (open.closed != kOpen) {
    if (Keeps(IntentRule::kOneOutcome)) return false;
    if (closes) Violate(kClosedOnce, state);
    return true;
  }
  if (closes) open.closed = outcome;
  CheckTruth(state);
  return true;
}

void IntentModel::CheckTruth(State* state) const {
  for (const auto& intent : state->intents) {
    const bool wrong =
        intent.closed == kClosedUnknown ||
        (intent.closed == kClosedApplied && intent.applied == 0) ||
        (intent.closed == kClosedNotApplied && intent.applied != 0);
    if (wrong) Violate(kOutcomeIsTrue, state);
  }
}

// Reconciler::RunOnce, intent by intent.
void IntentModel::ReconcilerSteps(const State& state, Emit<State>& emit) const {
  if (state.audit_restarts > 0 && (state.asked != 0 || state.floor_phase > 0)) {
    State next = state;
    --next.audit_restarts;
    next.asked = next.resolution = 0;
    next.floor_phase = next.floor_size = next.floor_oldest = 0;
    emit(next, [] { return "audit is killed, and starts again"; });
  }
  if (state.asked != 0) {
    const int intent = state.asked - 1;
    State next = state;
    next.asked = next.resolution = 0;
    const bool applied = state.resolution == kApplied;
    const bool refused = !Keeps(IntentRule::kOutcomeIsFact) &&
                         state.intents[intent].revision != state.log_fence;
    if (!refused) {
      Close(intent, applied ? kClosedApplied : kClosedNotApplied, &next);
    }
    return emit(next, [&] {
      return absl::StrCat("the reconciler records that ", IntentName(intent),
                          applied ? " was" : " was not", " applied",
                          refused ? ", and is refused for its fence" : "");
    });
  }
  for (int intent = 0; intent < kIntents; ++intent) {
    const State::Intent& open = state.intents[intent];
    if (open.durable == 0 || open.closed != kOpen) continue;
    // An outcome that is refused once is refused for ever: no use in asking.
    if (!Keeps(IntentRule::kOutcomeIsFact) &&
        open.revision != state.log_fence) {
      continue;
    }
    State next = state;
    const Result settled =
        Settle(intent, Keeps(IntentRule::kReconcilerBars), &next);
    if (settled != kUnknown) {
      next.asked = static_cast<uint8_t>(intent + 1);
      next.resolution = settled;
      if (settled == kNotAppliedBarred) next.intents[intent].given_up = 1;
      emit(next, [&] {
        return absl::StrCat(
            "the reconciler asks the store for ", IntentName(intent),
            settled == kApplied ? ": applied" : ": not applied, and barred");
      });
    }
    if (Keeps(IntentRule::kUnsettledStaysOpen) || state.unknowns == 0) continue;
    State guessed = state;
    --guessed.unknowns;
    guessed.asked = static_cast<uint8_t>(intent + 1);
    guessed.resolution = kNotAppliedBarred;
    emit(guessed, [&] {
      return absl::StrCat("the reconciler asks the store for ",
                          IntentName(intent), ", which does not know");
    });
  }
}

// Reconciler::RaiseFloors.
void IntentModel::FloorSteps(const State& state, Emit<State>& emit) const {
  if (state.floors == 0) return;
  const int size = IntentsOf(state);
  int oldest = kIntents + 1;
  for (int intent = size - 1; intent >= 0; --intent) {
    if (state.intents[intent].durable && state.intents[intent].closed == kOpen)
      oldest = intent;
  }
  State next = state;
  if (state.floor_phase < 2) {
    const bool reads_size =
        (state.floor_phase == 0) == Keeps(IntentRule::kFloorSizeFirst);
    if (state.floor_phase == 0 && size == state.floor) return;
    ++next.floor_phase;
    if (reads_size) {
      next.floor_size = static_cast<uint8_t>(size);
    } else {
      next.floor_oldest = static_cast<uint8_t>(oldest);
    }
    return emit(next, [&] {
      if (reads_size) {
        return absl::StrCat("the reconciler reads the log's size: ", size);
      }
      return absl::StrCat("the reconciler looks for the oldest open intent: ",
                          oldest > kIntents ? "none" : IntentName(oldest));
    });
  }
  uint8_t floor = std::min(state.floor_size, state.floor_oldest);
  if (!Keeps(IntentRule::kFloorBelowOpen)) floor = state.floor_size;
  --next.floors;
  next.floor_phase = next.floor_size = next.floor_oldest = 0;
  next.floor = std::max(state.floor, floor);
  for (int intent = 0; intent < next.floor; ++intent) {
    next.intents[intent].record = kForgotten;
  }
  emit(next, [&] {
    return absl::StrCat("the store forgets all below ", IntentName(next.floor));
  });
}

}  // namespace keyward::model
