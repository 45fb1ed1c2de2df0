// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/worker.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/mutex.h"

namespace keyward {
namespace {

// A door that stays closed until it is opened, and says who waits.
class Door {
 public:
  void Pass() {
    MutexLock l(&mu_);
    reached_ = true;
    changed_.SignalAll();
    while (!open_) {
      if (!changed_.WaitFor(&mu_, absl::Seconds(20))) break;
    }
  }
  void AwaitReached() {
    MutexLock l(&mu_);
    while (!reached_) {
      if (!changed_.WaitFor(&mu_, absl::Seconds(20))) break;
    }
  }
  void Open() {
    MutexLock l(&mu_);
    open_ = true;
    changed_.SignalAll();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool reached_ ABSL_GUARDED_BY(mu_) = false;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

TEST(WorkerTest, RunsInOrderOfArrival) {
  std::string seen;
  Door done;
  Worker worker(10);
  for (const char c : {'a', 'b', 'c'}) {
    EXPECT_TRUE(worker.Post([&seen, c] { seen.push_back(c); }));
  }
  done.Open();
  EXPECT_TRUE(worker.Post([&done] { done.Pass(); }));
  done.AwaitReached();
  EXPECT_EQ(seen, "abc");
}

TEST(WorkerTest, RefusesWhatExceedsItsCapacity) {
  Door door;
  Worker worker(2);
  EXPECT_TRUE(worker.Post([&door] { door.Pass(); }));
  door.AwaitReached();
  EXPECT_TRUE(worker.Post([] {}));
  EXPECT_TRUE(worker.Post([] {}));
  EXPECT_FALSE(worker.Post([] { ADD_FAILURE(); }));
  door.Open();
}

TEST(WorkerTest, DestructorDropsWhatWaits) {
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> watch = alive;
  Door door;
  std::thread opener;
  {
    Worker worker(2);
    EXPECT_TRUE(worker.Post([&door] { door.Pass(); }));
    door.AwaitReached();
    EXPECT_TRUE(worker.Post([alive = std::move(alive)] { (void)alive; }));
    opener = std::thread([&door] { door.Open(); });
  }
  opener.join();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace keyward
