// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/model/fence_model.h"

#include "absl/strings/str_cat.h"

namespace keyward::model {
namespace {

// The sequential specification's state: the rights, and the value above them.
constexpr int kRights = 7;
constexpr int kValueShift = 3;

constexpr uint8_t kDenied = 0;
// A read answers the value + 1.
constexpr uint8_t kOk = 5;
constexpr uint8_t kPreconditionFailed = 6;

// In Writer::batch: a raise that policy waits for, and one that it gave up.
constexpr uint8_t kRaise = 0x40;
constexpr uint8_t kLateRaise = 0x80;

// In Call::allowed: audit has refused the decision at Call::revision.
constexpr uint8_t kRefusedByAudit = 2;

uint8_t Highest(uint8_t bits) {
  uint8_t highest = 0;
  for (uint8_t i = 1; i < kFenceRevisions; ++i) {
    if (bits >> i & 1) highest = i;
  }
  return highest;
}

bool IsChangeOfStore(const FenceCall& call) {
  return call.kind == FenceCall::Kind::kWrite ||
         call.kind == FenceCall::Kind::kCreate;
}

// What the specification says that the call does and answers.
uint8_t ApplySpecified(const FenceCall& call, uint8_t* state) {
  const uint8_t rights = *state & kRights;
  const uint8_t value = *state >> kValueShift;
  if (call.right != 0 && (rights & call.right) == 0) return kDenied;
  switch (call.kind) {
    case FenceCall::Kind::kRead:
      return value + 1;
    case FenceCall::Kind::kCheck:
      return kOk;
    case FenceCall::Kind::kCreate:
      if (value != 0) return kPreconditionFailed;
      [[fallthrough]];
    case FenceCall::Kind::kWrite:
      *state = static_cast<uint8_t>(rights | call.value << kValueShift);
      return kOk;
    case FenceCall::Kind::kChange:
      *state = static_cast<uint8_t>((*state & ~call.revokes) | call.value);
      return kOk;
  }
  return kDenied;
}

std::string Process(int audit) {
  return absl::StrCat("audit process ", audit + 1);
}

}  // namespace

FenceState FenceModel::Initial() const {
  State state = {};
  state.newest = state.in_force = state.published = 1;
  state.store_fence = state.log_fence = 1;
  state.rights[1] = setting_.policy;
  for (auto& view : state.views) view = {1, 1 << 1};
  for (auto& writer : state.writers) writer = {1, 1, 0, 0};
  state.late_raises = setting_.late_raises;
  state.policy_restarts = setting_.policy_restarts;
  state.audit_restarts = setting_.audit_restarts;
  state.history = NewHistory(setting_.policy);
  return state;
}

uint8_t FenceModel::AtEnd(const State& state) const {
  for (int call = 0; call < calls(); ++call) {
    if (state.calls[call].phase != kEnded) {
      return question_.Watches(kEveryCallEnds) ? kEveryCallEnds : kFenceHolds;
    }
  }
  return kFenceHolds;
}

std::string FenceModel::NameOf(int call) const {
  static const char* const kNames[] = {"read", "write", "create", "check",
                                       "policy change"};
  return absl::StrCat(kNames[static_cast<int>(CallOf(call).kind)], " ",
                      std::string(1, static_cast<char>('a' + call)));
}

uint8_t FenceModel::ResultOf(const State& state, int call) const {
  const State::Call& now = state.calls[call];
  if (now.phase == kRefused) return kPreconditionFailed;
  if (now.allowed == 0) return kDenied;
  return CallOf(call).kind == FenceCall::Kind::kRead ? now.value : kOk;
}

FenceState FenceModel::Answer(State state, int call, uint8_t result) const {
  uint32_t open = 0;
  for (int i = 0; i < calls(); ++i) {
    const uint8_t phase = state.calls[i].phase;
    if (phase != kNotStarted && phase != kEnded) open |= 1u << i;
  }
  const FenceCall& asked = CallOf(call);
  // A check has no record; the operator's own changes are not gateways'.
  const bool needs_record =
      asked.kind != FenceCall::Kind::kCheck &&
      (asked.kind != FenceCall::Kind::kChange || asked.right != 0);
  const uint8_t phase = state.calls[call].phase;
  if (needs_record && phase < kRecordDone) Violate(kRecorded, &state);
  const auto apply = [this](int other, uint8_t* specified) {
    return ApplySpecified(CallOf(other), specified);
  };
  if (!Answered(open, call, result, apply, &state.history)) {
    Violate(kLinearizable, &state);
  }
  state.calls[call] = {kEnded, 0, 0, 0};
  return state;
}

FenceState FenceModel::GiveUp(State state, int call) const {
  GivenUp(call, &state.history);
  state.calls[call] = {kEnded, 0, 0, 0};
  return state;
}

FenceState FenceModel::Restart(State state, int call) const {
  State::Call& now = state.calls[call];
  if (now.phase != kRecording) {
    // An owner refused it: the outcome goes on record, and all starts anew.
    now = {kDeciding, 0, 0, 0};
    return state;
  }
  if (!Keeps(FenceRule::kDecideAgain)) {
    now.revision = state.views[CallOf(call).gateway].fence;
    return state;
  }
  const uint8_t value = Keeps(FenceRule::kFetchAgain) ? 0 : now.value;
  now = {kDeciding, now.revision, kRefusedByAudit, value};
  return state;
}

void FenceModel::Tell(State* state, int gateway, uint8_t fence, bool keep) {
  State::View& view = state->views[gateway];
  if (fence <= view.fence) return;
  view.fence = fence;
  if (!keep) view.staged &= static_cast<uint8_t>(0xff << fence);
}

void FenceModel::Steps(const State& state, Emit<State>& emit) const {
  for (int call = 0; call < calls(); ++call) CallSteps(state, call, emit);
  for (int audit = 0; audit < setting_.audits; ++audit) {
    AuditSteps(state, audit, emit);
  }
  PolicySteps(state, emit);
  LateRaises(state, emit);
}

void FenceModel::CallSteps(const State& state, int call,
                           Emit<State>& emit) const {
  const State::Call& now = state.calls[call];
  const FenceCall& asked = CallOf(call);
  State next = state;
  switch (now.phase) {
    case kNotStarted:
      if (asked.after >= 0 && state.calls[asked.after].phase != kEnded) return;
      next.calls[call].phase =
          asked.kind == FenceCall::Kind::kChange && asked.right == 0
              ? kAtPolicy
              : kDeciding;
      return emit(next, [&] { return absl::StrCat(NameOf(call), " starts"); });
    case kDeciding:
      return Decide(state, call, emit);
    case kFetching:
      next.calls[call].value = state.store_value + 1;
      next.calls[call].phase = kRecording;
      return emit(next, [&] {
        return absl::StrCat(NameOf(call), ": the store answers value ",
                            state.store_value);
      });
    case kRecording:
      return Append(state, call, emit);
    case kInBatch:
      if (Keeps(FenceRule::kCommitBeforeAnswer)) return;
      return emit(Answer(state, call, ResultOf(state, call)), [&] {
        return absl::StrCat(NameOf(call),
                            " is answered before its batch is committed");
      });
    case kFailed:
      if (!Keeps(FenceRule::kFailedRecordNoAnswer)) {
        return emit(Answer(state, call, ResultOf(state, call)), [&] {
          return absl::StrCat(NameOf(call), " is answered all the same");
        });
      }
      return emit(GiveUp(state, call), [&] {
        return absl::StrCat(NameOf(call), " is answered UNAVAILABLE");
      });
    case kRecordDone:
      if (now.allowed != 0 && IsChangeOfStore(asked)) {
        next.calls[call].phase = kPlanning;
        return emit(next, [&] {
          return absl::StrCat(NameOf(call), " arrives at the store");
        });
      }
      if (now.allowed != 0 && asked.kind == FenceCall::Kind::kChange) {
        next.calls[call].phase = kAtPolicy;
        return emit(next, [&] {
          return absl::StrCat(NameOf(call), " arrives at policy");
        });
      }
      [[fallthrough]];
    case kApplied:
    case kRefused: {
      const uint8_t result = ResultOf(state, call);
      return emit(Answer(state, call, result), [&] {
        if (result == kDenied) {
          return absl::StrCat(NameOf(call), " is answered: denied");
        }
        if (result == kOk) return absl::StrCat(NameOf(call), " is answered OK");
        if (result == kPreconditionFailed) {
          return absl::StrCat(NameOf(call),
                              " is answered: a precondition failed");
        }
        return absl::StrCat(NameOf(call), " is answered value ", result - 1);
      });
    }
    case kPlanning:
    case kPlanned:
    case kSubmitted:
      return StoreSteps(state, call, emit);
    case kAtPolicy:
    case kAwaitingForce:
    case kNotYetInForce:
      return ChangeSteps(state, call, emit);
    default:
      return;
  }
}

void FenceModel::Decide(const State& state, int call, Emit<State>& emit) const {
  const FenceCall& asked = CallOf(call);
  const State::View& view = state.views[asked.gateway];
  uint8_t revision = view.staged >> view.fence & 1 ? view.fence : 0;
  const uint8_t highest = Highest(view.staged);
  if (!Keeps(FenceRule::kGate) && highest > view.fence) revision = highest;
  if (!Keeps(FenceRule::kWaitForSnapshot) && revision == 0) revision = highest;
  if (revision == 0) return;  // PolicyView::WhenReady waits

  State next = state;
  State::Call& now = next.calls[call];
  if (now.allowed == kRefusedByAudit && revision <= now.revision) {
    Violate(kEachDecisionNewer, &next);
  }
  const bool allowed =
      asked.right == 0 || (state.rights[revision] & asked.right) != 0;
  const bool reads = asked.kind == FenceCall::Kind::kRead;
  now.revision = revision;
  now.allowed = allowed ? 1 : 0;
  now.phase = allowed && reads && now.value == 0 ? kFetching : kRecording;
  if (!allowed) now.value = 0;
  // A stream that is no longer allowed ends, and its caller hears no more.
  if (!allowed && asked.kind == FenceCall::Kind::kCheck) {
    next = GiveUp(next, call);
  }
  emit(next, [&] {
    return absl::StrCat("gateway ", asked.gateway + 1, " decides ",
                        NameOf(call), " under revision ", revision, ": ",
                        allowed ? "allowed" : "denied");
  });
}

void FenceModel::Append(const State& state, int call, Emit<State>& emit) const {
  const FenceCall& asked = CallOf(call);
  const State::Call& now = state.calls[call];
  const State::Writer& writer = state.writers[asked.audit];
  const bool check = asked.kind == FenceCall::Kind::kCheck;
  const bool read = asked.kind == FenceCall::Kind::kRead;
  const bool fenced = now.allowed == 0 ? Keeps(FenceRule::kDenialFenced)
                      : read           ? Keeps(FenceRule::kAllowFenced)
                      : check          ? true
                                       : Keeps(FenceRule::kIntentFenced);
  if (!Keeps(FenceRule::kRecordBeforeAnswer) && (read || now.allowed == 0)) {
    emit(Answer(state, call, ResultOf(state, call)), [&] {
      return absl::StrCat(NameOf(call), " is answered before its record");
    });
  }
  State next = state;
  const bool passes =
      !fenced || now.revision == writer.fence ||
      (now.revision < writer.fence && !Keeps(FenceRule::kOldDecisionRefused)) ||
      (now.revision > writer.fence && !Keeps(FenceRule::kNewDecisionRefused));
  if (writer.batch != 0) {
    // One group is led at a time; and a raise is a group by itself.
    const bool raise = writer.batch >= kRaise && writer.joined == 0;
    if (Keeps(FenceRule::kRaiseAlone) || !raise || !passes || check) return;
    next.writers[asked.audit].joined = static_cast<uint8_t>(call + 1);
    next.calls[call].phase = kInBatch;
    return emit(next, [&] {
      return absl::StrCat(Process(asked.audit), " puts the record of ",
                          NameOf(call), " behind the raise of its batch");
    });
  }
  const bool relies_on_memory = passes
                                    ? check && Keeps(FenceRule::kCheckConfirmed)
                                    : now.revision > writer.fence;
  if (relies_on_memory && writer.fence != state.log_fence) {
    next.writers[asked.audit].fence = state.log_fence;
    next.writers[asked.audit].fresh = 1;
    return emit(next, [&] {
      return absl::StrCat(Process(asked.audit), " reads its log again: fence ",
                          state.log_fence);
    });
  }
  if (!passes) {
    if (Keeps(FenceRule::kRefusalTellsFence)) {
      Tell(&next, asked.gateway, writer.fence,
           !Keeps(FenceRule::kWaitForSnapshot));
    }
    return emit(Restart(next, call), [&] {
      return absl::StrCat(Process(asked.audit), " refuses ", NameOf(call),
                          ": its fence is ", writer.fence);
    });
  }
  next.calls[call].phase = check ? kRecordDone : kInBatch;
  if (!check) next.writers[asked.audit].batch = static_cast<uint8_t>(call + 1);
  emit(next, [&] {
    return absl::StrCat(Process(asked.audit), check ? " passes " : " accepts ",
                        NameOf(call), " at its fence ", writer.fence);
  });
}

}  // namespace keyward::model
