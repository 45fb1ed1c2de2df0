// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every call that a run makes fails, loses its answer, or is the last of its
// runner, alone and together with every later one; and what people do
// meanwhile.

#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "services/rotation/fake_world.h"

namespace keyward::rotation {
namespace {

using Kind = Progress::Kind;
using target::OldPassword;

// Under a sanitizer each call takes ten times as long, and what it looks for is
// the same in all of them.
#if defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kStride = 10;
#else
constexpr uint64_t kStride = 1;
#endif

constexpr Fault kFaults[] = {Fault::kError, Fault::kLostAnswer,
                             Fault::kCrashBefore, Fault::kCrashAfter};

class EveryFaultTest
    : public testing::TestWithParam<std::tuple<Strategy, Setter, OldPassword>> {
 protected:
  static FakeWorld::Options Options() {
    FakeWorld::Options options;
    std::tie(options.strategy, options.setter, options.old_password) =
        GetParam();
    return options;
  }

  // A run in a world with these faults ends well.
  static void RunTo(FakeWorld* world, RunResult result) {
    const int64_t before = world->standing().current;
    const Progress progress = world->Run();
    ASSERT_EQ(progress.kind, Kind::kDone) << progress.why;
    EXPECT_EQ(world->record().result, result);
    EXPECT_EQ(absl::StrJoin(world->violations(), "; "), "");
    EXPECT_TRUE(world->Accepts(world->standing().current));
    EXPECT_EQ(world->standing().pending, 0);
    if (result == RunResult::kSucceeded) {
      EXPECT_NE(world->standing().current, before);
      // With the exception that run_executor.cc states.
      EXPECT_EQ(world->Accepts(before),
                Options().strategy == Strategy::kAlternatingUsers &&
                    Options().setter == Setter::kSelf);
    } else {
      EXPECT_EQ(world->standing().current, before);
    }
  }
};

TEST_P(EveryFaultTest, P7_ARunWithoutFaultsSucceeds) {
  FakeWorld world(Options());
  for (int i = 0; i < 4; ++i) {
    RunTo(&world, RunResult::kSucceeded);
    world.BeginRun();
  }
  const bool window = Options().strategy == Strategy::kSingleUser &&
                      Options().old_password == OldPassword::kEnds;
  EXPECT_EQ(world.refused_moments() > 0, window);
}

TEST_P(EveryFaultTest, P7_CurrentWorksWhateverOneOrTwoCallsBecome) {
  uint64_t calls = 0;
  {
    FakeWorld world(Options());
    RunTo(&world, RunResult::kSucceeded);
    calls = world.calls();
  }
  ASSERT_GT(calls, 10u);
  for (uint64_t first = 0; first < calls; ++first) {
    for (const Fault fault : kFaults) {
      // The second follows up to 30 calls later: a repetition of all that the
      // first had done.
      for (uint64_t gap = 0; gap <= 30; gap += kStride) {
        for (const Fault again : kFaults) {
          FakeWorld world(Options());
          world.FailCall(first, fault);
          if (gap > 0) world.FailCall(first + gap, again);
          RunTo(&world, RunResult::kSucceeded);
          // The next run finds nothing that this one left.
          world.BeginRun();
          RunTo(&world, RunResult::kSucceeded);
          ASSERT_FALSE(HasFailure())
              << "calls " << first << " and " << first + gap;
          if (gap == 0) break;
        }
      }
    }
  }
}

TEST_P(EveryFaultTest, P7_TheWayBackWorksFromEveryPlace) {
  uint64_t calls = 0;
  {
    FakeWorld world(Options());
    RunTo(&world, RunResult::kSucceeded);
    calls = world.calls();
  }
  for (uint64_t place = 0; place < calls; ++place) {
    for (uint64_t later = 1; later <= 30; later += kStride) {
      for (const Fault fault : kFaults) {
        FakeWorld world(Options());
        // The run is cut off at this place by a target that is away for good.
        world.FailCallsFrom(place);
        world.Run();
        if (world.record().done() || world.record().retiring) continue;
        world.ForgetFaults();
        ASSERT_TRUE(world.RollBack().ok());
        world.FailCall(later, fault);
        const Progress progress = world.Run();
        ASSERT_EQ(progress.kind, Kind::kDone) << progress.why;
        EXPECT_EQ(world.record().result, RunResult::kRolledBack);
        EXPECT_EQ(absl::StrJoin(world.violations(), "; "), "");
        EXPECT_TRUE(world.Accepts(world.standing().current));
        EXPECT_EQ(world.standing().pending, 0);
        world.BeginRun();
        RunTo(&world, RunResult::kSucceeded);
        ASSERT_FALSE(HasFailure()) << "place " << place << ", then " << later;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, EveryFaultTest,
    testing::Combine(testing::Values(Strategy::kSingleUser,
                                     Strategy::kAlternatingUsers),
                     testing::Values(Setter::kAdministrator, Setter::kSelf),
                     testing::Values(OldPassword::kEnds, OldPassword::kStays)));

FakeWorld::Options Alternating() {
  FakeWorld::Options options;
  options.strategy = Strategy::kAlternatingUsers;
  return options;
}

TEST(RunExecutorTest, P7_ATargetThatTakesAPasswordAndRefusesTheLoginHasItBack) {
  FakeWorld world(Alternating());
  world.locked_users = {"app_clone"};
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.record().result, RunResult::kRolledBack);
  EXPECT_EQ(world.standing().current, 1);
  EXPECT_TRUE(world.Accepts(1));
  EXPECT_TRUE(world.violations().empty());
}

TEST(RunExecutorTest, P7_WhatWasTestedLongAgoIsTestedAgainBeforeItIsPromoted) {
  FakeWorld world(Alternating());
  // The runner dies, and nobody follows it for hours, between test and promote.
  for (uint64_t place = 0; world.record().step != Step::kPromote; ++place) {
    ASSERT_LT(place, 200u);
    world.FailCallsFrom(place);
    world.Run();
    if (world.record().step != Step::kPromote) world.ForgetFaults();
  }
  world.ForgetFaults();
  world.SetPasswordByHand("app_clone", "set by hand meanwhile");
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.record().result, RunResult::kSucceeded);
  EXPECT_EQ(absl::StrJoin(world.violations(), "; "), "");
}

TEST(RunExecutorTest, P7_ATargetThatRefusesThePasswordStopsTheRun) {
  FakeWorld world(FakeWorld::Options{});
  world.set_password_answer =
      absl::FailedPreconditionError("the password rule refuses it");
  const Progress progress = world.Run();
  EXPECT_EQ(progress.kind, Kind::kStopped);
  EXPECT_EQ(progress.why.message(), "the password rule refuses it");
  EXPECT_EQ(world.standing().current, 1);
  EXPECT_TRUE(world.Accepts(1));
  // A person rolls back.
  world.set_password_answer = absl::OkStatus();
  ASSERT_TRUE(world.RollBack().ok());
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.standing().pending, 0);
  EXPECT_TRUE(world.violations().empty());
}

TEST(RunExecutorTest, AVersionAddedByHandAbandonsTheRun) {
  FakeWorld world(Alternating());
  world.holders[1] = 1;
  EXPECT_EQ(world.Run().kind, Kind::kWaiting);
  world.AddCurrent("app", "first");
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.record().result, RunResult::kAbandoned);
  EXPECT_TRUE(world.violations().empty());
}

TEST(RunExecutorTest, SomebodyElsesPendingVersionIsLeftAlone) {
  FakeWorld world(FakeWorld::Options{});
  const int64_t theirs = world.AddPendingByHand("app", "theirs");
  EXPECT_EQ(world.Run().kind, Kind::kStopped);
  EXPECT_EQ(world.standing().pending, theirs);
  EXPECT_TRUE(world.Accepts(1));
  world.DestroyPending();
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.record().result, RunResult::kSucceeded);
}

TEST(RunExecutorTest, P7_NothingIsRetiredWhileSomebodyHoldsIt) {
  FakeWorld world(Alternating());
  world.holders[1] = 2;
  Progress progress = world.Run();
  ASSERT_EQ(progress.kind, Kind::kWaiting);
  EXPECT_EQ(progress.until, world.clock()->Now() + absl::Hours(24));
  EXPECT_TRUE(world.Accepts(1));
  EXPECT_TRUE(world.Accepts(world.standing().current));
  world.holders[1] = 0;
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_FALSE(world.Accepts(1));
}

TEST(RunExecutorTest, WhatIsHeldIsRetiredWhenTheGraceIsOver) {
  FakeWorld world(Alternating());
  world.holders[1] = 2;
  ASSERT_EQ(world.Run().kind, Kind::kWaiting);
  world.clock()->Advance(absl::Hours(24));
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_FALSE(world.Accepts(1));
}

TEST(RunExecutorTest, P7_TheTwinsPasswordIsNotSetWhileSomebodyUsesIt) {
  FakeWorld::Options options = Alternating();
  options.setter = Setter::kSelf;
  FakeWorld world(options);
  world.holders[1] = 1;  // previous, of the twin
  ASSERT_EQ(world.Run().kind, Kind::kWaiting);
  EXPECT_TRUE(world.Accepts(1));
  world.holders[1] = 0;
  EXPECT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_FALSE(world.Accepts(1));
}

TEST(RunExecutorTest, P7_AValueOfAnotherPlaceStopsTheRun) {
  FakeWorld world(FakeWorld::Options{});
  world.value_host = "evil";
  world.AddCurrent("app", "first");
  const Progress progress = world.Run();
  EXPECT_EQ(progress.kind, Kind::kStopped);
  EXPECT_EQ(progress.why.message(),
            "version 2 names another host or port than the connector");
  EXPECT_EQ(world.standing().pending, 0);
}

TEST(RunExecutorTest, AValueOfAnotherUserStopsTheRun) {
  FakeWorld world(Alternating());
  world.AddCurrent("root", "root password");
  EXPECT_EQ(world.Run().kind, Kind::kStopped);
  EXPECT_EQ(world.standing().pending, 0);
}

TEST(RunExecutorTest, ThereIsNoWayBackOnceTheOldPasswordMayBeRetired) {
  FakeWorld world(Alternating());
  ASSERT_EQ(world.Run().kind, Kind::kDone);
  EXPECT_EQ(world.RollBack().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RunExecutorTest, AUserThatCannotSetItsPasswordIsToldWhatToDo) {
  FakeWorld::Options options = Alternating();
  options.setter = Setter::kSelf;
  FakeWorld world(options);
  world.locked_users = {"app_clone"};
  const Progress progress = world.Run();
  EXPECT_EQ(progress.kind, Kind::kStopped);
  EXPECT_TRUE(world.Accepts(world.standing().current));
}

}  // namespace
}  // namespace keyward::rotation
