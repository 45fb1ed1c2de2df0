// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/entry_feed.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/fake_log_store.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/mutex.h"

namespace keyward::audit_service {
namespace {

// Where an answer of a stream arrives.
class Received {
 public:
  absl::AnyInvocable<void(absl::StatusOr<rpc::EntryRange>)> Into() {
    return [this](absl::StatusOr<rpc::EntryRange> range) {
      MutexLock l(&mu_);
      ranges_.push_back(std::move(range));
      arrived_.SignalAll();
    };
  }
  size_t count() {
    MutexLock l(&mu_);
    return ranges_.size();
  }
  absl::StatusOr<rpc::EntryRange> Wait(size_t n) {
    MutexLock l(&mu_);
    while (ranges_.size() <= n) {
      if (!arrived_.WaitFor(&mu_, absl::Seconds(30))) {
        return absl::DeadlineExceededError("no answer");
      }
    }
    return ranges_[n];
  }

 private:
  Mutex mu_;
  CondVar arrived_;
  std::vector<absl::StatusOr<rpc::EntryRange>> ranges_ ABSL_GUARDED_BY(mu_);
};

class EntryFeedTest : public ::testing::Test {
 protected:
  EntryFeedTest() {
    EntryFeed::Dependencies dependencies;
    dependencies.reader = &reader_;
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.worker = &worker_;
    dependencies.size = [this] { return size_.load(); };
    dependencies.serving = [this] { return serving_.load(); };
    feed_ = std::make_shared<EntryFeed>(std::move(dependencies));
  }
  ~EntryFeedTest() override { feed_->Close(); }

  // The store is written only while no stream reads.
  void Append(const std::vector<std::string>& leaves) {
    store_.Append(leaves);
    size_ += leaves.size();
    feed_->Grown();
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  FakeTimer timer_{&clock_};
  audit::FakeLogStore store_;
  audit::LogReader reader_{&store_};
  std::atomic<uint64_t> size_{0};
  std::atomic<bool> serving_{true};
  Received received_;
  Worker worker_{16};
  std::shared_ptr<EntryFeed> feed_;
};

TEST_F(EntryFeedTest, StreamGetsEveryLeafOnceAndInOrder) {
  Append({"a", "b"});
  Append({"c"});
  auto follower = feed_->Follow(1);
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(0).value().first_index, 1u);
  EXPECT_EQ(received_.Wait(0).value().leaves, std::vector<std::string>{"b"});
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(1).value().leaves, std::vector<std::string>{"c"});
}

TEST_F(EntryFeedTest, StreamWithoutStartSeesWhatComesFromNowOn) {
  Append({"old"});
  auto follower = feed_->Follow(std::nullopt);
  follower->Next(received_.Into());
  EXPECT_EQ(received_.count(), 0u);
  Append({"new"});
  EXPECT_EQ(received_.Wait(0).value().first_index, 1u);
  EXPECT_EQ(received_.Wait(0).value().leaves, std::vector<std::string>{"new"});
}

TEST_F(EntryFeedTest, IdleStreamIsToldSoAfterTenSeconds) {
  auto follower = feed_->Follow(std::nullopt);
  follower->Next(received_.Into());
  timer_.Advance(absl::Seconds(9));
  EXPECT_EQ(received_.count(), 0u);
  timer_.Advance(absl::Seconds(1));
  EXPECT_TRUE(received_.Wait(0).value().leaves.empty());
  follower->Next(received_.Into());
  Append({"later"});
  EXPECT_EQ(received_.Wait(1).value().leaves,
            std::vector<std::string>{"later"});
}

TEST_F(EntryFeedTest, DestroyedStreamIsNotAnswered) {
  auto follower = feed_->Follow(std::nullopt);
  follower->Next(received_.Into());
  follower.reset();
  Append({"x"});
  timer_.Advance(absl::Seconds(20));
  EXPECT_EQ(received_.count(), 0u);
}

TEST_F(EntryFeedTest, P8_ClosedFeedAnswersUnavailable) {
  auto follower = feed_->Follow(std::nullopt);
  follower->Next(received_.Into());
  feed_->Close();
  EXPECT_EQ(received_.Wait(0).status().code(), absl::StatusCode::kUnavailable);
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(1).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EntryFeedTest, P8_NothingIsShownBeforeTheLogServes) {
  Append({"a"});
  serving_ = false;
  auto follower = feed_->Follow(0);
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(0).status().code(), absl::StatusCode::kUnavailable);
  serving_ = true;
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(1).value().leaves, std::vector<std::string>{"a"});
}

TEST_F(EntryFeedTest, SecondCallAtATimeIsRefused) {
  auto follower = feed_->Follow(std::nullopt);
  follower->Next(received_.Into());
  follower->Next(received_.Into());
  EXPECT_EQ(received_.Wait(0).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EntryFeedTest, StreamsAreBounded) {
  std::vector<std::unique_ptr<rpc::EntryFollower>> followers;
  for (size_t i = 0; i < EntryFeed::kMaxFollowers; ++i) {
    followers.push_back(feed_->Follow(std::nullopt));
  }
  auto extra = feed_->Follow(std::nullopt);
  extra->Next(received_.Into());
  EXPECT_EQ(received_.Wait(0).status().code(), absl::StatusCode::kUnavailable);
  followers.pop_back();
  followers.push_back(feed_->Follow(std::nullopt));
  followers.back()->Next(received_.Into());
  EXPECT_EQ(received_.count(), 1u);
}

}  // namespace
}  // namespace keyward::audit_service
