// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/snapshot_publisher.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/snapshot_codec.h"

namespace keyward::policy_service {
namespace {

using policy::PolicyDelta;
using policy::PolicyState;
using policy::PolicyUpdate;

// A follower that asks for the next update as soon as it has one, as gateways
// do, and keeps what it was given.
class Reader {
 public:
  Reader(SnapshotPublisher* publisher, uint64_t known)
      : follower_(publisher->FollowSnapshots(known)) {
    Ask();
  }

  void Ask() {
    follower_->Next([this](absl::StatusOr<PolicyUpdate> update) {
      if (!update.ok()) {
        over = update.status();
        return;
      }
      updates.push_back(*std::move(update));
      Ask();
    });
  }

  std::vector<PolicyUpdate> updates;
  absl::Status over;

 private:
  std::unique_ptr<rpc::SnapshotFollower> follower_;
};

class SnapshotPublisherTest : public testing::Test {
 protected:
  // Publishes the next revision, with one role more.
  void PublishNext(size_t bytes = 10) {
    PolicyDelta delta;
    delta.set_revision(state_.revision() + 1);
    policy::v1::Role role = policy::TestRole(
        absl::StrCat("system/roles/r", delta.revision()), {"keys.get"});
    role.set_description(std::string(bytes, 'd'));
    *delta.add_entries() = policy::TestEntry(std::move(role));
    ASSERT_TRUE(state_.Apply(delta).ok());
    publisher_.Publish(std::make_shared<const PolicyState>(state_), &delta);
  }

  void PublishWhole(uint64_t revision) {
    state_.set_revision(revision);
    publisher_.Publish(std::make_shared<const PolicyState>(state_), nullptr);
  }

  PolicyState state_;
  SnapshotPublisher publisher_;
};

TEST_F(SnapshotPublisherTest, P2_SendsNothingBeforeTheFirstPublish) {
  Reader reader(&publisher_, 0);
  EXPECT_TRUE(reader.updates.empty());
  PublishWhole(3);
  ASSERT_EQ(reader.updates.size(), 1u);
  EXPECT_EQ(reader.updates[0].chunk().revision(), 3u);
}

TEST_F(SnapshotPublisherTest, ANewcomerGetsTheWholeAndThenChanges) {
  PublishWhole(3);
  Reader reader(&publisher_, 0);
  PublishNext();
  PublishNext();
  ASSERT_EQ(reader.updates.size(), 3u);
  EXPECT_TRUE(reader.updates[0].has_chunk());
  EXPECT_EQ(reader.updates[1].delta().revision(), 4u);
  EXPECT_EQ(reader.updates[2].delta().revision(), 5u);
}

TEST_F(SnapshotPublisherTest, WhoIsAFewRevisionsBehindGetsTheChanges) {
  PublishWhole(3);
  PublishNext();
  PublishNext();
  Reader reader(&publisher_, 3);
  ASSERT_EQ(reader.updates.size(), 2u);
  EXPECT_EQ(reader.updates[0].delta().revision(), 4u);
  Reader newest(&publisher_, 5);
  EXPECT_TRUE(newest.updates.empty());
}

TEST_F(SnapshotPublisherTest, WhoIsTooFarBehindOrAheadGetsTheWhole) {
  PublishWhole(3);
  for (size_t i = 0; i <= SnapshotPublisher::kMaxKeptChanges; ++i) {
    PublishNext();
  }
  Reader behind(&publisher_, 3);
  ASSERT_FALSE(behind.updates.empty());
  EXPECT_TRUE(behind.updates[0].has_chunk());
  // From another history, such as one before a restore.
  Reader ahead(&publisher_, 9999);
  ASSERT_FALSE(ahead.updates.empty());
  EXPECT_TRUE(ahead.updates[0].has_chunk());
}

TEST_F(SnapshotPublisherTest, KeepsABoundedAmountOfChanges) {
  PublishWhole(1);
  for (int i = 0; i < 12; ++i) PublishNext(500000);
  Reader reader(&publisher_, 1);
  EXPECT_TRUE(reader.updates[0].has_chunk());
}

TEST_F(SnapshotPublisherTest, AWholePolicyEndsTheChangesBeforeIt) {
  PublishWhole(3);
  PublishNext();
  PublishWhole(90);
  Reader reader(&publisher_, 3);
  ASSERT_EQ(reader.updates.size(), 1u);
  EXPECT_EQ(reader.updates[0].chunk().revision(), 90u);
}

TEST_F(SnapshotPublisherTest, WhatIsSentAssemblesToTheNewestPolicy) {
  PublishWhole(3);
  for (int i = 0; i < 4; ++i) PublishNext(900000);
  Reader reader(&publisher_, 0);
  PublishNext();
  policy::SnapshotAssembler assembler;
  std::shared_ptr<const PolicyState> newest;
  for (PolicyUpdate& update : reader.updates) {
    newest = assembler.Take(std::move(update)).value();
  }
  ASSERT_NE(newest, nullptr);
  EXPECT_EQ(newest->revision(), 8u);
  EXPECT_EQ(newest->roles().size(), 5u);
}

TEST_F(SnapshotPublisherTest, EveryStreamEndsWhenItCloses) {
  PublishWhole(3);
  Reader waiting(&publisher_, 3);
  publisher_.Close();
  EXPECT_EQ(waiting.over.code(), absl::StatusCode::kUnavailable);
  Reader late(&publisher_, 0);
  EXPECT_EQ(late.over.code(), absl::StatusCode::kUnavailable);
}

TEST_F(SnapshotPublisherTest, ADestroyedFollowerIsNotAnswered) {
  PublishWhole(3);
  auto follower = publisher_.FollowSnapshots(3);
  bool answered = false;
  follower->Next(
      [&answered](absl::StatusOr<PolicyUpdate>) { answered = true; });
  follower.reset();
  PublishNext();
  EXPECT_FALSE(answered);
}

TEST_F(SnapshotPublisherTest, AFollowerMayOutliveThePublisher) {
  auto publisher = std::make_unique<SnapshotPublisher>();
  Reader reader(publisher.get(), 0);
  publisher.reset();
  EXPECT_EQ(reader.over.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace keyward::policy_service
