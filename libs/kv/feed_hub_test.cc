// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/feed_hub.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace keyward::kv {
namespace {

TEST(FeedHubTest, NotifiesTheSubscribersOfThatKeyspaceAlone) {
  FeedHub hub;
  std::vector<uint64_t> a, b;
  auto sub_a = hub.Subscribe("a/", [&](uint64_t r) { a.push_back(r); });
  auto sub_b = hub.Subscribe("b/", [&](uint64_t r) { b.push_back(r); });
  hub.Notify("a/", 5);
  hub.Notify("c/", 6);
  EXPECT_EQ(a, std::vector<uint64_t>({5}));
  EXPECT_TRUE(b.empty());
}

TEST(FeedHubTest, SeveralSubscribersOfOneKeyspaceAllHear) {
  FeedHub hub;
  int heard = 0;
  auto one = hub.Subscribe("a/", [&](uint64_t) { ++heard; });
  auto two = hub.Subscribe("a/", [&](uint64_t) { ++heard; });
  hub.Notify("a/", 5);
  EXPECT_EQ(heard, 2);
  one.reset();
  hub.Notify("a/", 6);
  EXPECT_EQ(heard, 3);
}

TEST(FeedHubTest, ASubscriptionMayOutliveTheHub) {
  auto hub = std::make_unique<FeedHub>();
  auto subscription = hub->Subscribe("a/", [](uint64_t) {});
  hub.reset();
  subscription.reset();
}

TEST(FeedHubTest, NoNoticeRunsAfterTheSubscriptionEnded) {
  FeedHub hub;
  std::atomic<bool> stop{false};
  std::thread notifier([&] {
    while (!stop) hub.Notify("a/", 1);
  });
  for (int i = 0; i < 1000; ++i) {
    // The notice writes to what is freed right after the subscription ends.
    auto target = std::make_unique<uint64_t>(0);
    auto subscription =
        hub.Subscribe("a/", [&target](uint64_t r) { *target = r; });
    subscription.reset();
    target.reset();
  }
  stop = true;
  notifier.join();
}

}  // namespace
}  // namespace keyward::kv
