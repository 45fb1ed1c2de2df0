// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/lanes.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward {
namespace {

using Turn = Lanes::Turn;

TEST(LanesTest, AFreeLaneRunsAtOnce) {
  Lanes lanes;
  bool ran = false;
  ASSERT_TRUE(lanes.Run("p", [&](Turn) { ran = true; }).ok());
  EXPECT_TRUE(ran);
}

TEST(LanesTest, TurnsOfALaneFollowEachOtherInOrder) {
  Lanes lanes;
  std::vector<int> order;
  std::vector<Turn> held;
  ASSERT_TRUE(lanes
                  .Run("p",
                       [&](Turn turn) {
                         order.push_back(1);
                         held.push_back(std::move(turn));
                       })
                  .ok());
  ASSERT_TRUE(lanes.Run("p", [&](Turn) { order.push_back(2); }).ok());
  ASSERT_TRUE(lanes.Run("p", [&](Turn) { order.push_back(3); }).ok());
  EXPECT_EQ(order, (std::vector<int>{1}));
  held.clear();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(LanesTest, LanesDoNotWaitForEachOther) {
  Lanes lanes;
  std::vector<Turn> held;
  bool other = false;
  ASSERT_TRUE(
      lanes.Run("p", [&](Turn turn) { held.push_back(std::move(turn)); }).ok());
  ASSERT_TRUE(lanes.Run("q", [&](Turn) { other = true; }).ok());
  EXPECT_TRUE(other);
  held.clear();
}

TEST(LanesTest, ManyTurnsThatEndAtOnceDoNotNest) {
  Lanes lanes;
  std::vector<Turn> held;
  size_t ran = 0;
  ASSERT_TRUE(
      lanes.Run("p", [&](Turn turn) { held.push_back(std::move(turn)); }).ok());
  for (size_t i = 0; i < Lanes::kMaxWaiting; ++i) {
    ASSERT_TRUE(lanes.Run("p", [&](Turn) { ++ran; }).ok());
  }
  held.clear();
  EXPECT_EQ(ran, Lanes::kMaxWaiting);
}

TEST(LanesTest, TooManyWaitersAreRefused) {
  Lanes lanes;
  std::vector<Turn> held;
  ASSERT_TRUE(
      lanes.Run("p", [&](Turn turn) { held.push_back(std::move(turn)); }).ok());
  for (size_t i = 0; i < Lanes::kMaxWaiting; ++i) {
    ASSERT_TRUE(lanes.Run("p", [](Turn) {}).ok());
  }
  bool ran = false;
  const absl::Status refused = lanes.Run("p", [&](Turn) { ran = true; });
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), kQuotaExceeded);
  EXPECT_TRUE(RetryAfter(refused).has_value());
  held.clear();
  EXPECT_FALSE(ran);
}

TEST(LanesTest, ThreadsNeverHoldOneLaneTogether) {
  std::atomic<int> inside{0};
  std::atomic<int> worst{0};
  int total = 0;  // Not atomic: the lane is what protects it.
  {
    Lanes lanes;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          const absl::Status run = lanes.Run("p", [&](Turn) {
            const int now = ++inside;
            if (now > worst) worst = now;
            ++total;
            --inside;
          });
          EXPECT_TRUE(run.ok());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(worst, 1);
  EXPECT_EQ(total, 2000);
}

}  // namespace
}  // namespace keyward
