// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// A checker that takes an impossible history for a possible one would call a
// broken product sound; one that does the reverse would be switched off.

#include "tests/fault/load/checker.h"

#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {
namespace {

using Answer = Verdict::Answer;

// Makes histories: each operation takes from the end of the one before to its
// own end, unless it is given both.
class Told {
 public:
  Told& At(int64_t start, int64_t end) {
    start_ = start;
    end_ = end;
    return *this;
  }
  Told& ByGuest() {
    guest_ = true;
    return *this;
  }

  Told& Add(uint64_t value, int64_t number) {
    Operation& added = New(Kind::kAdd, Outcome::kDone);
    added.value = value;
    added.number = number;
    return *this;
  }
  Told& AddWithout(uint64_t value, Outcome outcome) {
    New(Kind::kAdd, outcome).value = value;
    return *this;
  }
  Told& Read(int64_t asked, int64_t number, uint64_t value) {
    Operation& read = New(Kind::kRead, Outcome::kDone);
    read.asked = asked;
    read.number = number;
    read.value = value;
    return *this;
  }
  Told& ReadWithout(int64_t asked, Outcome outcome) {
    New(Kind::kRead, outcome).asked = asked;
    return *this;
  }
  Told& Change(Kind kind, int64_t asked, Outcome outcome = Outcome::kDone) {
    New(kind, outcome).asked = asked;
    return *this;
  }
  Told& Grant(Outcome outcome = Outcome::kDone) {
    New(Kind::kGrant, outcome);
    return *this;
  }
  Told& Revoke(Outcome outcome = Outcome::kDone) {
    New(Kind::kRevoke, outcome);
    return *this;
  }
  Told& List(const std::string& states) {
    New(Kind::kList, Outcome::kDone).states = states;
    return *this;
  }
  Told& AllowCurrent() {
    history_.operations.back().allow_current = true;
    return *this;
  }

  Verdict Check(const CheckLimits& limits = {}) const {
    return CheckHistory(history_, limits);
  }
  bool IsPossible() const {
    const Verdict verdict = Check();
    EXPECT_NE(verdict.answer, Answer::kUndecided) << verdict.explanation;
    return verdict.answer == Answer::kLinearizable;
  }
  // The promise that it breaks; empty if it breaks none.
  std::string Broken() const {
    const Verdict verdict = Check();
    EXPECT_NE(verdict.answer, Answer::kUndecided) << verdict.explanation;
    return verdict.promise;
  }

 private:
  Operation& New(Kind kind, Outcome outcome) {
    Operation operation;
    operation.kind = kind;
    operation.outcome = outcome;
    operation.guest = std::exchange(guest_, false);
    operation.start = start_ != 0 ? start_ : now_;
    operation.end = end_ != 0 ? end_ : operation.start + 5;
    now_ = std::max(now_, operation.end + 5);
    if (outcome == Outcome::kUnknown) operation.end = kNever;
    start_ = end_ = 0;
    history_.operations.push_back(operation);
    return history_.operations.back();
  }

  History history_;
  int64_t now_ = 1000;
  int64_t start_ = 0;
  int64_t end_ = 0;
  bool guest_ = false;
};

TEST(CheckerTest, WhatOneCallerAfterTheOtherIsToldIsPossible) {
  EXPECT_TRUE(Told()
                  .ReadWithout(0, Outcome::kNotFound)
                  .Add(10, 1)
                  .Read(0, 1, 10)
                  .Add(20, 2)
                  .Read(1, 1, 10)
                  .Change(Kind::kDisable, 1)
                  .ReadWithout(1, Outcome::kDisabled)
                  .Change(Kind::kEnable, 1)
                  .Read(1, 1, 10)
                  .Change(Kind::kDestroy, 2, Outcome::kCurrent)
                  .Change(Kind::kDestroy, 1)
                  .Change(Kind::kDestroy, 1)
                  .Change(Kind::kEnable, 1, Outcome::kDestroyed)
                  .ReadWithout(1, Outcome::kDestroyed)
                  .Change(Kind::kDisable, 3, Outcome::kNotFound)
                  .List("XE")
                  .Change(Kind::kDestroy, 2)
                  .AllowCurrent()
                  .ReadWithout(0, Outcome::kDestroyed)
                  .Change(Kind::kDestroy, 2)
                  .IsPossible());
}

TEST(CheckerTest, P4_AnAddThatWasAcknowledgedAndIsGoneIsFound) {
  EXPECT_EQ(Told().Add(10, 1).ReadWithout(0, Outcome::kNotFound).Broken(),
            "P4");
}

TEST(CheckerTest, P4_ALostUpdateIsFound) {
  // Both were told to have made version 1.
  EXPECT_EQ(Told().At(10, 20).Add(10, 1).At(10, 20).Add(20, 1).Broken(), "P4");
}

TEST(CheckerTest, P4_AValueThatIsAnothersIsFound) {
  EXPECT_EQ(Told().Add(10, 1).Add(20, 2).Read(1, 1, 20).Broken(), "P4");
}

TEST(CheckerTest, P4_AValueThatNobodyWroteIsFound) {
  EXPECT_EQ(Told().Add(10, 1).Read(1, 1, 0).Broken(), "P4");
}

TEST(CheckerTest, P4_TheNewestVersionNeverGoesBack) {
  const auto history = [](int64_t second) {
    // Two reads, one after the other, while version 2 is being added.
    return Told()
        .At(10, 20)
        .Add(10, 1)
        .At(30, 100)
        .Add(20, 2)
        .At(40, 50)
        .Read(0, 2, 20)
        .At(60, 70)
        .Read(0, second, second == 2 ? 20 : 10);
  };
  EXPECT_EQ(history(1).Broken(), "P4");
  EXPECT_EQ(history(2).Broken(), "");
}

TEST(CheckerTest, P4_AReadAfterAnAddSeesIt) {
  EXPECT_EQ(Told().Add(10, 1).Add(20, 2).Read(0, 1, 10).Broken(), "P4");
}

TEST(CheckerTest, AReadThatOverlapsAnAddMaySeeItOrNot) {
  for (const int64_t seen : {1, 2}) {
    EXPECT_TRUE(Told()
                    .At(10, 20)
                    .Add(10, 1)
                    .At(30, 60)
                    .Add(20, 2)
                    .At(40, 50)
                    .Read(0, seen, seen == 2 ? 20 : 10)
                    .IsPossible());
  }
}

TEST(CheckerTest, P4_ADestroyedValueIsNotReadAgain) {
  EXPECT_EQ(Told()
                .Add(10, 1)
                .Add(20, 2)
                .Change(Kind::kDestroy, 1)
                .Read(1, 1, 10)
                .Broken(),
            "P4");
}

TEST(CheckerTest, P4_ADestroyedVersionIsNotEnabledAgain) {
  EXPECT_EQ(Told()
                .Add(10, 1)
                .Add(20, 2)
                .Change(Kind::kDestroy, 1)
                .Change(Kind::kEnable, 1)
                .Broken(),
            "P4");
}

TEST(CheckerTest, P4_ADisabledVersionIsNotReadUntilItIsEnabled) {
  const auto history = [](bool enabled) {
    Told told;
    told.Add(10, 1).Change(Kind::kDisable, 1);
    if (enabled) told.Change(Kind::kEnable, 1);
    return told.Read(1, 1, 10);
  };
  EXPECT_EQ(history(false).Broken(), "P4");
  EXPECT_EQ(history(true).Broken(), "");
}

TEST(CheckerTest, P4_AListThatLacksAVersionIsFound) {
  EXPECT_EQ(Told().Add(10, 1).Add(20, 2).List("E").Broken(), "P4");
  EXPECT_EQ(Told().Add(10, 1).Add(20, 2).List("EE").Broken(), "");
}

TEST(CheckerTest, P2_AReadByAGuestAfterTheRevokeIsFound) {
  EXPECT_EQ(Told()
                .Add(10, 1)
                .Grant()
                .ByGuest()
                .Read(0, 1, 10)
                .Revoke()
                .ByGuest()
                .Read(0, 1, 10)
                .Broken(),
            "P2");
}

TEST(CheckerTest, AReadByAGuestThatOverlapsTheRevokeIsAllowedOrDenied) {
  const auto history = [](Outcome outcome) {
    Told told;
    told.At(10, 20).Add(10, 1).At(30, 40).Grant();
    told.At(50, 80).Revoke().At(60, 70).ByGuest();
    return outcome == Outcome::kDone ? told.Read(0, 1, 10)
                                     : told.ReadWithout(0, outcome);
  };
  EXPECT_TRUE(history(Outcome::kDone).IsPossible());
  EXPECT_TRUE(history(Outcome::kDenied).IsPossible());
}

TEST(CheckerTest, P2_AChangeByAGuestAfterTheRevokeIsFound) {
  EXPECT_EQ(Told().Grant().Revoke().ByGuest().Add(10, 1).Broken(), "P2");
}

TEST(CheckerTest, P2_ADenialAfterTheGrantIsFound) {
  EXPECT_EQ(Told().Grant().ByGuest().ReadWithout(0, Outcome::kDenied).Broken(),
            "P2");
}

TEST(CheckerTest, P2_NobodyIsAllowedFirstAndThenDeniedWhileAGrantIsMade) {
  EXPECT_EQ(Told()
                .At(10, 100)
                .Grant()
                .At(20, 30)
                .ByGuest()
                .ReadWithout(0, Outcome::kNotFound)
                .At(40, 50)
                .ByGuest()
                .ReadWithout(0, Outcome::kDenied)
                .Broken(),
            "P2");
}

TEST(CheckerTest, P2_WhatWasRevokedTwiceWasGrantedTwice) {
  EXPECT_EQ(Told().Grant().Revoke().Revoke().Broken(), "P2");
  EXPECT_EQ(Told().Grant().Revoke().Revoke(Outcome::kNotFound).Broken(), "");
}

TEST(CheckerTest, WhatIsUnknownMayShowLaterOrNever) {
  const auto history = [] {
    return Told().Add(10, 1).AddWithout(20, Outcome::kUnknown);
  };
  EXPECT_TRUE(history().Read(0, 1, 10).IsPossible());
  EXPECT_TRUE(history().Read(0, 2, 20).IsPossible());
  EXPECT_TRUE(history().Read(0, 1, 10).Read(0, 2, 20).IsPossible());
  EXPECT_TRUE(history().Add(30, 2).Read(0, 2, 30).IsPossible());
  EXPECT_TRUE(history().Add(30, 2).Read(0, 3, 20).IsPossible());
}

TEST(CheckerTest, WhatIsUnknownMayBeMadeInAnyOrder) {
  for (const bool first : {false, true}) {
    EXPECT_TRUE(Told()
                    .AddWithout(10, Outcome::kUnknown)
                    .AddWithout(20, Outcome::kUnknown)
                    .List("EE")
                    .Read(1, 1, first ? 10 : 20)
                    .Read(2, 2, first ? 20 : 10)
                    .IsPossible());
  }
}

TEST(CheckerTest, P4_WhatIsUnknownAndWasSeenStays) {
  EXPECT_EQ(Told()
                .Add(10, 1)
                .AddWithout(20, Outcome::kUnknown)
                .Read(0, 2, 20)
                .Read(0, 1, 10)
                .Broken(),
            "P4");
}

TEST(CheckerTest, P4_WhatIsUnknownIsMadeAtMostOnce) {
  EXPECT_EQ(Told()
                .AddWithout(10, Outcome::kUnknown)
                .Read(1, 1, 10)
                .Read(2, 2, 10)
                .Broken(),
            "P4");
}

TEST(CheckerTest, P4_WhatIsUnknownIsNotMadeBeforeItsStart) {
  EXPECT_EQ(Told().Read(1, 1, 10).AddWithout(10, Outcome::kUnknown).Broken(),
            "P4");
}

TEST(CheckerTest, P4_WhatWasRefusedIsNotMade) {
  EXPECT_EQ(Told().AddWithout(10, Outcome::kRefused).Read(1, 1, 10).Broken(),
            "P4");
  EXPECT_EQ(Told()
                .Add(10, 1)
                .Change(Kind::kDisable, 1, Outcome::kRefused)
                .ReadWithout(1, Outcome::kDisabled)
                .Broken(),
            "P4");
}

TEST(CheckerTest, ALongOperationIsPlacedWhereItIsSeen) {
  // The disabling is seen, then what was disabled is enabled by another
  // caller, all before its own answer.
  EXPECT_TRUE(Told()
                  .At(10, 20)
                  .Add(10, 1)
                  .At(30, 1000)
                  .Change(Kind::kDisable, 1)
                  .At(40, 50)
                  .ReadWithout(1, Outcome::kDisabled)
                  .At(60, 70)
                  .Change(Kind::kEnable, 1)
                  .At(80, 90)
                  .Read(1, 1, 10)
                  .At(1010, 1020)
                  .Read(1, 1, 10)
                  .IsPossible());
}

TEST(CheckerTest, WhatIsTooMuchIsUndecided) {
  CheckLimits few;
  few.max_operations = 1;
  const Told told = Told().Add(10, 1).Add(20, 2);
  EXPECT_EQ(told.Check(few).answer, Answer::kUndecided);
  CheckLimits narrow;
  narrow.max_configurations = 1;
  EXPECT_EQ(told.Check(narrow).answer, Answer::kUndecided);
}

TEST(CheckerTest, AViolationIsExplainedByWhatCannotFollow) {
  const Verdict verdict =
      Told().Add(10, 1).ReadWithout(0, Outcome::kNotFound).Check();
  EXPECT_EQ(verdict.explanation,
            "with 1 known operations left, not granted, versions E, none of "
            "these can be next:\n  0 owner read 1010..1015 notfound");
}

}  // namespace
}  // namespace keyward::fault
