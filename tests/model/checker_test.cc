// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// A checker that misses a state, or takes an impossible history for a possible
// one, would call a broken protocol sound.

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/model/explorer.h"
#include "tests/model/history.h"

namespace keyward::model {
namespace {

// Counters that each count to a bound, in any order.
struct Counters {
  struct State {
    uint8_t counts[4];
    uint8_t violation;
  };

  State Initial() const { return {}; }
  void Steps(const State& state, Emit<State>& emit) const {
    for (int i = 0; i < counters; ++i) {
      if (state.counts[i] == bound) continue;
      State next = state;
      ++next.counts[i];
      next.violation = next.counts[0] == bad ? 7 : 0;
      emit(next, [&] { return absl::StrCat("counter ", i); });
    }
  }
  uint8_t AtEnd(const State&) const { return at_end; }

  int counters = 4;
  uint8_t bound = 9;
  uint8_t bad = 255;
  uint8_t at_end = 0;
};

TEST(ExplorerTest, VisitsEveryStateOnce) {
  const Exploration found = Explore(Counters(), Limits());
  EXPECT_EQ(found.states, 10u * 10 * 10 * 10);
  EXPECT_EQ(found.steps, 4u * 9 * 10 * 10 * 10);
  EXPECT_EQ(found.violation, 0);
  EXPECT_TRUE(found.complete);
}

TEST(ExplorerTest, TheTraceToAViolationIsTheShortest) {
  Counters counters;
  counters.bad = 3;
  const Exploration found = Explore(counters, Limits());
  EXPECT_EQ(found.violation, 7);
  EXPECT_EQ(found.trace,
            std::vector<std::string>({"counter 0", "counter 0", "counter 0"}));
}

TEST(ExplorerTest, AStateWithoutStepsIsLookedAt) {
  Counters counters;
  counters.counters = 2;
  counters.bound = 1;
  counters.at_end = 5;
  const Exploration found = Explore(counters, Limits());
  EXPECT_EQ(found.violation, 5);
  EXPECT_EQ(found.trace.size(), 2u);
}

TEST(ExplorerTest, WhatWasCutShortIsNotComplete) {
  Limits limits;
  limits.max_states = 100;
  EXPECT_FALSE(Explore(Counters(), limits).complete);
}

// Peterson's lock, and the same with its turn given away too late.
struct Peterson {
  struct State {
    uint8_t at[2];
    uint8_t wants[2];
    uint8_t turn;
    uint8_t violation;
  };

  State Initial() const { return {}; }
  void Steps(const State& state, Emit<State>& emit) const {
    for (int me = 0; me < 2; ++me) {
      const int other = 1 - me;
      State next = state;
      uint8_t& at = next.at[me];
      switch (state.at[me]) {
        case 0:
        case 1: {
          const bool sets_wants = (state.at[me] == 0) != turn_first;
          if (sets_wants) next.wants[me] = 1;
          if (!sets_wants) next.turn = static_cast<uint8_t>(other);
          ++at;
          break;
        }
        case 2:
          if (state.wants[other] != 0 && state.turn == other) continue;
          at = 3;
          if (state.at[other] == 3) next.violation = 1;
          break;
        default:
          next.wants[me] = 0;
          at = 0;
      }
      emit(next, [&] { return absl::StrCat("process ", me); });
    }
  }
  uint8_t AtEnd(const State&) const { return 2; }

  bool turn_first = false;
};

TEST(ExplorerTest, FindsWhatInterleavingsBreak) {
  EXPECT_EQ(Explore(Peterson(), Limits()).violation, 0);
  Peterson wrong;
  wrong.turn_first = true;
  EXPECT_EQ(Explore(wrong, Limits()).violation, 1);
}

// A register that calls write and read: calls 0 to 3 write their number + 1,
// the others read.
constexpr uint8_t kWritten = 0;
uint8_t Register(int call, uint8_t* state) {
  if (call >= 4) return *state;
  *state = static_cast<uint8_t>(call + 1);
  return kWritten;
}

class RegisterHistory {
 public:
  void Start(int call) { open_ |= 1u << call; }
  // Whether the answer can be explained.
  bool Answer(int call, uint8_t result) {
    const bool explained = Answered(open_, call, result, Register, &history_);
    open_ &= ~(1u << call);
    return explained;
  }
  void Abandon(int call) {
    GivenUp(call, &history_);
    open_ &= ~(1u << call);
  }

 private:
  uint32_t open_ = 0;
  History history_ = NewHistory(0);
};

TEST(HistoryTest, AReadThatOverlapsAWriteMaySeeItOrNot) {
  for (const uint8_t seen : {0, 1}) {
    RegisterHistory history;
    history.Start(0);
    history.Start(4);
    EXPECT_TRUE(history.Answer(4, seen));
    EXPECT_TRUE(history.Answer(0, kWritten));
  }
}

TEST(HistoryTest, AReadAfterAWriteSeesIt) {
  RegisterHistory history;
  history.Start(0);
  EXPECT_TRUE(history.Answer(0, kWritten));
  history.Start(4);
  EXPECT_FALSE(history.Answer(4, 0));
}

TEST(HistoryTest, NoReadSeesWhatWasNeverWritten) {
  RegisterHistory history;
  history.Start(0);
  history.Start(4);
  EXPECT_FALSE(history.Answer(4, 2));
}

TEST(HistoryTest, ReadsNeverGoBack) {
  RegisterHistory history;
  history.Start(0);
  history.Start(4);
  EXPECT_TRUE(history.Answer(4, 1));
  history.Start(5);
  EXPECT_FALSE(history.Answer(5, 0));
}

TEST(HistoryTest, AReadThatStartedBeforeMayStillBeOlder) {
  RegisterHistory history;
  history.Start(0);
  history.Start(4);
  history.Start(5);
  EXPECT_TRUE(history.Answer(4, 1));
  EXPECT_TRUE(history.Answer(5, 0));
}

TEST(HistoryTest, TwoReadersAgreeOnTheOrderOfTwoWrites) {
  RegisterHistory history;
  for (const int call : {0, 1, 4, 5}) history.Start(call);
  EXPECT_TRUE(history.Answer(4, 1));
  EXPECT_TRUE(history.Answer(5, 2));
  history.Start(6);
  EXPECT_TRUE(history.Answer(6, 2)) << "the second write came later";
  history.Start(7);
  EXPECT_FALSE(history.Answer(7, 1)) << "and the first not again";
}

TEST(HistoryTest, WhatWasPromisedOfACallMustBeItsAnswer) {
  // The read of 5 shows that call 0 was placed, and its answer is known.
  RegisterHistory history;
  history.Start(0);
  history.Start(5);
  EXPECT_TRUE(history.Answer(5, 1));
  EXPECT_FALSE(history.Answer(0, 3));
}

TEST(HistoryTest, WhatWasGivenUpHasHadNoEffect) {
  RegisterHistory history;
  history.Start(0);
  history.Start(4);
  history.Abandon(0);
  EXPECT_FALSE(history.Answer(4, 1));
}

TEST(HistoryTest, WhatWasSeenOfACallCannotBeGivenUp) {
  RegisterHistory history;
  history.Start(0);
  history.Start(4);
  EXPECT_TRUE(history.Answer(4, 1));
  history.Abandon(0);
  history.Start(5);
  EXPECT_FALSE(history.Answer(5, 1));
}

// Or states that mean the same would be visited twice.
TEST(HistoryTest, WhatIsAnsweredIsForgotten) {
  History history = NewHistory(0);
  ASSERT_TRUE(Answered(1u << 4, 4, 0, Register, &history));
  const History fresh = NewHistory(0);
  EXPECT_EQ(std::memcmp(&history, &fresh, sizeof(History)), 0);
}

}  // namespace
}  // namespace keyward::model
