// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The store's part of the fence's model: ChangeRunner.

#include "absl/strings/str_cat.h"
#include "tests/model/fence_model.h"

namespace keyward::model {

void FenceModel::StoreSteps(const State& state, int call,
                            Emit<State>& emit) const {
  const FenceCall& asked = CallOf(call);
  const State::Call& now = state.calls[call];
  const bool stale =
      Keeps(FenceRule::kStoreFence) && now.revision < state.store_fence;
  const auto refused = [&] {
    return absl::StrCat("the store refuses ", NameOf(call),
                        " for its fence: ", state.store_fence);
  };
  State next = state;
  State::Call& then = next.calls[call];
  if (now.phase == kPlanning) {
    if (!Keeps(FenceRule::kRefusalAfterPlan)) {
      // ... the fence is read first, and the records after it.
      if (stale) return emit(Restart(state, call), refused);
      then.phase = kPlanned;
      return emit(next, [&] {
        return absl::StrCat("the store compares the fence for ", NameOf(call));
      });
    }
    then.value = state.store_value + 1;
    then.phase = kPlanned;
    return emit(next, [&] {
      return absl::StrCat("the store plans ", NameOf(call), " on value ",
                          state.store_value);
    });
  }
  if (now.phase == kPlanned) {
    if (!Keeps(FenceRule::kRefusalAfterPlan)) {
      then.value = state.store_value + 1;
    } else if (stale) {
      return emit(Restart(state, call), refused);
    }
    const bool exists =
        asked.kind == FenceCall::Kind::kCreate && then.value != 1;
    then.phase = exists ? kRefused : kSubmitted;
    return emit(next, [&] {
      return absl::StrCat("the store ", exists ? "refuses " : "submits ",
                          NameOf(call), exists ? ": there is a value" : "");
    });
  }
  if (stale && Keeps(FenceRule::kStoreFenceInTransaction)) {
    return emit(Restart(state, call), refused);
  }
  if (state.store_value + 1 != now.value) {
    then.value = 0;
    then.phase = kPlanning;
    return emit(next, [&] {
      return absl::StrCat(NameOf(call), " conflicts, and is planned again");
    });
  }
  next.store_value = asked.value;
  then.value = 0;
  then.phase = kApplied;
  emit(next, [&] {
    return absl::StrCat("the store applies ", NameOf(call), ": value ",
                        asked.value);
  });
}

}  // namespace keyward::model
