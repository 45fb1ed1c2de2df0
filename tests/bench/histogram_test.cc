// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace keyward::bench {
namespace {

constexpr double kError = 0.01;

TEST(HistogramTest, NothingCountedIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Quantile(0.5), absl::ZeroDuration());
  EXPECT_EQ(histogram.Quantile(1), absl::ZeroDuration());
}

TEST(HistogramTest, ShortDurationsAreExact) {
  for (int nanoseconds = 0; nanoseconds < 256; ++nanoseconds) {
    Histogram histogram;
    histogram.Record(absl::Nanoseconds(nanoseconds));
    EXPECT_EQ(histogram.Quantile(0.5), absl::Nanoseconds(nanoseconds));
  }
}

TEST(HistogramTest, EveryDurationIsWithinAHundredth) {
  for (double wanted = 1; wanted < 1e12; wanted *= 1.003) {
    Histogram histogram;
    const auto nanoseconds = static_cast<int64_t>(wanted);
    histogram.Record(absl::Nanoseconds(nanoseconds));
    const auto found =
        static_cast<double>(absl::ToInt64Nanoseconds(histogram.Quantile(0.5)));
    ASSERT_NEAR(found, static_cast<double>(nanoseconds),
                kError * static_cast<double>(nanoseconds));
  }
}

TEST(HistogramTest, WhatIsOutOfRangeCountsAsTheNearest) {
  Histogram histogram;
  histogram.Record(absl::Nanoseconds(-5));
  EXPECT_EQ(histogram.Quantile(1), absl::ZeroDuration());
  histogram.Record(absl::Hours(5));
  histogram.Record(absl::InfiniteDuration());
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_GT(histogram.Quantile(1), absl::Minutes(18));
}

TEST(HistogramTest, QuantilesOfARandomSampleAreThoseOfTheSortedSample) {
  // The seed is the test's: the same sample each time.
  std::mt19937_64 random(20260801);
  std::lognormal_distribution<double> distribution(std::log(3e5), 1.5);
  std::vector<double> sample;
  Histogram first;
  Histogram second;
  for (int i = 0; i < 100001; ++i) {
    const auto nanoseconds = static_cast<int64_t>(distribution(random));
    sample.push_back(static_cast<double>(nanoseconds));
    (i % 3 == 0 ? first : second).Record(absl::Nanoseconds(nanoseconds));
  }
  first.Merge(second);
  ASSERT_EQ(first.count(), sample.size());
  std::sort(sample.begin(), sample.end());
  for (const double fraction : {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(
        std::ceil(fraction * static_cast<double>(sample.size())));
    const double wanted = sample[rank - 1];
    const auto found =
        static_cast<double>(absl::ToInt64Nanoseconds(first.Quantile(fraction)));
    EXPECT_NEAR(found, wanted, kError * wanted) << fraction;
  }
}

}  // namespace
}  // namespace keyward::bench
