// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/policy_view.h"

#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"

namespace keyward::gateway {
namespace {

SnapshotPtr At(uint64_t revision) {
  return policy::PolicySnapshot::Compile(policy::TestState(revision),
                                         policy::PublicActions().value())
      .value();
}

uint64_t RevisionOf(const SnapshotPtr& snapshot) {
  return snapshot == nullptr ? 0 : snapshot->revision();
}

TEST(PolicyViewTest, P2_NothingIsInForceBeforeAuditHasSaidSo) {
  PolicyView view;
  view.Stage(At(1));
  EXPECT_EQ(view.Current(), nullptr);
}

TEST(PolicyViewTest, P2_ASnapshotAboveTheFenceStaysStaged) {
  PolicyView view;
  view.Stage(At(1));
  view.OnFence(1);
  view.Stage(At(2));
  EXPECT_EQ(RevisionOf(view.Current()), 1u);
  view.OnFence(2);
  EXPECT_EQ(RevisionOf(view.Current()), 2u);
}

TEST(PolicyViewTest, P2_NothingIsInForceWhileTheFencesSnapshotIsMissing) {
  PolicyView view;
  view.Stage(At(1));
  view.OnFence(1);
  view.OnFence(2);
  EXPECT_EQ(view.Current(), nullptr);
  view.Stage(At(2));
  EXPECT_EQ(RevisionOf(view.Current()), 2u);
}

TEST(PolicyViewTest, P2_AFenceNeverGoesDown) {
  PolicyView view;
  view.Stage(At(2));
  view.OnFence(2);
  view.OnFence(1);
  view.Stage(At(1));
  EXPECT_EQ(view.fence(), 2u);
  EXPECT_EQ(RevisionOf(view.Current()), 2u);
}

TEST(PolicyViewTest, P2_ASnapshotThatIsNotTheFencesIsNotUsedInstead) {
  PolicyView view;
  view.OnFence(2);
  view.Stage(At(3));
  EXPECT_EQ(view.Current(), nullptr);
  EXPECT_EQ(view.newest_staged(), 3u);
}

TEST(PolicyViewTest, WaitersGetTheSnapshotWhenItArrives) {
  PolicyView view;
  view.OnFence(1);
  uint64_t got = 0;
  view.WhenReady(SteadyTime::InfiniteFuture(),
                 [&](SnapshotPtr snapshot) { got = RevisionOf(snapshot); });
  EXPECT_EQ(got, 0u);
  view.Stage(At(1));
  EXPECT_EQ(got, 1u);
}

TEST(PolicyViewTest, P8_WaitersAreGivenUpAtTheirDeadline) {
  PolicyView view;
  const SteadyTime now = SteadyTime() + absl::Seconds(1000);
  int calls = 0;
  view.WhenReady(now, [&](SnapshotPtr snapshot) {
    ++calls;
    EXPECT_EQ(snapshot, nullptr);
  });
  view.Sweep(now - absl::Seconds(1));
  EXPECT_EQ(calls, 0);
  view.Sweep(now);
  EXPECT_EQ(calls, 1);
}

TEST(PolicyViewTest, P8_TooManyWaitersAreTurnedAway) {
  PolicyView view;
  int refused = 0;
  for (size_t i = 0; i < PolicyView::kMaxWaiting + 3; ++i) {
    view.WhenReady(SteadyTime::InfiniteFuture(),
                   [&](SnapshotPtr) { ++refused; });
  }
  EXPECT_EQ(refused, 3);
}

TEST(PolicyViewTest, ListenersHearOfEachChangeInForce) {
  PolicyView view;
  int heard = 0;
  const uint64_t id = view.AddListener(
      std::make_shared<absl::AnyInvocable<void()>>([&] { ++heard; }));
  view.Stage(At(1));
  EXPECT_EQ(heard, 0);
  view.OnFence(1);
  EXPECT_EQ(heard, 1);
  view.RemoveListener(id);
  view.Stage(At(2));
  view.OnFence(2);
  EXPECT_EQ(heard, 1);
}

TEST(PolicyViewTest, StagesNoMoreThanTheBoundAndKeepsTheNextInForce) {
  PolicyView view;
  view.OnFence(1);
  for (uint64_t revision = 1; revision <= 40; ++revision) {
    view.Stage(At(revision));
  }
  view.OnFence(2);
  EXPECT_EQ(RevisionOf(view.Current()), 2u);
}

}  // namespace
}  // namespace keyward::gateway
