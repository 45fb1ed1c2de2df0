// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway's part of the intents' model: ChangeCall.

#include "tests/model/intent_model.h"

#include "absl/strings/str_cat.h"

namespace keyward::model {
namespace {

std::string NameOf(int call) { return absl::StrCat("call ", call + 1); }
std::string IntentName(int intent) { return absl::StrCat("intent ", intent); }

}  // namespace

IntentState IntentModel::Initial() const {
  State state = {};
  state.log_fence = state.store_fence = 1;
  state.copies = setting_.copies;
  state.unknowns = setting_.unknowns;
  state.lost = setting_.lost;
  state.raises = setting_.raises;
  state.refusals = setting_.refusals;
  state.gateway_crashes = setting_.gateway_crashes;
  state.store_restarts = setting_.store_restarts;
  state.audit_restarts = setting_.audit_restarts;
  state.floors = setting_.floors;
  return state;
}

uint8_t IntentModel::AtEnd(const State& state) const {
  for (const auto& intent : state.intents) {
    if (intent.durable != 0 && intent.closed == kOpen &&
        question_.Watches(kEveryIntentCloses)) {
      return kEveryIntentCloses;
    }
  }
  return kIntentHolds;
}

int IntentModel::IntentsOf(const State& state) {
  int count = 0;
  while (count < kIntents && state.intents[count].call != 0) ++count;
  return count;
}

void IntentModel::Steps(const State& state, Emit<State>& emit) const {
  for (int call = 0; call < setting_.calls; ++call) {
    CallSteps(state, call, emit);
  }
  OwnerSteps(state, emit);
  ReconcilerSteps(state, emit);
  FloorSteps(state, emit);
  if (state.raises > 0) {
    // FenceRaiser: the store first, then audit.
    State next = state;
    if (state.store_fence == state.log_fence) {
      ++next.store_fence;
    } else {
      ++next.log_fence;
      --next.raises;
    }
    emit(next, [&] {
      return absl::StrCat(
          "policy raises the fence of ",
          state.store_fence == state.log_fence ? "the store" : "audit", " to ",
          next.store_fence);
    });
  }
}

void IntentModel::CallSteps(const State& state, int call,
                            Emit<State>& emit) const {
  const State::Call& now = state.calls[call];
  State next = state;
  State::Call& then = next.calls[call];
  if (now.phase == kNotStarted) {
    if (call > 0 && state.calls[call - 1].phase == kNotStarted) return;
    then.phase = kDeciding;
    return emit(next, [&] {
      return absl::StrCat(NameOf(call), " starts",
                          call > 0 ? ": the same request id again" : "");
    });
  }
  if (now.phase == kEnded) return;
  if (state.gateway_crashes > 0) {
    State crashed = state;
    --crashed.gateway_crashes;
    crashed.calls[call] = {kEnded, 0, 0, 0, 0};
    emit(crashed, [&] {
      return absl::StrCat("the gateway of ", NameOf(call), " is killed");
    });
  }
  if (now.told == 0) Expire(state, call, emit);
  const int intent = now.intent - 1;
  switch (now.phase) {
    case kDeciding:
      if (IntentsOf(state) == kIntents) return;
      then.phase = kIntentSent;
      then.revision = state.log_fence;
      return emit(next, [&] {
        return absl::StrCat(NameOf(call), " is allowed under revision ",
                            state.log_fence);
      });
    case kIntentSent:
      return AppendIntent(state, call, emit);
    case kIntentDone:
      then.phase = kSent;
      next.intents[intent].copies = 1;
      emit(next, [&] {
        return absl::StrCat(NameOf(call), " is sent to the store as ",
                            IntentName(intent));
      });
      if (state.copies == 0) return;
      --next.copies;
      next.intents[intent].copies = 2;
      return emit(next, [&] {
        return absl::StrCat(NameOf(call), " is sent to the store as ",
                            IntentName(intent), ", and a copy of it");
      });
    case kSent:
      then.phase = kAnswered;
      then.result =
          Keeps(IntentRule::kSentIsUnknown) ? kUnknown : kNotAppliedUnavailable;
      return emit(next, [&] {
        return absl::StrCat(NameOf(call), ": the store's answer to ",
                            IntentName(intent), " does not come in time");
      });
    case kAnswered:
      return RecordOutcome(state, call, emit);
    default:
      return;
  }
}

void IntentModel::AppendIntent(const State& state, int call,
                               Emit<State>& emit) const {
  const State::Call& now = state.calls[call];
  const int intent = IntentsOf(state);
  State next = state;
  State::Call& then = next.calls[call];
  if (now.revision != state.log_fence) {
    then = {kDeciding, 0, 0, 0, now.told};
    return emit(next, [&] {
      return absl::StrCat("audit refuses the intent of ", NameOf(call),
                          " for its fence");
    });
  }
  if (intent == kIntents) return;
  State::Intent& opened = next.intents[intent];
  opened.call = static_cast<uint8_t>(call + 1);
  opened.revision = now.revision;
  if (!Keeps(IntentRule::kIntentFirst)) {
    State early = next;
    early.intents[intent].copies = 1;
    early.calls[call].phase = kSent;
    early.calls[call].intent = static_cast<uint8_t>(intent + 1);
    emit(early, [&] {
      return absl::StrCat(NameOf(call), " is sent to the store as ",
                          IntentName(intent), ", which is not durable");
    });
  }
  opened.durable = 1;
  if (state.lost > 0) {
    State lost = next;
    --lost.lost;
    if (now.told == 0) Tell(kNotMade, call, &lost);
    lost.calls[call] = {kEnded, 0, 0, 0, 0};
    emit(lost, [&] {
      return absl::StrCat("audit opens ", IntentName(intent), " for ",
                          NameOf(call), "; its answer is lost");
    });
  }
  then.phase = kIntentDone;
  then.intent = static_cast<uint8_t>(intent + 1);
  emit(next, [&] {
    return absl::StrCat("audit opens ", IntentName(intent), " for ",
                        NameOf(call));
  });
}

// The deadline passes.
void IntentModel::Expire(const State& state, int call,
                         Emit<State>& emit) const {
  const bool unsent = state.calls[call].phase < kSent;
  State next = state;
  if (unsent) {
    Tell(kNotMade, call, &next);
    if (Keeps(IntentRule::kExpiresUnsent)) {
      next.calls[call] = {kEnded, 0, 0, 0, 0};
    } else {
      next.calls[call].told = 1;
    }
    return emit(next, [&] {
      return absl::StrCat(NameOf(call), "'s deadline passes: nothing was done");
    });
  }
  next.calls[call].told = 1;
  emit(next, [&] {
    return absl::StrCat(NameOf(call),
                        "'s deadline passes: OUTCOME_UNKNOWN is answered");
  });
}

void IntentModel::RecordOutcome(const State& state, int call,
                                Emit<State>& emit) const {
  static const char* const kWords[] = {"",
                                       "APPLIED",
                                       "NOT_APPLIED, decided below the fence",
                                       "NOT_APPLIED, a precondition failed",
                                       "NOT_APPLIED, unavailable",
                                       "NOT_APPLIED, barred",
                                       "UNKNOWN, below the floor",
                                       "UNKNOWN"};
  static const char* const kTold[] = {"OK", "refused by a precondition",
                                      "not made", "OUTCOME_UNKNOWN"};
  const State::Call& now = state.calls[call];
  const int intent = now.intent - 1;
  const bool again = now.result == kNotAppliedFence;
  const auto answer = [&](Told told, State* next) {
    if (now.told == 0) Tell(told, call, next);
    next->calls[call] = {kEnded, 0, 0, 0, 0};
  };
  if (!Keeps(IntentRule::kOutcomeFirst) && !again) {
    State early = state;
    const Told told = AnswerApplied(now.result, false, kOpen);
    answer(told, &early);
    emit(early, [&] {
      return absl::StrCat(NameOf(call),
                          " is answered before its outcome: ", kTold[told]);
    });
  }
  const Outcome outcome =
      now.result == kApplied ? kClosedApplied
      : now.result == kUnknown || now.result == kUnknownBarred
          ? kClosedUnknown
          : kClosedNotApplied;
  const bool refused = !Keeps(IntentRule::kOutcomeIsFact) &&
                       state.intents[intent].revision != state.log_fence;
  State next = state;
  bool accepted = false;
  if (!refused) accepted = Close(intent, outcome, &next);
  const bool closed = !refused && !accepted;
  if (state.lost > 0 || refused) {
    // Recorded or not: the gateway does not hear of it.
    State lost = refused ? state : next;
    if (!refused) --lost.lost;
    answer(kMayBeMade, &lost);
    emit(lost, [&] {
      return absl::StrCat("the outcome of ", IntentName(intent), " (",
                          kWords[now.result], ") is ",
                          refused ? "refused for its fence"
                                  : "recorded, audit's answer is lost",
                          "; ", NameOf(call), " is answered OUTCOME_UNKNOWN");
    });
    if (refused) return;
  }
  if (again) {
    next.calls[call] = {kDeciding, 0, 0, 0, now.told};
    if (!Keeps(IntentRule::kNewIntent)) {
      next.calls[call] = {kIntentDone, now.intent, state.log_fence, 0,
                          now.told};
      next.intents[intent].revision = state.log_fence;
    }
    return emit(next, [&] {
      return absl::StrCat("the outcome of ", IntentName(intent), " (",
                          kWords[now.result], ") is ",
                          closed ? "known to audit" : "recorded", "; ",
                          NameOf(call), " starts again");
    });
  }
  const Told told =
      AnswerApplied(now.result, closed, state.intents[intent].closed);
  if (now.told == 0 && now.result == kNotAppliedBarred &&
      state.intents[intent].given_up == 0) {
    Violate(kBarredIsGivenUp, &next);
  }
  answer(told, &next);
  emit(next, [&] {
    return absl::StrCat(
        "the outcome of ", IntentName(intent), " (", kWords[now.result],
        ") is ", closed ? "known to audit" : "recorded",
        now.told == 0
            ? absl::StrCat("; ", NameOf(call), " is answered ", kTold[told])
            : "");
  });
}

// As ChangeCall::AnswerApplied.
IntentModel::Told IntentModel::AnswerApplied(uint8_t result, bool closed,
                                             uint8_t closing) const {
  if (!Keeps(IntentRule::kUnknownIsSaid) && result == kUnknown) return kOk;
  const bool applied = closed && closing == kClosedApplied;
  if (result == kNotAppliedBarred || result == kUnknownBarred) {
    if (!Keeps(IntentRule::kBarredIsNotFinal)) return kRefusedForGood;
    const bool known = (result == kNotAppliedBarred || closed) && !applied;
    if (known || !Keeps(IntentRule::kAnswersByFirst)) return kNotMade;
  }
  if (closed && Keeps(IntentRule::kAnswersByFirst)) {
    if (result == kApplied && !applied) return kMayBeMade;
    if (result != kApplied && (applied || result == kUnknown)) {
      return kMayBeMade;
    }
  }
  switch (result) {
    case kApplied:
      return kOk;
    case kNotAppliedPrecondition:
      return kRefusedForGood;
    case kNotAppliedUnavailable:
      return kNotMade;
    default:
      return kMayBeMade;
  }
}

void IntentModel::Tell(Told told, int call, State* state) const {
  const int intent = state->calls[call].intent - 1;
  const uint8_t bit = static_cast<uint8_t>(1 << call);
  if (told == kOk || told == kRefusedForGood) {
    if (state->intents[intent].closed == kOpen) {
      Violate(kOutcomeBeforeAnswer, state);
    }
  }
  if (told == kOk && state->effects == 0) Violate(kAnswerIsTrue, state);
  if (told == kRefusedForGood && state->intents[intent].failed == 0) {
    Violate(kFinalIsFinal, state);
  }
  if (told == kRefusedForGood || told == kNotMade) {
    state->denied_by |= bit;
    if (state->made_by & bit) Violate(kAnswerIsTrue, state);
  }
}

}  // namespace keyward::model
