// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/process_usage.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace keyward::bench {
namespace {

absl::Duration OwnCpu() {
  timespec used = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

TEST(ProcessUsageTest, CpuIsWhatTheProcessItselfMeasures) {
  const absl::StatusOr<ProcessUsage> before = ReadUsage({getpid()});
  ASSERT_TRUE(before.ok()) << before.status();
  const absl::Duration began = OwnCpu();
  // In user mode for the most part, in the kernel when it asks.
  volatile int sum = 0;
  while (OwnCpu() - began < absl::Milliseconds(200)) {
    for (int i = 0; i < 100000; ++i) sum = sum + i;
  }
  const absl::StatusOr<ProcessUsage> after = ReadUsage({getpid()});
  ASSERT_TRUE(after.ok()) << after.status();
  const absl::Duration used = after->cpu - before->cpu;
  // User and system time are rounded each, at both ends.
  EXPECT_GE(used, absl::Milliseconds(150));
  EXPECT_LE(used, OwnCpu() - began + absl::Milliseconds(50));
}

TEST(ProcessUsageTest, MemoryThatIsTouchedIsResident) {
  constexpr size_t kBytes = size_t{64} << 20;
  const absl::StatusOr<ProcessUsage> before = ReadUsage({getpid()});
  ASSERT_TRUE(before.ok()) << before.status();
  const std::unique_ptr<char[]> memory(new char[kBytes]);
  std::memset(memory.get(), 1, kBytes);
  const absl::StatusOr<ProcessUsage> after = ReadUsage({getpid()});
  ASSERT_TRUE(after.ok()) << after.status();
  const auto grown = after->resident_bytes - before->resident_bytes;
  EXPECT_GE(grown, static_cast<int64_t>(kBytes * 9 / 10));
  EXPECT_LE(grown, static_cast<int64_t>(kBytes * 2));
  EXPECT_EQ(memory[kBytes / 2], 1);
}

TEST(ProcessUsageTest, SeveralProcessesAreAddedUp) {
  const absl::StatusOr<ProcessUsage> one = ReadUsage({getpid()});
  const absl::StatusOr<ProcessUsage> two = ReadUsage({getpid(), getpid()});
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_GE(two->resident_bytes, one->resident_bytes * 3 / 2);
}

TEST(ProcessUsageTest, AProcessThatHasEndedIsNotFound) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_GT(child, 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(absl::IsNotFound(ReadUsage({child}).status()));
}

}  // namespace
}  // namespace keyward::bench
