// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_TALLY_H_
#define KEYWARD_TESTS_BENCH_TALLY_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/bench/histogram.h"

namespace keyward::bench {

// Where a run is, as all of its threads see it. Thread-safe.
class Phase {
 public:
  // What ends from now on is counted.
  void Measure() { phase_.store(kMeasuring, std::memory_order_relaxed); }
  // Nothing begins any more, and what ends is not counted.
  void Stop() { phase_.store(kStopped, std::memory_order_relaxed); }

  bool measuring() const { return Now() == kMeasuring; }
  bool stopped() const { return Now() == kStopped; }

 private:
  enum Value { kWarmingUp, kMeasuring, kStopped };
  Value Now() const { return phase_.load(std::memory_order_relaxed); }

  std::atomic<Value> phase_{kWarmingUp};
};

// What was counted.
struct Counts {
  // Of the calls that succeeded while it was measured.
  Histogram latency;
  // In every phase: no failure is expected in any, and one that happened while
  // the load began or ended is as wrong.
  uint64_t failed = 0;
  absl::Status first_failure;

  void Merge(const Counts& other) {
    latency.Merge(other.latency);
    if (failed == 0) first_failure = other.first_failure;
    failed += other.failed;
  }
};

// Counts for one thread. Not thread-safe. The phase outlives it.
class Tally {
 public:
  explicit Tally(const Phase* phase) : phase_(phase) {}

  void Succeeded(absl::Duration took) {
    if (phase_->measuring()) counts_.latency.Record(took);
  }
  void Failed(const absl::Status& why) {
    if (counts_.failed++ == 0) counts_.first_failure = why;
  }

  const Counts& counts() const { return counts_; }

 private:
  const Phase* const phase_;
  Counts counts_;
};

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_TALLY_H_
