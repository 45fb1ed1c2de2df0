// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The owner's part of the intents' model: the store's ChangeRunner over kv.

#include "absl/strings/str_cat.h"
#include "tests/model/intent_model.h"

namespace keyward::model {
namespace {

std::string IntentName(int intent) { return absl::StrCat("intent ", intent); }

}  // namespace

void IntentModel::OwnerSteps(const State& state, Emit<State>& emit) const {
  bool busy = false;
  for (int job = 0; job < kIntentJobs; ++job) {
    busy = busy || state.jobs[job].intent != 0;
    if (state.jobs[job].intent != 0) JobSteps(state, job, emit);
  }
  if (busy && state.store_restarts > 0) {
    State next = state;
    --next.store_restarts;
    for (auto& job : next.jobs) job = {0, 0, 0, 0};
    emit(next, [] { return "the store is killed, and starts again"; });
  }
  // The first free place: the jobs are alike.
  int free = 0;
  while (free < kIntentJobs && state.jobs[free].intent != 0) ++free;
  for (int intent = 0; intent < kIntents; ++intent) {
    if (state.intents[intent].late != 0) {
      State next = state;
      next.intents[intent].late = kNothingLate;
      if (state.intents[intent].late == kLateClaim) {
        Claim(intent, &next);
      } else {
        // Planned when the request id was not known yet.
        Commit(intent, 0, &next);
      }
      emit(next, [&] {
        return absl::StrCat(
            "the late commit of ", IntentName(intent), " arrives: ",
            next.intents[intent].record == kRecordApplied ? "applied"
                                                          : "refused");
      });
    }
    if (state.intents[intent].copies == 0 || free == kIntentJobs) continue;
    State next = state;
    --next.intents[intent].copies;
    next.jobs[free] = {static_cast<uint8_t>(intent + 1), kAttempt, 0, 0};
    emit(next, [&] {
      return absl::StrCat(IntentName(intent), " arrives at the store");
    });
  }
}

void IntentModel::Finish(int job, Result result, State* state) const {
  const int intent = state->jobs[job].intent - 1;
  State::Call& call = state->calls[state->intents[intent].call - 1];
  state->jobs[job] = {0, 0, 0, 0};
  if (call.phase != kSent || call.intent != intent + 1) return;
  call.phase = kAnswered;
  call.result = result;
}

void IntentModel::JobSteps(const State& state, int job,
                           Emit<State>& emit) const {
  const State::Job& now = state.jobs[job];
  const int intent = now.intent - 1;
  State next = state;
  switch (now.phase) {
    case kAttempt:
      return Attempt(state, job, emit);
    case kSubmitted:
    case kRepeat:
      return Submit(state, job, emit);
    case kRefusing: {
      Result settled = Settle(intent, Keeps(IntentRule::kRefusalBars), &next);
      if (settled == kNotAppliedBarred) {
        settled = static_cast<Result>(now.result);
      }
      Finish(job, settled, &next);
      return emit(next, [&] {
        return absl::StrCat("the store settles ", IntentName(intent),
                            settled == kApplied   ? ": it was applied"
                            : settled == kUnknown ? ": it cannot know"
                                                  : ": it is barred");
      });
    }
  }
}

void IntentModel::Attempt(const State& state, int job,
                          Emit<State>& emit) const {
  const int intent = state.jobs[job].intent - 1;
  const State::Intent& about = state.intents[intent];
  State next = state;
  State::Job& then = next.jobs[job];
  // Forgotten is as absent: GetTransaction answers NOT_FOUND.
  if (about.record == kRecordApplied || about.record == kRecordBarred) {
    const bool applied = about.record == kRecordApplied;
    if (!applied || Keeps(IntentRule::kIdFirst)) {
      Finish(job, applied ? kApplied : kNotAppliedBarred, &next);
      return emit(next, [&] {
        return absl::StrCat("the store knows ", IntentName(intent), ": ",
                            applied ? "applied" : "barred");
      });
    }
  }
  if (state.request != 0 && Keeps(IntentRule::kRequestId)) {
    if (!Keeps(IntentRule::kRepeatClaims)) {
      Finish(job, kApplied, &next);
    } else {
      then.phase = kRepeat;
      then.seen = state.request;
    }
    return emit(next, [&] {
      return absl::StrCat("the store knows the request id of ",
                          IntentName(intent));
    });
  }
  if (about.revision < state.store_fence) {
    then.phase = kRefusing;
    then.result = kNotAppliedFence;
    return emit(next, [&] {
      return absl::StrCat("the store refuses ", IntentName(intent),
                          " for its fence");
    });
  }
  then.phase = kSubmitted;
  then.seen = state.request;
  emit(next,
       [&] { return absl::StrCat("the store plans ", IntentName(intent)); });
  if (state.refusals == 0) return;
  State refused = state;
  --refused.refusals;
  refused.intents[intent].failed = 1;
  refused.jobs[job].phase = kRefusing;
  refused.jobs[job].result = kNotAppliedPrecondition;
  emit(refused, [&] {
    return absl::StrCat("a precondition of ", IntentName(intent), " fails");
  });
}

void IntentModel::Submit(const State& state, int job, Emit<State>& emit) const {
  const State::Job& now = state.jobs[job];
  const int intent = now.intent - 1;
  State next = state;
  const bool repeats = now.phase == kRepeat;
  const Result result =
      repeats ? Claim(intent, &next) : Commit(intent, now.seen, &next);
  if (result == kNoResult) {
    next.jobs[job] = {now.intent, kAttempt, 0, 0};
  } else if (result == kNotAppliedFence) {
    next.jobs[job] = {now.intent, kRefusing, 0, kNotAppliedFence};
  } else {
    Finish(job, result, &next);
  }
  emit(next, [&] {
    static const char* const kWords[] = {"conflicts, and is planned again",
                                         "is applied",
                                         "is refused for its fence",
                                         "",
                                         "",
                                         "was barred",
                                         "is refused below the floor"};
    return absl::StrCat("the commit of ", IntentName(intent), " ",
                        kWords[result]);
  });
  if (state.unknowns == 0) return;
  // The commit is not answered: it is applied now, later, or never.
  State unknown = state;
  --unknown.unknowns;
  unknown.jobs[job] = {now.intent, kRefusing, 0, kNotAppliedUnavailable};
  unknown.intents[intent].late = repeats ? kLateClaim : kLateCommit;
  emit(unknown, [&] {
    return absl::StrCat("the commit of ", IntentName(intent),
                        " is not answered");
  });
}

IntentModel::Result IntentModel::Commit(int intent, uint8_t seen,
                                        State* state) const {
  const State::Intent& about = state->intents[intent];
  if (intent < state->floor && Keeps(IntentRule::kRefuseBelowFloor)) {
    return kUnknownBarred;
  }
  if (about.record == kRecordApplied && Keeps(IntentRule::kIdFirst)) {
    return kApplied;
  }
  if (about.record == kRecordBarred) return kNotAppliedBarred;
  if (about.revision < state->store_fence) return kNotAppliedFence;
  if (seen != state->request && Keeps(IntentRule::kRequestIdInTransaction) &&
      Keeps(IntentRule::kRequestId)) {
    return kNoResult;
  }
  Apply(intent, state);
  return kApplied;
}

void IntentModel::Apply(int intent, State* state) const {
  State::Intent& about = state->intents[intent];
  const uint8_t by = static_cast<uint8_t>(1 << (about.call - 1));
  if (about.durable == 0) Violate(kRecordedFirst, state);
  if (about.closed != kOpen) Violate(kClosedIsOver, state);
  if (state->denied_by & by) Violate(kAnswerIsTrue, state);
  if (++state->effects > 1) Violate(kMadeOnce, state);
  if (state->effects > 2) state->effects = 2;
  state->made_by |= by;
  about.record = kRecordApplied;
  about.applied = 1;
  if (setting_.request_id != 0) state->request = 1;
  CheckTruth(state);
}

IntentModel::Result IntentModel::Claim(int intent, State* state) const {
  State::Intent& about = state->intents[intent];
  if (intent < state->floor) return kUnknownBarred;
  if (about.record == kRecordBarred) return kNotAppliedBarred;
  if (about.record == kRecordApplied) return kApplied;
  about.record = kRecordApplied;
  about.applied = 1;
  if (about.closed != kOpen) Violate(kClosedIsOver, state);
  CheckTruth(state);
  return kApplied;
}

IntentModel::Result IntentModel::Settle(int intent, bool bars,
                                        State* state) const {
  State::Intent& about = state->intents[intent];
  if (intent < state->floor) return kUnknown;
  if (about.record == kRecordApplied) return kApplied;
  if (bars) about.record = kRecordBarred;
  return kNotAppliedBarred;
}

}  // namespace keyward::model
