// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/stream_quota.h"

#include "gtest/gtest.h"

namespace keyward::gateway {
namespace {

TEST(StreamQuotaTest, APrincipalHasItsPlacesAndNoMore) {
  StreamQuota quota(2);
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_FALSE(quota.Take("a"));
}

TEST(StreamQuotaTest, OnesStreamsTakeNothingFromAnother) {
  StreamQuota quota(1);
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_TRUE(quota.Take("b"));
}

TEST(StreamQuotaTest, AReleasedPlaceCanBeTakenAgain) {
  StreamQuota quota(1);
  EXPECT_TRUE(quota.Take("a"));
  quota.Release("a");
  EXPECT_TRUE(quota.Take("a"));
  EXPECT_FALSE(quota.Take("a"));
}

}  // namespace
}  // namespace keyward::gateway
