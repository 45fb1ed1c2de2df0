// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_HISTOGRAM_H_
#define KEYWARD_TESTS_BENCH_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace keyward::bench {

// Counts durations, from a nanosecond to 18 minutes, in buckets none of which
// is wider than 1/128 of what it holds. So a quantile is off by less than 1 %,
// and a run of any length takes 36 KiB.
//
// Not thread-safe: each thread has one, and they are merged.
class Histogram {
 public:
  Histogram();

  // What is not positive counts as 0, what is too long as the longest.
  void Record(absl::Duration duration);

  // Adds everything that `other` has counted.
  void Merge(const Histogram& other);

  uint64_t count() const { return count_; }

  // The duration that `fraction` (above 0, at most 1) of all are not longer
  // than: 0.5 is the median. Zero if nothing was counted.
  absl::Duration Quantile(double fraction) const;

 private:
  static size_t BucketOf(uint64_t nanoseconds);
  // The middle of a bucket.
  static uint64_t ValueOf(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
};

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_HISTOGRAM_H_
