// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/thread_pool.h"

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/mutex.h"

namespace keyward {
namespace {

// Holds threads back until it is opened.
class Gate {
 public:
  void Open() {
    MutexLock lock(&mu_);
    open_ = true;
    changed_.SignalAll();
  }
  // Counts the caller and waits; gives up after ten seconds.
  void Pass() {
    MutexLock lock(&mu_);
    ++waiting_;
    changed_.SignalAll();
    while (!open_ && changed_.WaitFor(&mu_, absl::Seconds(10))) {
    }
  }
  bool WaitUntilHeld(int count) {
    MutexLock lock(&mu_);
    while (waiting_ < count) {
      if (!changed_.WaitFor(&mu_, absl::Seconds(10))) return false;
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST(ThreadPoolTest, RunsWhatWaitsBeforeItIsDestroyed) {
  std::vector<int> order;
  {
    ThreadPool pool(1, 10);
    for (int i = 0; i < 5; ++i) {
      ASSERT_EQ(pool.Submit([&order, i] { order.push_back(i); }),
                absl::OkStatus());
    }
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(ThreadPoolTest, AsManyFunctionsRunAtOnceAsThereAreThreads) {
  Gate gate;
  ThreadPool pool(3, 10);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(pool.Submit([&gate] { gate.Pass(); }), absl::OkStatus());
  }
  EXPECT_TRUE(gate.WaitUntilHeld(3));
  gate.Open();
}

TEST(ThreadPoolTest, OneFunctionMoreThanMayWaitIsRefusedAndNeverRun) {
  Gate gate;
  bool ran = false;
  {
    ThreadPool pool(1, 2);
    ASSERT_EQ(pool.Submit([&gate] { gate.Pass(); }), absl::OkStatus());
    ASSERT_TRUE(gate.WaitUntilHeld(1));
    EXPECT_EQ(pool.Submit([] {}), absl::OkStatus());
    EXPECT_EQ(pool.Submit([] {}), absl::OkStatus());
    EXPECT_EQ(pool.Submit([&ran] { ran = true; }).code(),
              absl::StatusCode::kUnavailable);
    gate.Open();
  }
  EXPECT_FALSE(ran);
}

TEST(ThreadPoolTest, AFunctionMaySubmitAnother) {
  bool ran = false;
  {
    ThreadPool pool(1, 2);
    ASSERT_EQ(pool.Submit([&] {
      EXPECT_EQ(pool.Submit([&ran] { ran = true; }), absl::OkStatus());
    }),
              absl::OkStatus());
  }
  EXPECT_TRUE(ran);
}

TEST(ThreadPoolTest, WhatAFunctionHoldsIsReleasedWhenItHasRun) {
  const auto held = std::make_shared<int>(1);
  Gate gate;
  ThreadPool pool(1, 2);
  ASSERT_EQ(pool.Submit([held] {}), absl::OkStatus());
  ASSERT_EQ(pool.Submit([&gate] { gate.Pass(); }), absl::OkStatus());
  ASSERT_TRUE(gate.WaitUntilHeld(1));
  EXPECT_EQ(held.use_count(), 1);
  gate.Open();
}

}  // namespace
}  // namespace keyward
