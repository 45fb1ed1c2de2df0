// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_feed.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/event_reader.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;
using keyward::internal::store::v1::StoredEvent;
using Events = absl::StatusOr<rpc::EventRange>;

class EventFeedTest : public StoreFixture {
 protected:
  std::unique_ptr<rpc::EventFollower> Follow(const std::string& position = "") {
    return core_->FollowEvents(kTestProjectUid, position);
  }

  static std::future<Events> Ask(rpc::EventFollower& follower) {
    auto promise = std::make_shared<std::promise<Events>>();
    std::future<Events> future = promise->get_future();
    follower.Next(
        [promise](Events events) { promise->set_value(std::move(events)); });
    return future;
  }
  static Events Next(rpc::EventFollower& follower) {
    return Ask(follower).get();
  }

  std::string PositionNow() {
    secrets::ListSecretsRequest request;
    request.set_parent(kTestProject);
    auto page = StoreFixture::Ask<secrets::ListSecretsResponse>(request);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->watch_position() : "";
  }

  void ExpectReason(const std::string& position, const char* reason) {
    const auto follower = Follow(position);
    const absl::Status status = Next(*follower).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }
};

TEST_F(EventFeedTest, EveryKindOfChangeIsAnEventOnceAndInOrder) {
  const auto follower = Follow();
  Create("db", "one");
  Add("db", "two");
  secrets::RollbackSecretRequest rollback;
  rollback.set_name(Name("db"));
  ASSERT_TRUE(Call(rollback).status.ok());
  secrets::DisableSecretVersionRequest disable;
  disable.set_name(Name("db") + "/versions/2");
  ASSERT_TRUE(Call(disable).status.ok());
  ASSERT_TRUE(Delete("db").ok());
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  const std::vector<std::pair<int, int64_t>> expected = {
      {secrets::SECRET_EVENT_KIND_CREATED, 1},
      {secrets::SECRET_EVENT_KIND_VERSION_ADDED, 2},
      {secrets::SECRET_EVENT_KIND_VERSION_PROMOTED, 1},
      {secrets::SECRET_EVENT_KIND_VERSION_DISABLED, 2},
      {secrets::SECRET_EVENT_KIND_DELETED, 0},
      {secrets::SECRET_EVENT_KIND_PURGED, 0}};
  const Events events = Next(*follower);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->events.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const StoredEvent& event = events->events[i];
    EXPECT_EQ(event.number(), i + 1);
    EXPECT_EQ(event.name(), Name("db"));
    EXPECT_EQ(event.kind(), expected[i].first) << i;
    EXPECT_EQ(event.version(), expected[i].second) << i;
  }
}

TEST_F(EventFeedTest, ARefusedOrRepeatedChangeIsNoEvent) {
  auto request = CreateRequest("db", "one");
  request.set_request_id("1");
  const auto follower = Follow();
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_FALSE(Call(CreateRequest("db", "two")).status.ok());
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

TEST_F(EventFeedTest, AWaitingFollowerIsWokenByTheChange) {
  const auto follower = Follow();
  auto waiting = Ask(*follower);
  Create("db", "one");
  const Events events = waiting.get();
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->events.size(), 1u);
  EXPECT_EQ(events->events[0].name(), Name("db"));
}

// While nobody waits the feed's thread does not look at changes.
TEST_F(EventFeedTest, WhatHappenedWhileNobodyWaitedIsNotMissed) {
  const auto follower = Follow();
  for (int round = 0; round < 20; ++round) {
    const std::string id = absl::StrCat("s", round);
    Create(id, "one");
    Add(id, "two");
    const Events missed = Next(*follower);
    ASSERT_TRUE(missed.ok()) << missed.status();
    ASSERT_EQ(missed->events.size(), 2u);
    auto waiting = Ask(*follower);
    Add(id, "three");
    const Events events = waiting.get();
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->events.size(), 1u);
    EXPECT_EQ(events->events[0].version(), 3);
  }
}

// Notices that come while waiters are looked for, and found to have nothing,
// are those that are easily lost.
TEST_F(EventFeedTest, AFollowerIsWokenWhileOthersChangesGoOn) {
  const auto follower = Follow();
  std::vector<secrets::CreateSecretRequest> requests;
  std::vector<rpc::CallContext> contexts;
  for (int i = 0; i < 500; ++i) {
    requests.push_back(CreateRequest(absl::StrCat("other", i), "x"));
    contexts.push_back(ContextFor(requests.back()));
    contexts.back().project_uid = "puid2";
  }
  std::thread others([&] {
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_TRUE(Call(contexts[i], requests[i]).status.ok());
    }
  });
  for (int i = 0; i < 100; ++i) {
    auto waiting = Ask(*follower);
    Create(absl::StrCat("s", i), "x");
    const bool woken =
        waiting.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    EXPECT_TRUE(woken) << i;
    if (!woken) break;
    EXPECT_EQ(waiting.get()->events.size(), 1u);
  }
  others.join();
}

TEST_F(EventFeedTest, AnIdleFollowerGetsABookmarkAfterTenSeconds) {
  Create("db", "one");
  const auto follower = Follow();
  auto waiting = Ask(*follower);
  clock_.Advance(EventFeed::kIdle);
  const Events events = waiting.get();
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_TRUE(events->events.empty());
  EXPECT_EQ(events->next_position, PositionNow());
}

TEST_F(EventFeedTest, AListsPositionMissesNothingAfterIt) {
  Create("before", "x");
  const auto follower = Follow(PositionNow());
  Create("after", "x");
  const Events events = Next(*follower);
  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->events.size(), 1u);
  EXPECT_EQ(events->events[0].name(), Name("after"));
}

TEST_F(EventFeedTest, EveryEventsPositionGoesOnAfterIt) {
  const auto follower = Follow();
  for (const char* id : {"a", "b", "c"}) Create(id, "x");
  const Events all = Next(*follower);
  ASSERT_EQ(all->events.size(), 3u);
  EXPECT_EQ(all->events[2].position(), all->next_position);
  const auto second = Follow(all->events[0].position());
  const Events rest = Next(*second);
  ASSERT_EQ(rest->events.size(), 2u);
  EXPECT_EQ(rest->events[0].name(), Name("b"));
}

TEST_F(EventFeedTest, ManyEventsComeInPagesWithoutGaps) {
  const auto follower = Follow();
  Create("db", "x");
  const size_t total = EventReader::kMaxEvents + 5;
  for (size_t i = 1; i < total; ++i) Add("db", "x");
  uint64_t seen = 0;
  while (seen < total) {
    const Events events = Next(*follower);
    ASSERT_TRUE(events.ok());
    ASSERT_LE(events->events.size(), EventReader::kMaxEvents);
    for (const StoredEvent& event : events->events) {
      EXPECT_EQ(event.number(), ++seen);
    }
  }
}

TEST_F(EventFeedTest, OtherProjectsEventsAreNotSeen) {
  const auto follower = Follow();
  const auto request = CreateRequest("db", "x");
  rpc::CallContext context = ContextFor(request);
  context.project_uid = "puid2";
  ASSERT_TRUE(Call(context, request).status.ok());
  Create("db", "x");
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

TEST_F(EventFeedTest, APositionSurvivesARestart) {
  const std::string position = PositionNow();
  Create("db", "x");
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.Restart().ok());
  ASSERT_TRUE(Reopen().ok());
  const auto follower = Follow(position);
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

TEST_F(EventFeedTest, APositionFromBeforeARestoreIsForeign) {
  Create("db", "x");
  const std::string position = PositionNow();
  ASSERT_TRUE(Reopen(/*restored=*/true).ok());
  ExpectReason(position, kPositionForeign);
  const auto follower = Follow(PositionNow());
  Create("other", "x");
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

// The data folder alone was put back, without saying so.
TEST_F(EventFeedTest, APositionAfterTheNewestEventIsForeign) {
  Create("db", "x");
  CloseCore();
  faults_.reset();
  disk_.Close();
  const auto old = disk_.Files();
  ASSERT_TRUE(disk_.OpenFiles(old).ok());
  ASSERT_TRUE(Reopen().ok());
  Create("lost", "x");
  const std::string position = PositionNow();
  CloseCore();
  faults_.reset();
  disk_.Close();
  ASSERT_TRUE(disk_.OpenFiles(old).ok());
  ASSERT_TRUE(Reopen().ok());
  ExpectReason(position, kPositionForeign);
}

TEST_F(EventFeedTest, ACompactedPositionSaysToListAgain) {
  const std::string start = PositionNow();
  Create("db", "x");
  const std::string middle = PositionNow();
  clock_.Advance(absl::Hours(24 * 7) + absl::Seconds(1));
  Add("db", "y");
  ASSERT_TRUE(Maintain().ok());
  ExpectReason(start, kPositionCompacted);
  const auto follower = Follow(middle);
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

TEST_F(EventFeedTest, APositionIsCompactedAlsoIfNoEventIsLeft) {
  const std::string start = PositionNow();
  Create("db", "x");
  const std::string end = PositionNow();
  clock_.Advance(absl::Hours(24 * 7) + absl::Seconds(1));
  ASSERT_TRUE(Maintain().ok());
  ExpectReason(start, kPositionCompacted);
  const auto follower = Follow(end);
  Add("db", "y");
  EXPECT_EQ(Next(*follower)->events.size(), 1u);
}

TEST_F(EventFeedTest, MadeUpPositionsAreRefused) {
  const std::string good = PositionNow();
  for (const std::string& bad : {std::string("x"), std::string("AAAA"),
                                 good + "AAAA", std::string(2000, 'A')}) {
    const auto follower = Follow(bad);
    EXPECT_EQ(Next(*follower).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  std::string forged = good;
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  const auto follower = Follow(forged);
  EXPECT_EQ(Next(*follower).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EventFeedTest, AnotherProjectsPositionIsRefused) {
  const std::string position = PositionNow();
  const auto follower = core_->FollowEvents("puid2", position);
  EXPECT_EQ(Next(*follower).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EventFeedTest, AFollowerThatGoesIsNotAnswered) {
  auto follower = Follow();
  auto waiting = Ask(*follower);
  follower.reset();
  EXPECT_THROW(waiting.get(), std::future_error);
}

}  // namespace
}  // namespace keyward::store
