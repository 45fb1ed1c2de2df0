// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/window.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace keyward::schedule {
namespace {

absl::Time Start() { return absl::FromUnixSeconds(1767225600); }

TEST(StartWithinTest, IsInTheFirstThreeQuarters) {
  const Window window = {Start(), Start() + absl::Hours(1)};
  for (int i = 0; i < 1000; ++i) {
    const absl::Time start = StartWithin(window, absl::StrCat("uid-", i));
    EXPECT_GE(start, window.start);
    EXPECT_LT(start, window.start + absl::Minutes(45));
  }
}

// Computed by Python from what the header and the source say:
//   h = sha256(b"keyward rotation start v1" + ms.to_bytes(8, "big") + uid)
//   int.from_bytes(h[:8], "big") * room >> 64
// Another result would let two releases that run side by side disagree.
TEST(StartWithinTest, IsTheSameEverywhereForGood) {
  const Window hour = {Start(), Start() + absl::Hours(1)};
  const Window day = {Start(), Start() + absl::Hours(24)};
  EXPECT_EQ(StartWithin(hour, "a") - Start(), absl::Milliseconds(1259989));
  EXPECT_EQ(StartWithin(hour, "") - Start(), absl::Milliseconds(2119564));
  EXPECT_EQ(StartWithin(day, "7c1e94c0-1c1c-4f6e-8f3b-2b1f0d8f7a11") - Start(),
            absl::Milliseconds(52605642));
}

TEST(StartWithinTest, DependsOnTheWindowToo) {
  const Window one = {Start(), Start() + absl::Hours(1)};
  const Window other = {Start() + absl::Hours(24), Start() + absl::Hours(25)};
  EXPECT_NE(StartWithin(one, "a") - one.start,
            StartWithin(other, "a") - other.start);
}

TEST(StartWithinTest, AnEmptyOrInfiniteWindowStartsAtItsStart) {
  EXPECT_EQ(StartWithin({Start(), Start()}, "a"), Start());
  EXPECT_EQ(StartWithin({absl::InfiniteFuture(), absl::InfiniteFuture()}, "a"),
            absl::InfiniteFuture());
}

// 100,000 in 45 slots of a minute: 2,222 each, with a standard deviation of 47.
TEST(StartWithinTest, AHundredThousandAreSpreadEvenly) {
  constexpr int kRotations = 100000;
  constexpr int kSlots = 45;
  const Window window = {Start(), Start() + absl::Hours(1)};
  std::vector<int> slots(kSlots);
  for (int i = 0; i < kRotations; ++i) {
    const absl::Duration at =
        StartWithin(window, absl::StrCat("projects/p/rotations/r", i)) -
        window.start;
    ++slots[static_cast<size_t>(at / absl::Minutes(1))];
  }
  const double expected = static_cast<double>(kRotations) / kSlots;
  double chi_square = 0;
  for (const int count : slots) {
    EXPECT_NEAR(count, expected, 5 * 47);
    chi_square += (count - expected) * (count - expected) / expected;
  }
  // One of 1,000 even distributions is above 79 at 44 degrees of freedom, one
  // below 19. The input is the same in every run.
  EXPECT_LT(chi_square, 79);
  EXPECT_GT(chi_square, 19);
}

}  // namespace
}  // namespace keyward::schedule
