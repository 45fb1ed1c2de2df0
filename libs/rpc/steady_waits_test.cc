// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/steady_waits.h"

#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>  // NOLINT: the monotonic clock
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

timespec Time(time_t seconds, int64_t nanos) {
  timespec time = {};
  time.tv_sec = seconds;
  time.tv_nsec = nanos;
  return time;
}

// From now on the kernel ends this process when a thread of it waits until a
// moment of the realtime clock.
void ForbidWaitsOnTheWallClock() {
  std::array<sock_filter, 6> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FUTEX_CLOCK_REALTIME, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program = {
      static_cast<unsigned short>(filter.size()),  // NOLINT
      filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::_Exit(2);
  }
}

// How a process ends that waits for `timeout` by Abseil under that filter: with
// 0 if it waited that long.
void WaitByAbseil(absl::Duration timeout) {
  ForbidWaitsOnTheWallClock();
  absl::Mutex mu;
  absl::CondVar never;
  const auto begin = std::chrono::steady_clock::now();
  mu.Lock();
  while (!never.WaitWithTimeout(&mu, timeout)) {
  }
  mu.Unlock();
  const auto waited = std::chrono::steady_clock::now() - begin;
  std::_Exit(waited >= absl::ToChronoNanoseconds(timeout) ? 0 : 3);
}

TEST(SteadyWaitsTest, AreActive) { EXPECT_TRUE(WaitsAreSteady()); }

TEST(SteadyWaitsTest, P8_AbseilNeverWaitsOnTheWallClock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(WaitByAbseil(absl::Milliseconds(30)), testing::ExitedWithCode(0),
              "");
}

// The filter holds for threads that are begun after it, as gRPC's timer thread
// is here.
TEST(SteadyWaitsTest, P8_GrpcsTimersNeverWaitOnTheWallClock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ForbidWaitsOnTheWallClock();
        grpc::CompletionQueue queue;
        grpc::Alarm alarm;
        alarm.Set(&queue,
                  gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                               gpr_time_from_millis(1500, GPR_TIMESPAN)),
                  nullptr);
        void* tag = nullptr;
        bool fired = false;
        const bool came = queue.Next(&tag, &fired);
        std::_Exit(came && fired ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SteadyWaitsTest, TheFilterFindsAWaitOnTheWallClock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ForbidWaitsOnTheWallClock();
        // glibc's own, past the one that this test is about.
        auto* const past = reinterpret_cast<long (*)(long, ...)>(  // NOLINT
            dlsym(dlopen("libc.so.6", RTLD_LAZY), "syscall"));
        int word = 1;
        timespec until = Time(1, 0);
        past(SYS_futex, &word,
             FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 1,
             &until, nullptr, FUTEX_BITSET_MATCH_ANY);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGSYS), "");
}

TEST(SteadyWaitsTest, OtherCallsArePassedOn) {
  EXPECT_EQ(syscall(SYS_getpid), getpid());
  int word = 1;
  timespec past = Time(0, 0);
  // Not a wait: the word is another than expected.
  EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, &past, nullptr, 0),
            -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(SteadyWaitsTest, AMomentThatHasPassedEndsTheWaitAtOnce) {
  int word = 1;
  timespec past = Time(1, 0);
  EXPECT_EQ(
      syscall(SYS_futex, &word,
              FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 1,
              &past, nullptr, FUTEX_BITSET_MATCH_ANY),
      -1);
  EXPECT_EQ(errno, ETIMEDOUT);
}

TEST(SteadyWaitsTest, TheDistanceIsKept) {
  const timespec steady =
      ToSteady(Time(1'000'012, 300'000'000), Time(1'000'000, 900'000'000),
               Time(50, 700'000'000));
  EXPECT_EQ(steady.tv_sec, 62);
  EXPECT_EQ(steady.tv_nsec, 100'000'000);
}

TEST(SteadyWaitsTest, WhatHasPassedIsNowAndWhatIsFarIsBounded) {
  const timespec now = Time(50, 7);
  timespec steady =
      ToSteady(Time(999'999, 999'999'999), Time(1'000'000, 0), now);
  EXPECT_EQ(steady.tv_sec, 50);
  EXPECT_EQ(steady.tv_nsec, 7);
  steady =
      ToSteady(Time(std::numeric_limits<time_t>::max(), 0), Time(1, 0), now);
  EXPECT_EQ(steady.tv_sec, 1'000'000'050);
}

}  // namespace
}  // namespace keyward::rpc
