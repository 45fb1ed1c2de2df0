// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/call_registry.h"

#include "gtest/gtest.h"

namespace keyward::gateway {
namespace {

class CountingCall : public Expirable {
 public:
  void Expire() override { ++expired; }
  int expired = 0;
};

const SteadyTime kStart = SteadyTime() + absl::Hours(1);
const absl::Time kDate = absl::FromUnixSeconds(1000);

TEST(CallRegistryTest, P8_ExpiresACallOnceAfterItsDeadline) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  CallRegistry::Registration held = registry.Add(call, kStart);
  registry.Sweep(kStart - absl::Milliseconds(1), kDate);
  EXPECT_EQ(call->expired, 0);
  registry.Sweep(kStart, kDate);
  registry.Sweep(kStart + absl::Hours(1), kDate);
  EXPECT_EQ(call->expired, 1);
}

TEST(CallRegistryTest, P8_TheTimeOfDayExpiresNoCallAndSparesNone) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  CallRegistry::Registration held = registry.Add(call, kStart);
  registry.Sweep(kStart - absl::Milliseconds(1), kDate + absl::Hours(1));
  EXPECT_EQ(call->expired, 0);
  registry.Sweep(kStart, kDate - absl::Hours(1));
  EXPECT_EQ(call->expired, 1);
}

TEST(CallRegistryTest, WhatHasADateExpiresByTheTimeOfDay) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  CallRegistry::Registration held = registry.AddUntil(call, kDate);
  registry.Sweep(kStart + absl::Hours(1), kDate - absl::Milliseconds(1));
  EXPECT_EQ(call->expired, 0);
  registry.Sweep(kStart, kDate);
  EXPECT_EQ(call->expired, 1);
}

TEST(CallRegistryTest, DoesNotExpireACallThatHasEnded) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  { CallRegistry::Registration held = registry.Add(call, kStart); }
  registry.Sweep(kStart + absl::Seconds(1), kDate);
  EXPECT_EQ(call->expired, 0);
}

TEST(CallRegistryTest, ACallMayEndWhileItExpires) {
  class EndingCall : public Expirable {
   public:
    void Expire() override { held = CallRegistry::Registration(); }
    CallRegistry::Registration held;
  };
  CallRegistry registry;
  auto call = std::make_shared<EndingCall>();
  call->held = registry.Add(call, kStart);
  registry.Sweep(kStart, kDate);
  EXPECT_EQ(registry.size(), 0u);
}

TEST(CallRegistryTest, DoesNotKeepACallAlive) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  CallRegistry::Registration held = registry.Add(call, kStart);
  std::weak_ptr<CountingCall> watch = call;
  call.reset();
  EXPECT_TRUE(watch.expired());
  registry.Sweep(kStart, kDate);
  EXPECT_EQ(registry.size(), 1u);
}

TEST(CallRegistryTest, CountsTheCallsUnderWay) {
  CallRegistry registry;
  auto call = std::make_shared<CountingCall>();
  CallRegistry::Registration first = registry.Add(call, kStart);
  CallRegistry::Registration second = registry.Add(call, kStart);
  EXPECT_EQ(registry.size(), 2u);
  CallRegistry::Registration moved = std::move(first);
  EXPECT_EQ(registry.size(), 2u);
}

}  // namespace
}  // namespace keyward::gateway
