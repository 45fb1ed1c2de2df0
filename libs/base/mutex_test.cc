// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/mutex.h"

#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"

namespace keyward {
namespace {

// Long enough that a loaded machine reaches the signal first; a passing test
// never waits for it.
constexpr absl::Duration kPatience = absl::Seconds(60);

struct Gate {
  Mutex mu;
  CondVar cv;
  bool open ABSL_GUARDED_BY(mu) = false;
};

TEST(MutexTest, ExcludesOtherThreads) {
  Mutex mu;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        MutexLock l(&mu);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(MutexTest, TryLockFailsWhileAnotherThreadHoldsIt) {
  Mutex mu;
  MutexLock l(&mu);
  bool taken = true;
  std::thread other([&] {
    taken = mu.TryLock();
    if (taken) mu.Unlock();
  });
  other.join();
  EXPECT_FALSE(taken);
}

TEST(CondVarTest, WakesWhenSignalled) {
  Gate gate;
  std::thread opener([&] {
    MutexLock l(&gate.mu);
    gate.open = true;
    gate.cv.SignalAll();
  });
  {
    MutexLock l(&gate.mu);
    while (!gate.open) {
      ASSERT_TRUE(gate.cv.WaitFor(&gate.mu, kPatience));
    }
    EXPECT_TRUE(gate.open);
  }
  opener.join();
}

TEST(CondVarTest, SignalWakesAWaiterThatHasADeadline) {
  Gate gate;
  std::thread opener([&] {
    MutexLock l(&gate.mu);
    gate.open = true;
    gate.cv.Signal();
  });
  {
    MutexLock l(&gate.mu);
    const SystemClock clock;
    const SteadyTime deadline = clock.SteadyNow() + kPatience;
    while (!gate.open) {
      ASSERT_TRUE(gate.cv.WaitUntil(&gate.mu, clock, deadline));
    }
  }
  opener.join();
}

TEST(CondVarTest, WaitForReturnsFalseWhenTheTimeRunsOut) {
  Gate gate;
  MutexLock l(&gate.mu);
  // Wake-ups without a signal are allowed, so wait until the time is up.
  while (gate.cv.WaitFor(&gate.mu, absl::Milliseconds(1))) {
  }
  EXPECT_FALSE(gate.open);
}

TEST(CondVarTest, DeadlineInThePastDoesNotWait) {
  Gate gate;
  MutexLock l(&gate.mu);
  EXPECT_FALSE(
      gate.cv.WaitUntil(&gate.mu, SystemClock(), SteadyTime::InfinitePast()));
  EXPECT_FALSE(gate.cv.WaitFor(&gate.mu, absl::ZeroDuration()));
  EXPECT_FALSE(gate.cv.WaitFor(&gate.mu, -absl::InfiniteDuration()));
}

TEST(CondVarTest, InfiniteTimeoutDoesNotOverflowIntoThePast) {
  Gate gate;
  std::thread opener([&] {
    MutexLock l(&gate.mu);
    gate.open = true;
    gate.cv.SignalAll();
  });
  {
    MutexLock l(&gate.mu);
    while (!gate.open) {
      ASSERT_TRUE(gate.cv.WaitFor(&gate.mu, absl::InfiniteDuration()));
    }
  }
  opener.join();
}

}  // namespace
}  // namespace keyward
