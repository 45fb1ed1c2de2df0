// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The part of the fence's model that changes the policy and raises the fences:
// policy's steps, and what audit does with its batches.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/model/fence_model.h"

namespace keyward::model {
namespace {

constexpr uint8_t kOk = 5;
constexpr uint8_t kRaise = 0x40;
constexpr uint8_t kLateRaise = 0x80;
constexpr uint8_t kRevision = 0x3f;

// Audit has answered policy that its fence is `revision`.
void AuditAnswered(FenceState* state, uint8_t revision, bool owners_first) {
  if (state->raising != revision) return;  // policy waits for another one
  if (!owners_first) {
    state->raised_first = 1;
    return;
  }
  state->in_force = std::max(state->in_force, revision);
  state->raising = state->raised_first = 0;
}

}  // namespace

void FenceModel::ChangeSteps(const State& state, int call,
                             Emit<State>& emit) const {
  const FenceCall& asked = CallOf(call);
  const State::Call& now = state.calls[call];
  const auto answered = [&] {
    return absl::StrCat(NameOf(call), " is answered OK");
  };
  if (now.phase == kAwaitingForce) {
    if (state.in_force >= now.revision || !Keeps(FenceRule::kAnswerInForce)) {
      emit(Answer(state, call, kOk), answered);
    }
    if (setting_.policy_restarts == 0) return;
    State late = state;
    late.calls[call].phase = kNotYetInForce;
    return emit(late, [&] {
      return absl::StrCat(NameOf(call), " is answered UNAVAILABLE: revision ",
                          now.revision, " is durable, not yet in force");
    });
  }
  if (state.starting != 0) return;
  if (now.phase == kNotYetInForce) {
    if (!Keeps(FenceRule::kRetryInForce)) {
      return emit(Answer(state, call, kOk), [&] {
        return absl::StrCat(NameOf(call), " is retried and answered OK");
      });
    }
    State again = state;
    again.calls[call].phase = kAwaitingForce;
    return emit(again, [&] {
      return absl::StrCat(NameOf(call), " is retried, and waits for revision ",
                          now.revision);
    });
  }
  const bool through_gateway = asked.right != 0;
  if (through_gateway && now.revision != state.newest &&
      Keeps(FenceRule::kNewestDurable)) {
    if (state.in_force < state.newest) return;
    return emit(Restart(state, call), [&] {
      return absl::StrCat("policy refuses ", NameOf(call),
                          ": its newest revision is ", state.newest);
    });
  }
  State next = state;
  const uint8_t revision = state.newest + 1;
  if (!Keeps(FenceRule::kDurableFirst)) {
    next.store_fence = next.log_fence = revision;
    Violate(kInForceIsDurable, &next);
    return emit(next, [&] {
      return absl::StrCat("policy raises the fences to revision ", revision,
                          ", which is not durable");
    });
  }
  next.rights[revision] = static_cast<uint8_t>(
      (state.rights[state.newest] & ~asked.revokes) | asked.value);
  next.newest = next.published = revision;
  next.calls[call] = {kAwaitingForce, revision, 1, 0};
  emit(next, [&] {
    return absl::StrCat("policy makes ", NameOf(call), " durable as revision ",
                        revision);
  });
}

void FenceModel::PolicySteps(const State& state, Emit<State>& emit) const {
  const bool owners_first = Keeps(FenceRule::kOwnersFirst);
  // FenceRaiser::Raise.
  const uint8_t target = state.raising != 0 ? state.raising : state.newest;
  const bool behind = state.raising != 0 || state.newest > state.in_force;
  const bool at_store = owners_first == (state.raised_first == 0);
  if (behind && at_store) {
    State next = state;
    const bool lowers = !Keeps(FenceRule::kStoreFenceNeverDown);
    next.store_fence = lowers ? target : std::max(state.store_fence, target);
    if (owners_first) {
      next.raising = target;
      next.raised_first = 1;
    } else {
      next.in_force = std::max(state.in_force, target);
      next.raising = next.raised_first = 0;
    }
    emit(next, [&] {
      return absl::StrCat("policy raises the store's fence to ", target);
    });
    if (state.late_raises > 0 && state.late_store == 0) {
      State late = state;
      --late.late_raises;
      late.late_store = target;
      emit(late, [&] {
        return absl::StrCat("policy's raise of the store's fence to ", target,
                            " is held up, and not waited for");
      });
    }
  }
  if (behind && !at_store) {
    RaiseAtAudit(state, target, false, emit);
    if (state.late_raises > 0 && state.late_audit == 0) {
      State late = state;
      --late.late_raises;
      late.late_audit = target;
      emit(late, [&] {
        return absl::StrCat("policy's raise of audit's fence to ", target,
                            " is held up, and not waited for");
      });
    }
  }
  if (state.starting != 0 && state.in_force == state.newest) {
    State next = state;
    next.starting = 0;
    if (Keeps(FenceRule::kRestartPublishes)) next.published = state.newest;
    emit(next, [] { return "policy is ready"; });
  }
  if (state.policy_restarts > 0 && state.starting == 0) {
    State next = state;
    --next.policy_restarts;
    next.raising = next.raised_first = 0;
    next.published = 0;
    next.starting = 1;
    next.in_force = Keeps(FenceRule::kRestartRaises) ? 0 : state.newest;
    for (auto& call : next.calls) {
      if (call.phase == kAwaitingForce) call.phase = kNotYetInForce;
    }
    for (auto& writer : next.writers) {
      // Whoever asked for it is gone.
      if (writer.batch >= kRaise && writer.batch < kLateRaise) {
        writer.batch =
            static_cast<uint8_t>((writer.batch & kRevision) | kLateRaise);
      }
    }
    emit(next, [] { return "policy is killed, and starts again"; });
  }
  for (int gateway = 0; gateway < setting_.gateways; ++gateway) {
    GatewaySteps(state, gateway, emit);
  }
}

// PolicyFollower.
void FenceModel::GatewaySteps(const State& state, int gateway,
                              Emit<State>& emit) const {
  const State::View& view = state.views[gateway];
  const auto learn = [&](State* next) {
    if (next->views[gateway].staged >> view.fence & 1) return;
    Tell(next, gateway, state.log_fence, !Keeps(FenceRule::kWaitForSnapshot));
  };
  for (uint8_t revision = 1; revision <= state.published; ++revision) {
    if (revision < view.fence || (view.staged >> revision) != 0) continue;
    State next = state;
    next.views[gateway].staged |= static_cast<uint8_t>(1 << revision);
    if (!Keeps(FenceRule::kAsksUntilInForce)) learn(&next);
    emit(next, [&] {
      return absl::StrCat("gateway ", gateway + 1, " stages revision ",
                          revision);
    });
  }
  if (!Keeps(FenceRule::kAsksUntilInForce) || view.staged == 0) return;
  State next = state;
  learn(&next);
  if (next.views[gateway].fence == view.fence) return;
  emit(next, [&] {
    return absl::StrCat("gateway ", gateway + 1,
                        " asks audit for its fence: ", state.log_fence);
  });
}

void FenceModel::RaiseAtAudit(const State& state, uint8_t revision, bool late,
                              Emit<State>& emit) const {
  for (int audit = 0; audit < setting_.audits; ++audit) {
    const State::Writer& writer = state.writers[audit];
    if (writer.batch != 0) continue;
    State next = state;
    if (late) {
      next.late_audit = 0;
    } else {
      next.raising = revision;
    }
    const bool lowers = !Keeps(FenceRule::kAuditFenceNeverDown);
    if (revision == writer.fence || (revision < writer.fence && !lowers)) {
      // Nothing to write; the store confirms what memory says.
      if (writer.fence != state.log_fence) {
        next = state;
        next.writers[audit].fence = state.log_fence;
        next.writers[audit].fresh = 1;
      } else if (!late && revision == writer.fence) {
        AuditAnswered(&next, revision, Keeps(FenceRule::kOwnersFirst));
      }
      emit(next, [&] {
        return absl::StrCat("audit process ", audit + 1, " is asked for fence ",
                            revision, ", and its fence is ", state.log_fence);
      });
      continue;
    }
    next.writers[audit].batch =
        static_cast<uint8_t>(revision | (late ? kLateRaise : kRaise));
    emit(next, [&] {
      return absl::StrCat("audit process ", audit + 1,
                          " writes the in-force record of revision ", revision);
    });
  }
}

void FenceModel::LateRaises(const State& state, Emit<State>& emit) const {
  if (state.late_store != 0) {
    State next = state;
    const bool lowers = !Keeps(FenceRule::kStoreFenceNeverDown);
    next.store_fence = lowers ? state.late_store
                              : std::max(state.store_fence, state.late_store);
    next.late_store = 0;
    emit(next, [&] {
      return absl::StrCat("the late raise to ", state.late_store,
                          " arrives at the store");
    });
  }
  if (state.late_audit != 0) RaiseAtAudit(state, state.late_audit, true, emit);
}

void FenceModel::AuditSteps(const State& state, int audit,
                            Emit<State>& emit) const {
  const State::Writer& writer = state.writers[audit];
  if (writer.batch == 0) return;
  const bool raise = writer.batch >= kRaise;
  const uint8_t revision = writer.batch & kRevision;
  const int call = raise ? writer.joined - 1 : writer.batch - 1;
  State next = state;
  next.writers[audit].batch = next.writers[audit].joined = 0;
  const bool compares = Keeps(FenceRule::kFenceInTransaction);
  const bool compares_fence = compares && Keeps(FenceRule::kFencePrecondition);
  const auto process = [&] {
    return absl::StrCat("audit process ", audit + 1);
  };
  if ((compares && writer.fresh == 0) ||
      (compares_fence && writer.fence != state.log_fence)) {
    next.writers[audit].fence = state.log_fence;
    next.writers[audit].fresh = 1;
    if (call >= 0) next.calls[call].phase = kRecording;
    if (raise && writer.batch >= kLateRaise) next.late_audit = revision;
    return emit(next,
                [&] { return absl::StrCat(process(), "'s commit conflicts"); });
  }
  for (auto& other : next.writers) other.fresh = 0;
  next.writers[audit].fresh = 1;
  if (raise) {
    next.log_fence = next.writers[audit].fence = revision;
    if (writer.batch < kLateRaise) {
      AuditAnswered(&next, revision, Keeps(FenceRule::kOwnersFirst));
    }
  }
  if (call >= 0) {
    next.calls[call].phase = kRecordDone;
    if (state.calls[call].revision != next.log_fence) {
      Violate(kLogOrder, &next);
    }
  }
  emit(next, [&] {
    if (raise) {
      return absl::StrCat(process(), "'s batch is durable: revision ", revision,
                          " is in force");
    }
    return absl::StrCat(process(), "'s batch is durable: the record of ",
                        NameOf(call));
  });
  if (state.audit_restarts == 0) return;
  State lost = state;
  --lost.audit_restarts;
  lost.writers[audit] = {state.log_fence, 1, 0, 0};
  if (call >= 0) lost.calls[call].phase = kFailed;
  emit(lost, [&] {
    return absl::StrCat(process(), " is killed before its batch is durable");
  });
}

}  // namespace keyward::model
