// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_PROCESS_USAGE_H_
#define KEYWARD_TESTS_BENCH_PROCESS_USAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace keyward::bench {

// What processes have used up, together.
struct ProcessUsage {
  // Since their start, in user mode and in the kernel; in steps of the kernel's
  // clock tick, 10 ms for each process.
  absl::Duration cpu;
  // Resident memory now.
  int64_t resident_bytes = 0;
};

// From /proc, which tells this of every process to every user. NOT_FOUND if one
// of them has ended. Stateless; safe for concurrent use.
absl::StatusOr<ProcessUsage> ReadUsage(const std::vector<int>& pids);

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_PROCESS_USAGE_H_
