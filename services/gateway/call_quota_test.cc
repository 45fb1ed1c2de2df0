// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/call_quota.h"

#include "gtest/gtest.h"

namespace keyward::gateway {
namespace {

TEST(CallQuotaTest, APrincipalHasItsPlacesUntilItsCallsAreOver) {
  CallQuota quota({.calls_of_principal = 2});
  auto first = quota.Take("a");
  const auto second = quota.Take("a");
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(quota.Take("a"), nullptr);
  EXPECT_NE(quota.Take("b"), nullptr);
  first.reset();
  EXPECT_NE(quota.Take("a"), nullptr);
}

TEST(CallQuotaTest, APrincipalsBytesAddUpOverItsCalls) {
  CallQuota quota({.bytes_of_principal = 10});
  auto first = quota.Take("a");
  const auto second = quota.Take("a");
  EXPECT_TRUE(first->Add(4));
  EXPECT_TRUE(first->Add(4));
  EXPECT_FALSE(second->Add(3));
  EXPECT_TRUE(second->Add(2));
  EXPECT_TRUE(quota.Take("b")->Add(10));
  first.reset();
  EXPECT_TRUE(second->Add(8));
  EXPECT_FALSE(second->Add(1));
}

TEST(CallQuotaTest, AllPrincipalsTogetherHaveABound) {
  CallQuota quota({.bytes_of_principal = 10, .bytes = 15});
  auto a = quota.Take("a");
  const auto b = quota.Take("b");
  EXPECT_TRUE(a->Add(10));
  EXPECT_FALSE(b->Add(6));
  EXPECT_TRUE(b->Add(5));
  // What was refused, by either bound, holds nothing.
  EXPECT_FALSE(a->Add(1));
  a.reset();
  EXPECT_TRUE(b->Add(5));
  EXPECT_TRUE(quota.Take("c")->Add(5));
}

}  // namespace
}  // namespace keyward::gateway
