// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/rate_limiter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"

namespace keyward::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

// What has ended: "PRINCIPAL NUMBER", sorted.
std::vector<std::string> Texts(const std::vector<RateLimiter::Ended>& ended) {
  std::vector<std::string> texts;
  for (const RateLimiter::Ended& each : ended) {
    texts.push_back(absl::StrCat(each.principal, " ", each.refused));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST_F(RateLimiterTest, MarksTheBeginAndTheEndOfRefusalsOnce) {
  EXPECT_TRUE(limiter_.Take("a", 4).allowed);
  EXPECT_TRUE(limiter_.Take("a", 1).refusals_begin);
  EXPECT_FALSE(limiter_.Take("a", 1).refusals_begin);
  EXPECT_THAT(limiter_.TakeEnded(), IsEmpty());
  clock_.Advance(absl::Seconds(2));
  EXPECT_THAT(limiter_.TakeEnded(), IsEmpty());
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
  EXPECT_THAT(Texts(limiter_.TakeEnded()), ElementsAre("a 2"));
  EXPECT_TRUE(limiter_.Take("a", 1).allowed);
  EXPECT_THAT(limiter_.TakeEnded(), IsEmpty());
  EXPECT_THAT(limiter_.EndAll(), IsEmpty());
}

TEST_F(RateLimiterTest, RefusalsOfAPrincipalThatStaysAwayEnd) {
  limiter_.Take("a", 4);
  limiter_.Take("a", 1);
  clock_.Advance(RateLimiter::kQuiet);
  EXPECT_THAT(limiter_.TakeEnded(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Texts(limiter_.TakeEnded()), ElementsAre("a 1"));
  EXPECT_THAT(limiter_.EndAll(), IsEmpty());
  // Another time of refusals begins anew.
  limiter_.Take("a", 4);
  EXPECT_TRUE(limiter_.Take("a", 1).refusals_begin);
}

TEST_F(RateLimiterTest, EndsWhatIsStillRefusedWhenAsked) {
  for (const char* principal : {"a", "b"}) {
    limiter_.Take(principal, 4);
    limiter_.Take(principal, 1);
  }
  limiter_.Take("b", 1);
  EXPECT_THAT(Texts(limiter_.EndAll()), ElementsAre("a 1", "b 2"));
  EXPECT_THAT(limiter_.EndAll(), IsEmpty());
}

TEST_F(RateLimiterTest, AForgottenPrincipalsRefusalsEnd) {
  constexpr size_t kTracked = 1024;
  RateLimiter limiter(&clock_, {2, 4, kTracked});
  limiter.Take("first", 4);
  limiter.Take("first", 1);
  for (size_t i = 0; i < 2 * kTracked; ++i) {
    limiter.Take(absl::StrCat("other-", i), 1);
  }
  EXPECT_THAT(Texts(limiter.TakeEnded()), ElementsAre("first 1"));
}

TEST_F(RateLimiterTest, ARefusalThatWasNotGivenDoesNotCount) {
  limiter_.Take("a", 4);
  const RateLimiter::Verdict first = limiter_.Take("a", 1);
  limiter_.Withdraw("a", first);
  EXPECT_THAT(limiter_.EndAll(), IsEmpty());
  // The next is the first, and if it stands, the one after it is not.
  EXPECT_TRUE(limiter_.Take("a", 1).refusals_begin);
  const RateLimiter::Verdict third = limiter_.Take("a", 1);
  EXPECT_FALSE(third.refusals_begin);
  limiter_.Withdraw("a", third);
  EXPECT_FALSE(limiter_.Take("a", 1).refusals_begin);
  EXPECT_THAT(Texts(limiter_.EndAll()), ElementsAre("a 2"));
  // Who was forgotten has nothing to take back.
  limiter_.Withdraw("b", first);
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
