// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/policy_follower.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"
#include "libs/policy/snapshot_codec.h"
#include "services/gateway/policy_view.h"

namespace keyward::gateway {
namespace {

using Update = internal::policy::v1::FollowSnapshotsResponse;
using Done = absl::AnyInvocable<void(absl::StatusOr<Update>)>;

// More than a step takes here, sanitizers included.
constexpr absl::Duration kPatience = absl::Seconds(20);

Update Whole(uint64_t revision) {
  Update update;
  *update.mutable_chunk() =
      policy::EncodeSnapshot(*policy::TestState(revision)).front();
  return update;
}

Update DeltaTo(uint64_t revision) {
  Update update;
  update.mutable_delta()->set_revision(revision);
  return update;
}

// A policy service that says what the test wants, whoever follows, and hangs
// while the test says nothing.
class ScriptedPolicy final : public rpc::SnapshotFeed {
 public:
  std::unique_ptr<rpc::SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override {
    class Follower final : public rpc::SnapshotFollower {
     public:
      explicit Follower(ScriptedPolicy* policy) : policy_(policy) {}
      void Next(Done done) override { policy_->Ask(std::move(done)); }

     private:
      ScriptedPolicy* const policy_;
    };
    MutexLock l(&mu_);
    known_.push_back(known_revision);
    asked_.SignalAll();
    return std::make_unique<Follower>(this);
  }

  void Say(absl::StatusOr<Update> update) {
    Done done;
    {
      MutexLock l(&mu_);
      if (!waiting_.has_value()) {
        said_.push_back(std::move(update));
        return;
      }
      done = *std::exchange(waiting_, std::nullopt);
    }
    done(std::move(update));
  }

  // With which revision it was followed for the nth time, from 0 on; -1 if
  // that does not happen.
  int64_t KnownAt(size_t n) {
    const SystemClock clock;
    const SteadyTime end = clock.SteadyNow() + kPatience;
    MutexLock l(&mu_);
    while (known_.size() <= n) {
      if (!asked_.WaitUntil(&mu_, clock, end)) return -1;
    }
    return static_cast<int64_t>(known_[n]);
  }

 private:
  void Ask(Done done) {
    absl::StatusOr<Update> update;
    {
      MutexLock l(&mu_);
      if (said_.empty()) {
        waiting_ = std::move(done);
        return;
      }
      update = std::move(said_.front());
      said_.pop_front();
    }
    done(std::move(update));
  }

  Mutex mu_;
  CondVar asked_;
  std::vector<uint64_t> known_ ABSL_GUARDED_BY(mu_);
  std::deque<absl::StatusOr<Update>> said_ ABSL_GUARDED_BY(mu_);
  std::optional<Done> waiting_ ABSL_GUARDED_BY(mu_);
};

// An audit that knows its fence, or is away.
class FencedAudit final : public rpc::AuditLog {
 public:
  void Append(rpc::AppendItem, rpc::AppendDone) override {}
  absl::StatusOr<uint64_t> RaiseFence(uint64_t, SteadyTime) override {
    return absl::UnimplementedError("not asked here");
  }
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime) override {
    MutexLock l(&mu_);
    asked_ = true;
    if (fence_ == 0) return absl::UnavailableError("away");
    return rpc::LogState{fence_, 0, 0};
  }
  void SetFence(uint64_t fence) {
    MutexLock l(&mu_);
    fence_ = fence;
  }
  bool asked() {
    MutexLock l(&mu_);
    return asked_;
  }

 private:
  Mutex mu_;
  uint64_t fence_ ABSL_GUARDED_BY(mu_) = 1;
  bool asked_ ABSL_GUARDED_BY(mu_) = false;
};

class PolicyFollowerTest : public testing::Test {
 protected:
  void Follow() {
    follower_ = std::make_unique<PolicyFollower>(
        &clock_, &policy_, &audit_, policy::PublicActions().value(), &view_,
        &log_);
  }

  // Whether `revision` is staged in time.
  bool Stages(uint64_t revision) {
    const absl::Time end = absl::Now() + kPatience;
    while (view_.newest_staged() != revision) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }

  // The revision in force, 0 if none is.
  uint64_t InForce() {
    const SnapshotPtr snapshot = view_.Current();
    return snapshot == nullptr ? 0 : snapshot->revision();
  }
  bool ComesIntoForce(uint64_t revision) {
    const absl::Time end = absl::Now() + kPatience;
    while (InForce() != revision) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }

  SystemClock clock_;
  MemoryLogSink sink_;
  Logger log_{"test", LogLevel::kError, &clock_, &sink_};
  ScriptedPolicy policy_;
  FencedAudit audit_;
  PolicyView view_;
  std::unique_ptr<PolicyFollower> follower_;
};

TEST_F(PolicyFollowerTest, TheFirstSnapshotComesIntoForceAtAuditsFence) {
  Follow();
  EXPECT_EQ(policy_.KnownAt(0), 0);
  policy_.Say(Whole(1));
  EXPECT_TRUE(ComesIntoForce(1));
}

TEST_F(PolicyFollowerTest, P8_APolicyThatRefusesIsAskedAgainForWhatIsMissing) {
  Follow();
  policy_.Say(absl::UnavailableError("away"));
  EXPECT_EQ(policy_.KnownAt(1), 0);
  EXPECT_EQ(InForce(), 0u);
  policy_.Say(Whole(1));
  ASSERT_TRUE(ComesIntoForce(1));
  policy_.Say(absl::UnavailableError("away"));
  EXPECT_EQ(policy_.KnownAt(2), 1) << "only what changed since is asked for";
  EXPECT_EQ(InForce(), 1u);
}

TEST_F(PolicyFollowerTest, P8_APolicyThatHangsLeavesInForceWhatIs) {
  Follow();
  policy_.Say(Whole(1));
  ASSERT_TRUE(ComesIntoForce(1));
  follower_.reset();  // does not wait for it
  EXPECT_EQ(InForce(), 1u);
}

TEST_F(PolicyFollowerTest, P8_NonsenseFromPolicyChangesNothing) {
  Follow();
  policy_.Say(Whole(1));
  ASSERT_TRUE(ComesIntoForce(1));
  size_t followed = 1;
  for (const Update& nonsense : {Update(), DeltaTo(3), DeltaTo(1)}) {
    policy_.Say(nonsense);
    // From now on nothing that was assembled is built on.
    EXPECT_EQ(policy_.KnownAt(followed++), 0);
    EXPECT_EQ(InForce(), 1u);
    EXPECT_EQ(view_.newest_staged(), 1u);
    policy_.Say(Whole(1));
  }
  policy_.Say(DeltaTo(2));
  EXPECT_TRUE(Stages(2));
}

TEST_F(PolicyFollowerTest, P8_WithoutAuditNothingComesIntoForce) {
  audit_.SetFence(0);
  Follow();
  policy_.Say(Whole(1));
  EXPECT_EQ(policy_.KnownAt(1), 0);
  EXPECT_EQ(InForce(), 0u);
  audit_.SetFence(1);
  policy_.Say(Whole(1));
  EXPECT_TRUE(ComesIntoForce(1));
}

TEST_F(PolicyFollowerTest, P2_WhatPolicySendsAheadOfTheFenceWaitsForIt) {
  Follow();
  policy_.Say(Whole(1));
  ASSERT_TRUE(ComesIntoForce(1));
  policy_.Say(DeltaTo(2));
  ASSERT_TRUE(Stages(2));
  EXPECT_EQ(InForce(), 1u);
  view_.OnFence(2);
  EXPECT_EQ(InForce(), 2u);
}

// As when a gateway starts while a change is durable and not in force yet: no
// call gets as far as audit, so that no answer tells it of the fence.
TEST_F(PolicyFollowerTest, P8_WhatWasAheadOfTheFenceIsUsedOnceItIsInForce) {
  Follow();
  policy_.Say(Whole(2));
  const absl::Time end = absl::Now() + kPatience;
  while (!audit_.asked() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  ASSERT_TRUE(Stages(2));
  EXPECT_EQ(InForce(), 0u);
  audit_.SetFence(2);
  EXPECT_TRUE(ComesIntoForce(2));
}

}  // namespace
}  // namespace keyward::gateway
