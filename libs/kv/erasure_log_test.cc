// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/erasure_log.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace keyward::kv {
namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

SteadyTime At(int seconds) { return SteadyTime() + absl::Seconds(seconds); }

TEST(ErasureLogTest, AnErasureIsDueOnceItsTimeHasCome) {
  ErasureLog log;
  log.Add({{5, "a"}}, At(10));
  log.Add({{6, "b"}}, At(20));
  EXPECT_TRUE(log.Due(At(9)).empty());
  ASSERT_EQ(log.Due(At(10)).size(), 1u);
  EXPECT_EQ(log.Due(At(10))[0].key, "a");
  EXPECT_EQ(log.Due(At(20)).size(), 2u);
}

TEST(ErasureLogTest, OldestIsTheLeastPendingRevision) {
  ErasureLog log;
  EXPECT_EQ(log.oldest(), kNone);
  log.Add({{6, "b"}, {5, "a"}}, At(0));
  EXPECT_EQ(log.oldest(), 5u);
  log.Finish({{5, "a"}});
  EXPECT_EQ(log.oldest(), 6u);
  EXPECT_EQ(log.pending(), 1u);
}

TEST(ErasureLogTest, TheSameErasureIsHeldOnce) {
  ErasureLog log;
  log.Add({{5, "a"}}, At(0));
  log.Add({{5, "a"}}, At(9));  // found on the disk again, after a reopening
  EXPECT_EQ(log.pending(), 1u);
  EXPECT_EQ(log.Due(At(0)).size(), 1u);
}

TEST(ErasureLogTest, AWaitEndsWhenNothingUpToItsRevisionIsPending) {
  ErasureLog log;
  log.Add({{5, "a"}, {5, "b"}, {7, "c"}}, At(0));
  std::vector<uint64_t> ended;
  for (const uint64_t revision : {uint64_t{4}, uint64_t{6}, uint64_t{7}}) {
    log.Wait(revision, [&ended, revision](absl::Status status) {
      EXPECT_TRUE(status.ok());
      ended.push_back(revision);
    });
  }
  EXPECT_EQ(ended, std::vector<uint64_t>({4}));
  log.Finish({{5, "a"}});
  EXPECT_EQ(ended, std::vector<uint64_t>({4}));
  log.Finish({{5, "b"}});
  EXPECT_EQ(ended, std::vector<uint64_t>({4, 6}));
  log.Finish({{7, "c"}});
  EXPECT_EQ(ended, std::vector<uint64_t>({4, 6, 7}));
}

TEST(ErasureLogTest, CloseEndsAllWaitsPresentAndToCome) {
  ErasureLog log;
  log.Add({{5, "a"}}, At(0));
  int unavailable = 0;
  const auto count = [&](absl::Status status) {
    if (absl::IsUnavailable(status)) ++unavailable;
  };
  log.Wait(5, count);
  log.Close();
  EXPECT_EQ(unavailable, 1);
  log.Wait(5, count);
  EXPECT_EQ(unavailable, 2);
}

TEST(ErasureLogTest, ADoneMayUseTheLog) {
  ErasureLog log;
  log.Add({{5, "a"}}, At(0));
  uint64_t pending = kNone;
  log.Wait(5, [&](absl::Status) { pending = log.pending(); });
  log.Finish({{5, "a"}});
  EXPECT_EQ(pending, 0u);
}

}  // namespace
}  // namespace keyward::kv
