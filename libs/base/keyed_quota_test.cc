// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/keyed_quota.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace keyward {
namespace {

TEST(KeyedQuotaTest, EachHasItsPlacesAndNoMore) {
  KeyedQuota quota(2);
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_FALSE(quota.Take("a"));
}

TEST(KeyedQuotaTest, OnesPlacesTakeNothingFromAnother) {
  KeyedQuota quota(1);
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_TRUE(quota.Take("b"));
}

TEST(KeyedQuotaTest, AReleasedPlaceCanBeTakenAgain) {
  KeyedQuota quota(1);
  EXPECT_TRUE(quota.Take("a"));
  quota.Release("a");
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_FALSE(quota.Take("a"));
}

TEST(KeyedQuotaTest, AmountsAddUpAllOrNothing) {
  KeyedQuota quota(10);
  EXPECT_TRUE(quota.Take("a", 7));
  EXPECT_FALSE(quota.Take("a", 4));
  EXPECT_TRUE(quota.Take("a", 3));
  EXPECT_FALSE(quota.Take("a", 1));
  EXPECT_TRUE(quota.Take("a", 0));
  quota.Release("a", 2);
  EXPECT_TRUE(quota.Take("a", 2));
  EXPECT_FALSE(quota.Take("a", SIZE_MAX));
  EXPECT_FALSE(quota.Take("b", SIZE_MAX));
}

// Whoever holds nothing is forgotten: strangers come without end.
TEST(KeyedQuotaTest, WhoeverHoldsNothingCostsNothing) {
  KeyedQuota quota(3);
  EXPECT_FALSE(quota.Take("refused", 4));
  EXPECT_TRUE(quota.Take("idle", 0));
  EXPECT_TRUE(quota.Take("a", 3));
  EXPECT_EQ(quota.keys(), 1u);
  quota.Release("a", 2);
  EXPECT_EQ(quota.keys(), 1u);
  quota.Release("a", 1);
  quota.Release("never");
  EXPECT_EQ(quota.keys(), 0u);
}

}  // namespace
}  // namespace keyward
