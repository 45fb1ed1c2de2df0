// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/rate_limiter.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"

namespace keyward::gateway {
namespace {

class RateLimiterTest : public testing::Test {
 protected:
  FakeClock clock_{absl::FromUnixSeconds(1000)};
  RateLimiter limiter_{&clock_, {.per_second = 2, .burst = 4}};
};

TEST_F(RateLimiterTest, AllowsTheBurstAndThenRefuses) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limiter_.Take("a", 1).allowed);
  EXPECT_FALSE(limiter_.Take("a", 1).allowed);
}

TEST_F(RateLimiterTest, OnePrincipalDoesNotUseUpAnothersTokens) {
  EXPECT_TRUE(limiter_.Take("a", 4).allowed);
  EXPECT_TRUE(limiter_.Take("b", 4).allowed);
}

TEST_F(RateLimiterTest, SaysWhenToTryAgainAndThenAllows) {
  EXPECT_TRUE(limiter_.Take("a", 4).allowed);
  RateLimiter::Verdict refused = limiter_.Take("a", 1);
  EXPECT_EQ(refused.retry_after, absl::Milliseconds(500));
  clock_.Advance(refused.retry_after);
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
}

TEST_F(RateLimiterTest, SavesNoMoreThanTheBurst) {
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(limiter_.Take("a", 4).allowed);
  EXPECT_FALSE(limiter_.Take("a", 1).allowed);
}

TEST_F(RateLimiterTest, MarksTheBeginAndTheEndOfRefusalsOnce) {
  EXPECT_TRUE(limiter_.Take("a", 4).allowed);
  EXPECT_TRUE(limiter_.Take("a", 1).refusals_begin);
  EXPECT_FALSE(limiter_.Take("a", 1).refusals_begin);
  clock_.Advance(absl::Seconds(2));
  RateLimiter::Verdict end = limiter_.Take("a", 1);
  EXPECT_TRUE(end.refusals_end);
  EXPECT_EQ(end.refused, 2u);
  EXPECT_FALSE(limiter_.Take("a", 1).refusals_end);
}

TEST_F(RateLimiterTest, TheTimeOfDayGivesNothingAndTakesNothing) {
  EXPECT_TRUE(limiter_.Take("a", 3).allowed);
  clock_.Set(absl::FromUnixSeconds(1));
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
  EXPECT_FALSE(limiter_.Take("a", 1).allowed);
  clock_.Set(clock_.Now() + absl::Hours(1));
  EXPECT_FALSE(limiter_.Take("a", 1).allowed);
  clock_.Set(clock_.Now() - absl::Hours(2));
  clock_.Advance(absl::Milliseconds(500));
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
}

TEST_F(RateLimiterTest, ARequestLargerThanTheBurstNeedsAFullBucket) {
  EXPECT_TRUE(limiter_.Take("a", 100).allowed);
  EXPECT_FALSE(limiter_.Take("a", 1).allowed);
}

TEST_F(RateLimiterTest, ForgetsThePrincipalUsedLongestAgo) {
  constexpr size_t kTracked = 1024;
  RateLimiter limiter(&clock_, {2, 4, kTracked});
  EXPECT_TRUE(limiter.Take("first", 4).allowed);
  // Far fewer than fill even one shard.
  for (size_t i = 0; i < kTracked / 64; ++i) {
    limiter.Take(absl::StrCat("other-", i), 1);
  }
  EXPECT_FALSE(limiter.Take("first", 1).allowed);
  for (size_t i = 0; i < 2 * kTracked; ++i) {
    limiter.Take(absl::StrCat("other-", i), 1);
  }
  EXPECT_TRUE(limiter.Take("first", 1).allowed);
}

}  // namespace
}  // namespace keyward::gateway
