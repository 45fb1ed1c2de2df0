// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/timer.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/mutex.h"

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
  const absl::Time now = clock.Now();
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
  timer.RunAt(clock.Now() + absl::Milliseconds(30), [&] { trace.Add("x"); });
  trace.WaitFor(1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(25));
}

TEST(ThreadTimerTest, CancelledFunctionNeverRuns) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  const absl::Time soon = clock.Now() + absl::Milliseconds(30);
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
  const Timer::Id id = timer.RunAt(clock.Now(), [&] { trace.Add("x"); });
  trace.WaitFor(1);
  EXPECT_FALSE(timer.Cancel(id));
}

TEST(ThreadTimerTest, FunctionMayArmAnother) {
  Trace trace;
  SystemClock clock;
  ThreadTimer timer(&clock);
  timer.RunAt(clock.Now(), [&] {
    trace.Add("1");
    timer.RunAt(clock.Now(), [&] { trace.Add("2"); });
  });
  EXPECT_EQ(trace.WaitFor(2), "12");
}

TEST(ThreadTimerTest, ClockSetBackDoesNotDelayWhatIsArmed) {
  Trace trace;
  FakeClock clock(absl::FromUnixSeconds(1000000));
  ThreadTimer timer(&clock);
  timer.RunAt(clock.Now() + absl::Milliseconds(20), [&] { trace.Add("x"); });
  clock.Advance(-absl::Hours(1));
  EXPECT_EQ(trace.WaitFor(1), "x");
}

TEST(ThreadTimerTest, DestructorDropsWhatWaits) {
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> watch = alive;
  {
    SystemClock clock;
    ThreadTimer timer(&clock);
    timer.RunAt(absl::InfiniteFuture(),
                [alive = std::move(alive)] { ADD_FAILURE() << *alive; });
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(FakeTimerTest, RunsOnlyWhenTheTestSaysSo) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  FakeTimer timer(&clock);
  std::string seen;
  timer.RunAt(clock.Now() + absl::Seconds(2), [&] { seen += "b"; });
  timer.RunAt(clock.Now() + absl::Seconds(1), [&] {
    seen += "a";
    timer.RunAt(clock.Now(), [&] { seen += "n"; });
  });
  timer.RunDue();
  EXPECT_EQ(seen, "");
  timer.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, "an");
  timer.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, "anb");
  EXPECT_EQ(timer.waiting(), 0u);
}

TEST(FakeTimerTest, CancelledFunctionNeverRuns) {
  FakeClock clock(absl::FromUnixSeconds(1000));
  FakeTimer timer(&clock);
  const Timer::Id id = timer.RunAt(clock.Now(), [] { ADD_FAILURE(); });
  EXPECT_TRUE(timer.Cancel(id));
  EXPECT_FALSE(timer.Cancel(id));
  timer.RunDue();
}

}  // namespace
}  // namespace keyward
