// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/project_purge.h"

#include <future>
#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

class ProjectPurgeTest : public StoreFixture {
 protected:
  absl::StatusOr<int64_t> Purge(const std::string& uid = kTestProjectUid) {
    return core_->PurgeProject("pay", uid, Deadline());
  }
  size_t Count(const std::string& prefix) {
    kv::RangeOptions options;
    options.keys_only = true;
    return engine()
        ->Range(prefix, kv::PrefixEnd(prefix), options)
        ->entries.size();
  }
};

TEST_F(ProjectPurgeTest, AProjectThatNeverWasIsGone) { EXPECT_EQ(*Purge(), 0); }

TEST_F(ProjectPurgeTest, SecretsAreCountedAndNothingIsRemoved) {
  Create("a", "x");
  Create("b", "x");
  ASSERT_TRUE(Delete("b").ok());
  EXPECT_EQ(*Purge(), 2);
  EXPECT_EQ(Read("a"), "x");
  EXPECT_EQ(Count("key/"), 1u);
}

TEST_F(ProjectPurgeTest, KeysAndEventsGoWithTheLastSecret) {
  Create("a", "x");
  for (int i = 0; i < 250; ++i) Add("a", "x");
  ASSERT_TRUE(Delete("a", /*now=*/true).ok());
  EXPECT_EQ(*Purge(), 0);
  EXPECT_EQ(Count(KeyPrefix(kTestProjectUid)), 0u);
  EXPECT_EQ(Count(EventPrefix(kTestProjectUid)), 0u);
  EXPECT_EQ(*Purge(), 0);
}

TEST_F(ProjectPurgeTest, APositionOfBeforeSkipsNothingIfTheProjectLivesOn) {
  Create("a", "x");
  secrets::ListSecretsRequest request;
  request.set_parent(kTestProject);
  const auto page = Ask<secrets::ListSecretsResponse>(request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_TRUE(Delete("a", /*now=*/true).ok());
  ASSERT_EQ(*Purge(), 0);
  Create("b", "x");
  Create("c", "x");
  const auto follower =
      core_->FollowEvents(kTestProjectUid, page->watch_position());
  std::promise<absl::Status> answered;
  follower->Next([&](absl::StatusOr<rpc::EventRange> events) {
    answered.set_value(events.status());
  });
  EXPECT_EQ(ErrorReason(answered.get_future().get()), kPositionCompacted);
}

TEST_F(ProjectPurgeTest, OtherProjectsKeepWhatTheyHave) {
  const auto request = CreateRequest("a", "x");
  rpc::CallContext context = ContextFor(request);
  context.project_uid = "puid12";
  ASSERT_TRUE(Call(context, request).status.ok());
  EXPECT_EQ(*Purge(), 0);
  EXPECT_EQ(Count(KeyPrefix("puid12")), 1u);
  EXPECT_EQ(Count(EventPrefix("puid12")), 1u);
}

TEST_F(ProjectPurgeTest, WhatCannotBeRemovedIsUnavailable) {
  Create("a", "x");
  ASSERT_TRUE(Delete("a", /*now=*/true).ok());
  faults_->FailCommits(absl::UnavailableError("disk"));
  EXPECT_EQ(Purge().status().code(), absl::StatusCode::kUnavailable);
  faults_->FailCommits(absl::OkStatus(), 0);
  EXPECT_EQ(*Purge(), 0);
}

TEST_F(ProjectPurgeTest, BadNamesAreRefused) {
  EXPECT_EQ(core_->PurgeProject("a/b", "puid1", Deadline()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(core_->PurgeProject("pay", "a/b", Deadline()).status().code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace keyward::store
