// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/commit_queue.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

constexpr absl::Duration kTestWait = absl::Seconds(30);

// A door that a group can be made to wait at.
class Gate {
 public:
  void Open() {
    MutexLock lock(&mu_);
    open_ = true;
    changed_.SignalAll();
  }
  void Pass() {
    MutexLock lock(&mu_);
    ++arrived_;
    changed_.SignalAll();
    while (!open_) changed_.WaitFor(&mu_, kTestWait);
  }
  void AwaitArrival() {
    MutexLock lock(&mu_);
    while (arrived_ == 0) changed_.WaitFor(&mu_, kTestWait);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ = false;
  int arrived_ = 0;
};

// Collects results that come from any thread.
class Results {
 public:
  CommitCallback Callback() {
    return [this](CommitResult result) {
      MutexLock lock(&mu_);
      results_.push_back(std::move(result));
      changed_.SignalAll();
    };
  }
  std::vector<CommitResult> Await(size_t count) {
    MutexLock lock(&mu_);
    while (results_.size() < count) {
      if (!changed_.WaitFor(&mu_, kTestWait)) break;
    }
    return results_;
  }
  size_t size() {
    MutexLock lock(&mu_);
    return results_.size();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<CommitResult> results_ ABSL_GUARDED_BY(mu_);
};

std::unique_ptr<Work> MakeWork(
    CommitCallback done, SteadyTime deadline = SteadyTime::InfiniteFuture()) {
  auto work = std::make_unique<Work>();
  work->deadline = deadline;
  work->done = std::move(done);
  return work;
}

class CommitQueueTest : public testing::Test {
 protected:
  // Applies by counting: the nth work of all gets revision n.
  CommitQueue::Apply Counting() {
    return [this](const std::vector<const Work*>& group) {
      ++groups_;
      CommitQueue::Outcome outcome;
      for (size_t i = 0; i < group.size(); ++i) {
        outcome.results.push_back(CommitResult::Applied(++revision_));
      }
      return outcome;
    };
  }
  CommitQueue::Apply Gated(Gate* gate) {
    return [gate,
            count = Counting()](const std::vector<const Work*>& group) mutable {
      gate->Pass();
      return count(group);
    };
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  std::atomic<int> groups_{0};
  std::atomic<uint64_t> revision_{0};
};

TEST_F(CommitQueueTest, P8_NoSubmitterWaitsForAWriteThatHangs) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  Results results;
  queue.Submit(MakeWork(results.Callback()));  // returns, whoever is first
  gate.AwaitArrival();
  queue.Submit(MakeWork(results.Callback()));
  EXPECT_EQ(results.size(), 0u);
  gate.Open();
  EXPECT_EQ(results.Await(2).size(), 2u);
}

TEST_F(CommitQueueTest, P8_NoGroupIsWrittenByASubmittersThread) {
  std::atomic<int> foreign{0};
  const std::thread::id submitter = std::this_thread::get_id();
  CommitQueue queue(
      {}, &clock_,
      [&, count = Counting()](const std::vector<const Work*>& group) mutable {
        if (std::this_thread::get_id() == submitter) ++foreign;
        return count(group);
      });
  Results results;
  for (int i = 0; i < 50; ++i) queue.Submit(MakeWork(results.Callback()));
  EXPECT_EQ(results.Await(50).size(), 50u);
  EXPECT_EQ(foreign, 0);
}

TEST_F(CommitQueueTest, TheNextGroupIsWrittenWhileCallbacksRun) {
  Gate gate;
  CommitQueue queue({}, &clock_, Counting());
  Results results;
  queue.Submit(MakeWork([&](CommitResult) { gate.Pass(); }));
  gate.AwaitArrival();
  queue.Submit(MakeWork(results.Callback()));
  // While the first one still runs.
  const std::vector<CommitResult> answered = results.Await(1);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].revision, 2u);
  gate.Open();
}

TEST_F(CommitQueueTest, WorkThatComesDuringAWriteSharesTheNextGroup) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  Results results;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  for (int i = 0; i < 100; ++i) queue.Submit(MakeWork(results.Callback()));
  EXPECT_EQ(queue.waiting(), 100u);
  gate.Open();
  EXPECT_EQ(results.Await(101).size(), 101u);
  EXPECT_EQ(groups_, 2);
}

TEST_F(CommitQueueTest, AGroupIsBoundedInWorks) {
  Gate gate;
  CommitQueue::Options options;
  options.max_group = 10;
  CommitQueue queue(options, &clock_, Gated(&gate));
  Results results;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  for (int i = 0; i < 25; ++i) queue.Submit(MakeWork(results.Callback()));
  gate.Open();
  results.Await(26);
  EXPECT_EQ(groups_, 4);
}

TEST_F(CommitQueueTest, AGroupIsBoundedInBytes) {
  Gate gate;
  CommitQueue::Options options;
  options.max_group_bytes = 2000;
  CommitQueue queue(options, &clock_, Gated(&gate));
  Results results;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  for (int i = 0; i < 3; ++i) {
    auto work = MakeWork(results.Callback());
    work->txn.puts.push_back({"k", std::string(2000, 'v')});
    queue.Submit(std::move(work));
  }
  gate.Open();
  results.Await(4);
  EXPECT_EQ(groups_, 4);
}

TEST_F(CommitQueueTest, RefusesAboveTheBoundOfWaitingWork) {
  Gate gate;
  CommitQueue::Options options;
  options.max_waiting = 2;
  CommitQueue queue(options, &clock_, Gated(&gate));
  Results results, refused;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  queue.Submit(MakeWork(results.Callback()));
  queue.Submit(MakeWork(results.Callback()));
  queue.Submit(MakeWork(refused.Callback()));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused.Await(1)[0].outcome, Outcome::kRefused);
  EXPECT_EQ(refused.Await(1)[0].status.code(),
            absl::StatusCode::kResourceExhausted);
  gate.Open();
  EXPECT_EQ(results.Await(3).size(), 3u);
}

TEST_F(CommitQueueTest, P4_WorkExpiredWhileWaitingIsRefusedAndNeverApplied) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  Results results, expired;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  queue.Submit(
      MakeWork(expired.Callback(), clock_.SteadyNow() + absl::Seconds(5)));
  clock_.Advance(absl::Seconds(6));
  ASSERT_EQ(expired.Await(1).size(), 1u);  // while the write still hangs
  EXPECT_EQ(expired.Await(1)[0].outcome, Outcome::kRefused);
  EXPECT_EQ(expired.Await(1)[0].status.code(),
            absl::StatusCode::kDeadlineExceeded);
  gate.Open();
  queue.Close();
  EXPECT_EQ(revision_, 1u);
}

TEST_F(CommitQueueTest, P4_WorkExpiredDuringAHangingWriteIsUnknownNotRefused) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  Results results;
  queue.Submit(
      MakeWork(results.Callback(), clock_.SteadyNow() + absl::Seconds(5)));
  gate.AwaitArrival();
  clock_.Advance(absl::Seconds(6));
  ASSERT_EQ(results.Await(1).size(), 1u);
  EXPECT_EQ(results.Await(1)[0].outcome, Outcome::kUnknown);
  gate.Open();
  queue.Close();
  EXPECT_EQ(results.size(), 1u);  // answered once
  EXPECT_EQ(revision_, 1u);       // and applied after all
}

TEST_F(CommitQueueTest, P8_ATimeOfDaySetBackLengthensNoDeadline) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  const SteadyTime deadline = clock_.SteadyNow() + absl::Seconds(5);
  Results written, waiting;
  queue.Submit(MakeWork(written.Callback(), deadline));
  gate.AwaitArrival();
  queue.Submit(MakeWork(waiting.Callback(), deadline));
  clock_.Set(clock_.Now() - absl::Hours(1));
  clock_.Advance(absl::Seconds(5));
  const std::vector<CommitResult> unknown = written.Await(1);
  const std::vector<CommitResult> refused = waiting.Await(1);
  gate.Open();
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].outcome, Outcome::kUnknown);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].outcome, Outcome::kRefused);
}

TEST_F(CommitQueueTest, P8_ATimeOfDaySetForwardsEndsNothingEarly) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  const SteadyTime deadline = clock_.SteadyNow() + absl::Seconds(5);
  Results written, waiting;
  queue.Submit(MakeWork(written.Callback(), deadline));
  gate.AwaitArrival();
  queue.Submit(MakeWork(waiting.Callback(), deadline));
  clock_.Set(clock_.Now() + absl::Hours(1));
  clock_.Advance(absl::Seconds(5) - absl::Nanoseconds(1));
  // The other thread looks at the deadlines several times.
  absl::SleepFor(6 * CommitQueue::kTick);
  EXPECT_EQ(written.size(), 0u);
  EXPECT_EQ(waiting.size(), 0u);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(written.Await(1).size(), 1u);
  EXPECT_EQ(waiting.Await(1).size(), 1u);
  gate.Open();
}

TEST_F(CommitQueueTest, ExpiredWorkIsNotTakenEvenBeforeATickNoticesIt) {
  CommitQueue queue({}, &clock_, Counting());
  Results results;
  queue.Submit(MakeWork(results.Callback(), clock_.SteadyNow()));
  EXPECT_EQ(results.Await(1)[0].status.code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(groups_, 0);
}

TEST_F(CommitQueueTest, WorkSubmittedInCallbacksDuringAWriteFormsOneGroup) {
  Gate gate;
  CommitQueue first({}, &clock_, Counting());
  int second_groups = 0;
  CommitQueue second({}, &clock_, [&](const std::vector<const Work*>& group) {
    ++second_groups;
    gate.Pass();
    return CommitQueue::Outcome{
        std::vector<CommitResult>(group.size(), CommitResult::Applied(1)), {}};
  });
  Results submitted, results;
  second.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  for (int i = 0; i < 50; ++i) {
    first.Submit(MakeWork([&](CommitResult result) {
      second.Submit(MakeWork(results.Callback()));
      submitted.Callback()(std::move(result));
    }));
  }
  EXPECT_EQ(submitted.Await(50).size(), 50u);
  gate.Open();
  EXPECT_EQ(results.Await(51).size(), 51u);
  second.Close();
  EXPECT_EQ(second_groups, 2);
}

TEST_F(CommitQueueTest, ALongChainOfSubmissionsInCallbacksKeepsTheStackFlat) {
  CommitQueue queue({}, &clock_, Counting());
  constexpr int kLength = 100000;
  Results results;
  int left = kLength;
  std::function<void()> next = [&] {
    queue.Submit(MakeWork([&](CommitResult result) {
      if (--left > 0) {
        next();
      } else {
        results.Callback()(std::move(result));
      }
    }));
  };
  next();
  EXPECT_EQ(results.Await(1).size(), 1u);
  EXPECT_EQ(revision_, static_cast<uint64_t>(kLength));
}

TEST_F(CommitQueueTest, AfterwardsRunsBeforeTheCallbacksAndMaySubmit) {
  std::string order;
  Results nested, results;
  bool first = true;
  CommitQueue* self = nullptr;
  CommitQueue queue({}, &clock_, [&](const std::vector<const Work*>& group) {
    CommitQueue::Outcome outcome;
    outcome.results.resize(group.size());
    if (std::exchange(first, false)) {
      outcome.afterwards = [&] {
        order += "after ";
        self->Submit(MakeWork(nested.Callback()));
      };
    }
    return outcome;
  });
  self = &queue;
  queue.Submit(MakeWork([&](CommitResult result) {
    order += "done ";
    results.Callback()(std::move(result));
  }));
  results.Await(1);
  EXPECT_EQ(order, "after done ");
  EXPECT_EQ(nested.Await(1).size(), 1u);
}

TEST_F(CommitQueueTest, CloseRefusesWhatWaitsAndWhatComes) {
  Gate gate;
  CommitQueue queue({}, &clock_, Gated(&gate));
  Results results, refused;
  queue.Submit(MakeWork(results.Callback()));
  gate.AwaitArrival();
  queue.Submit(MakeWork(refused.Callback()));
  std::thread closer([&] { queue.Close(); });
  EXPECT_EQ(refused.Await(1)[0].status.code(), absl::StatusCode::kUnavailable);
  queue.Submit(MakeWork(refused.Callback()));
  EXPECT_EQ(refused.Await(2)[1].status.code(), absl::StatusCode::kUnavailable);
  gate.Open();
  closer.join();
  EXPECT_EQ(results.size(), 1u);  // Close waited for the group
}

TEST_F(CommitQueueTest, ManyThreadsLoseNothingAndShareGroups) {
  CommitQueue queue(
      {}, &clock_,
      [this, count = Counting()](const std::vector<const Work*>& g) mutable {
        std::this_thread::yield();  // others get to submit meanwhile
        return count(g);
      });
  constexpr int kThreads = 8, kEach = 2000;
  Results results;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        queue.Submit(MakeWork(results.Callback()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(results.Await(kThreads * kEach).size(),
            static_cast<size_t>(kThreads * kEach));
  EXPECT_EQ(revision_, static_cast<uint64_t>(kThreads * kEach));
}

}  // namespace
}  // namespace keyward::kv
