// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/numeric/bits.h"
#include "absl/time/time.h"

namespace keyward::bench {
namespace {

// Each power of two is divided into 2^7 buckets.
constexpr int kBits = 7;
constexpr uint64_t kParts = uint64_t{1} << kBits;
constexpr uint64_t kLongest = (uint64_t{1} << 40) - 1;

}  // namespace

Histogram::Histogram() : buckets_(BucketOf(kLongest) + 1) {}

size_t Histogram::BucketOf(uint64_t nanoseconds) {
  const int width = static_cast<int>(absl::bit_width(nanoseconds));
  const int shift = std::max(0, width - 1 - kBits);
  return static_cast<size_t>(shift * kParts + (nanoseconds >> shift));
}

uint64_t Histogram::ValueOf(size_t bucket) {
  const uint64_t shift = bucket < kParts ? 0 : bucket / kParts - 1;
  const uint64_t lowest = (bucket - shift * kParts) << shift;
  return lowest + ((uint64_t{1} << shift) - 1) / 2;
}

void Histogram::Record(absl::Duration duration) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  const uint64_t counted = std::min(
      kLongest, static_cast<uint64_t>(std::max(int64_t{0}, nanoseconds)));
  ++buckets_[BucketOf(counted)];
  ++count_;
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

absl::Duration Histogram::Quantile(double fraction) const {
  const auto wanted =
      static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > 0 && seen >= wanted) return absl::Nanoseconds(ValueOf(i));
  }
  return absl::ZeroDuration();
}

}  // namespace keyward::bench
