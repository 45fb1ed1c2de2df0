// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/timer.h"

#include <chrono>  // NOLINT: the monotonic clock
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward {
namespace {

// Collects what ran, and waits for a number of it.
class Trace {
 public:
  void Add(const std::string& what) {
    MutexLock l(&mu_);
    seen_ += what;
    changed_.SignalAll();
  }
  std::string WaitFor(size_t length) {
    MutexLock l(&mu_);
    while (seen_.size() < length) {
      if (!changed_.WaitFor(&mu_, absl::Seconds(20))) break;
    }
    return seen_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::string seen_ ABSL_GUARDED_BY(mu_);
};

TEST(ThreadTimerTest, RunsInOrderOfTimeAndThenOfArrival) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  const SteadyTime now = clock.SteadyNow();
  timer.RunAt(now + absl::Milliseconds(60), [&] { trace.Add("d"); });
  timer.RunAt(now + absl::Milliseconds(40), [&] { trace.Add("b"); });
  timer.RunAt(now + absl::Milliseconds(40), [&] { trace.Add("c"); });
  timer.RunAt(now - absl::Hours(1), [&] { trace.Add("a"); });
  const std::string seen = trace.WaitFor(4);
  EXPECT_EQ(seen.front(), 'a');
  EXPECT_EQ(seen.back(), 'd');
  EXPECT_EQ(seen.size(), 4u);
}

TEST(ThreadTimerTest, DoesNotRunBeforeItsTime) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  const auto begin = std::chrono::steady_clock::now();
  timer.RunAt(clock.SteadyNow() + absl::Milliseconds(30),
              [&] { trace.Add("x"); });
  trace.WaitFor(1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(25));
}

TEST(ThreadTimerTest, CancelledFunctionNeverRuns) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  const SteadyTime soon = clock.SteadyNow() + absl::Milliseconds(30);
  const Timer::Id id = timer.RunAt(soon, [&] { trace.Add("x"); });
  EXPECT_TRUE(timer.Cancel(id));
  EXPECT_FALSE(timer.Cancel(id));
  timer.RunAt(soon + absl::Milliseconds(10), [&] { trace.Add("y"); });
  EXPECT_EQ(trace.WaitFor(1), "y");
}

TEST(ThreadTimerTest, CancelAfterRunningIsFalse) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  const Timer::Id id = timer.RunAt(clock.SteadyNow(), [&] { trace.Add("x"); });
  trace.WaitFor(1);
  EXPECT_FALSE(timer.Cancel(id));
}

TEST(ThreadTimerTest, FunctionMayArmAnother) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  timer.RunAt(clock.SteadyNow(), [&] {
    trace.Add("1");
    timer.RunAt(clock.SteadyNow(), [&] { trace.Add("2"); });
  });
  EXPECT_EQ(trace.WaitFor(2), "12");
}

TEST(ThreadTimerTest, P8_SettingTheTimeOfDayDelaysNothing) {
  Trace trace;
  FakeClock clock(absl::FromUnixSeconds(1000000));
  ThreadTimer timer(&clock);
  const SteadyTime soon = clock.SteadyNow() + absl::Milliseconds(20);
  timer.RunAt(soon, [&] { trace.Add("x"); });
  clock.Set(clock.Now() - absl::Hours(1));
  timer.RunAt(soon, [&] { trace.Add("y"); });
  EXPECT_EQ(trace.WaitFor(2), "xy");
}

TEST(ThreadTimerTest, P8_SettingTheTimeOfDayHastensNothing) {
  Trace trace;
  FakeClock clock(absl::FromUnixSeconds(1000000));
  ThreadTimer timer(&clock);
  timer.RunAt(clock.SteadyNow() + absl::Hours(1), [&] { trace.Add("early"); });
  clock.Set(clock.Now() + absl::Hours(2));
  timer.RunAt(clock.SteadyNow() + absl::Hours(1), [&] { trace.Add("early"); });
  timer.RunAt(clock.SteadyNow() + absl::Milliseconds(20),
              [&] { trace.Add("x"); });
  EXPECT_EQ(trace.WaitFor(1), "x");
}

TEST(ThreadTimerTest, DestructorDropsWhatWaits) {
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> watch = alive;
  {
    SystemClock clock;
    ThreadTimer timer(&clock);
    timer.RunAt(SteadyTime::InfiniteFuture(),
                [alive = std::move(alive)] { ADD_FAILURE() << *alive; });
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(FakeTimerTest, RunsOnlyWhenTheTestSaysSo) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  FakeTimer timer(&clock);
  std::string seen;
  timer.RunAt(clock.SteadyNow() + absl::Seconds(2), [&] { seen += "b"; });
  timer.RunAt(clock.SteadyNow() + absl::Seconds(1), [&] {
    seen += "a";
    timer.RunAt(clock.SteadyNow(), [&] { seen += "n"; });
  });
  timer.RunDue();
  EXPECT_EQ(seen, "");
  timer.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, "an");
  timer.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, "anb");
  EXPECT_EQ(timer.waiting(), 0u);
}

TEST(FakeTimerTest, P8_TheTimeOfDayRunsNothing) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  FakeTimer timer(&clock);
  std::string seen;
  timer.RunAt(clock.SteadyNow() + absl::Seconds(1), [&] { seen += "x"; });
  clock.Set(clock.Now() + absl::Hours(1));
  timer.RunDue();
  EXPECT_EQ(seen, "");
  clock.Set(clock.Now() - absl::Hours(2));
  timer.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, "x");
}

TEST(FakeTimerTest, CancelledFunctionNeverRuns) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  FakeTimer timer(&clock);
  const Timer::Id id = timer.RunAt(clock.SteadyNow(), [] { ADD_FAILURE(); });
  EXPECT_TRUE(timer.Cancel(id));
  EXPECT_FALSE(timer.Cancel(id));
  timer.RunDue();
}

}  // namespace
}  // namespace keyward
