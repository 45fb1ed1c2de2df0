// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/stream_call.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/pipeline_test_kit.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using audit::v1::ENTRY_KIND_STREAM_CLOSED;
using audit::v1::ENTRY_KIND_STREAM_OPENED;
using secrets::v1::WatchSecretsResponse;
using testing::ElementsAre;

constexpr char kOther[] = "projects/default/secrets/other";

class StreamCallTest : public PipelineTest {
 protected:
  std::shared_ptr<ManualWriter> Watch(const std::string& principal) {
    auto writer = std::make_shared<ManualWriter>();
    secrets::v1::WatchSecretsRequest request;
    request.set_parent("projects/default");
    request.set_position("here");
    pipeline_->HandleStream(NewCall(principal, "WatchSecrets", request),
                            writer);
    return writer;
  }

  void TearDown() override {
    if (writer_ != nullptr && !writer_->finished.has_value()) {
      writer_->cancelled(absl::CancelledError("gone"));
    }
    writer_ = nullptr;
    PipelineTest::TearDown();
  }

  static std::vector<std::string> Names(const ManualWriter& writer) {
    std::vector<std::string> names;
    for (const auto& message : writer.written) {
      names.push_back(
          static_cast<const WatchSecretsResponse&>(*message).event().name());
    }
    return names;
  }

  std::shared_ptr<ManualWriter> writer_;
};

TEST_F(StreamCallTest, P1_OpeningIsOnRecordBeforeTheFeedIsRead) {
  log_.held = true;
  writer_ = Watch(kReader);
  EXPECT_EQ(events_.next, nullptr);
  log_.Release();
  EXPECT_NE(events_.next, nullptr);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_STREAM_OPENED).size(), 1u);
  EXPECT_EQ(events_.position, "here");
  EXPECT_EQ(events_.project_uid, "uid-of-default");
}

TEST_F(StreamCallTest, P1_ACallerWithoutAnyRightThereIsDenied) {
  writer_ = Watch(kStranger);
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kPermissionDenied);
}

TEST_F(StreamCallTest, P1_OnlyEventsThatTheCallerMaySeeAreWritten) {
  writer_ = Watch(kReader);
  events_.Send({kOther, kSecretName});
  EXPECT_THAT(Names(*writer_), ElementsAre(kSecretName));
}

TEST_F(StreamCallTest, P2_AMessageIsWrittenOnlyAfterItsCheckAtTheFence) {
  writer_ = Watch(kReader);
  log_.held = true;
  events_.Send({kSecretName});
  EXPECT_TRUE(writer_->written.empty());
  log_.Release();
  EXPECT_EQ(writer_->written.size(), 1u);
}

TEST_F(StreamCallTest, P2_AMessageIsDecidedAgainWhenThePolicyMovedOn) {
  writer_ = Watch(kReader);
  Stage(2, {});
  log_.held = true;
  events_.Send({kSecretName});
  PutInForce(2);
  log_.Release();
  EXPECT_TRUE(writer_->written.empty());
  log_.Release();
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kPermissionDenied);
}

TEST_F(StreamCallTest, P2_AnIdleStreamEndsWhenThePolicyNoLongerAllowsIt) {
  writer_ = Watch(kReader);
  Stage(2, {});
  pipeline_->view().OnFence(2);
  PutInForce(2);
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kPermissionDenied);
}

TEST_F(StreamCallTest, AnIdleStreamEndsWhenTheCredentialExpires) {
  callers_.expire_time = clock_.Now() + absl::Minutes(5);
  writer_ = Watch(kReader);
  PassTime(absl::Minutes(4));
  EXPECT_FALSE(writer_->finished.has_value());
  PassTime(absl::Minutes(1));
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
}

TEST_F(StreamCallTest, AnIdleStreamEndsAtItsCredentialsTimeOfDay) {
  callers_.expire_time = clock_.Now() + absl::Hours(5);
  writer_ = Watch(kReader);
  clock_.Set(callers_.expire_time);
  PassTime(absl::Seconds(1));
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
}

// A bundle or a key set is replaced while a stream is open.
TEST_F(StreamCallTest,
       P1_AnIdleStreamEndsWhenItsCredentialIsNotBelievedAnyMore) {
  writer_ = Watch(kReader);
  callers_.believed = false;
  PassTime(absl::Seconds(1));
  EXPECT_FALSE(writer_->finished.has_value());
  ++callers_.rules;
  PassTime(CallRegistry::kSweepInterval);
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(writer_->finished->message(),
            "the stream's credential is no longer believed: unknown authority");
  const auto closed = log_.OfKind(ENTRY_KIND_STREAM_CLOSED);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].code(), 16);
  EXPECT_TRUE(pipeline_->AwaitCalls(absl::ZeroDuration()));
}

TEST_F(StreamCallTest, P1_NoMessageIsWrittenToWhomIsNotBelievedAnyMore) {
  writer_ = Watch(kReader);
  callers_.believed = false;
  ++callers_.rules;
  // Before anything else has noticed.
  events_.Send({kSecretName});
  EXPECT_TRUE(writer_->written.empty());
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
}

// The rules changed between the verification and the end of the opening.
TEST_F(StreamCallTest, P1_AStreamThatOpensDuringAChangeIsAskedAgain) {
  log_.held = true;
  writer_ = Watch(kReader);
  callers_.believed = false;
  ++callers_.rules;
  PassTime(CallRegistry::kSweepInterval);
  log_.held = false;
  log_.Release();
  PassTime(CallRegistry::kSweepInterval);
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
}

TEST_F(StreamCallTest, AStreamThatIsStillBelievedGoesOnAndIsAskedOnce) {
  writer_ = Watch(kReader);
  ++callers_.rules;
  PassTime(absl::Seconds(1));
  events_.Send({kSecretName});
  PassTime(absl::Seconds(1));
  EXPECT_EQ(writer_->written.size(), 1u);
  EXPECT_FALSE(writer_->finished.has_value());
  EXPECT_EQ(callers_.asked_again, 1);
}

TEST_F(StreamCallTest, ACredentialThatIsBelievedForLessLongEndsSooner) {
  callers_.expire_time = clock_.Now() + absl::Minutes(5);
  writer_ = Watch(kReader);
  callers_.expire_time = clock_.Now() + absl::Minutes(2);
  ++callers_.rules;
  PassTime(absl::Minutes(1));
  EXPECT_FALSE(writer_->finished.has_value());
  PassTime(absl::Minutes(1));
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(writer_->finished->message(), "the credential has expired");
}

TEST_F(StreamCallTest, AtMostOneMessageIsInFlight) {
  writer_ = Watch(kReader);
  writer_->held = true;
  events_.Send({kSecretName, kSecretName});
  EXPECT_EQ(writer_->written.size(), 1u);
  auto done = std::move(writer_->in_flight);
  writer_->in_flight = nullptr;
  writer_->held = false;
  done(true);
  EXPECT_EQ(writer_->written.size(), 2u);
}

TEST_F(StreamCallTest, AStreamDoesNotEndWhileAWriteIsInFlight) {
  writer_ = Watch(kReader);
  writer_->held = true;
  events_.Send({kSecretName});
  writer_->cancelled(absl::CancelledError("gone"));
  EXPECT_FALSE(writer_->finished.has_value());
  auto done = std::move(writer_->in_flight);
  writer_->in_flight = nullptr;
  done(false);
  EXPECT_TRUE(writer_->finished.has_value());
}

TEST_F(StreamCallTest, TheEndIsOnRecordWithNumberAndPosition) {
  writer_ = Watch(kReader);
  events_.Send({kSecretName});
  writer_->cancelled(absl::CancelledError("gone"));
  auto closed = log_.OfKind(ENTRY_KIND_STREAM_CLOSED);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].count(), 1u);
  EXPECT_EQ(closed[0].detail(), absl::StrCat("after-", kSecretName));
}

// Found by a review: each step ran inside the one before it, and a hundred
// thousand events that a caller may not see overran the stack.
TEST_F(StreamCallTest, P8_ItemsThatTheCallerMayNotSeeDoNotDeepenTheStack) {
  writer_ = Watch(kReader);
  events_.Send(std::vector<std::string>(200000, kOther));
  EXPECT_EQ(writer_->written.size(), 1u);
  EXPECT_FALSE(writer_->finished.has_value());
}

TEST_F(StreamCallTest, ACallerThatMaySeeNothingOfABatchGetsABookmark) {
  writer_ = Watch(kReader);
  events_.Send({kOther, kOther});
  ASSERT_EQ(writer_->written.size(), 1u);
  const auto& bookmark =
      static_cast<const WatchSecretsResponse&>(*writer_->written[0]);
  EXPECT_FALSE(bookmark.has_event());
  EXPECT_EQ(bookmark.position(), "next");
}

TEST_F(StreamCallTest, P2_AClientThatStopsReadingDoesNotKeepARevokedStream) {
  writer_ = Watch(kReader);
  writer_->held = true;
  events_.Send({kSecretName});
  Stage(2, {});
  pipeline_->view().OnFence(2);
  PutInForce(2);
  EXPECT_FALSE(writer_->finished.has_value());
  PassTime(StreamCall::kLastWrite / 2);
  EXPECT_FALSE(writer_->aborted);
  PassTime(StreamCall::kLastWrite);
  EXPECT_TRUE(writer_->aborted);
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_STREAM_CLOSED).size(), 1u);
}

class LimitedStreamsTest : public StreamCallTest {
 protected:
  LimitedStreamsTest() { max_streams_of_principal_ = 1; }
};

TEST_F(LimitedStreamsTest, P8_OnePrincipalCannotTakeEveryPlace) {
  writer_ = Watch(kReader);
  const auto second = Watch(kReader);
  ASSERT_TRUE(second->finished.has_value());
  EXPECT_EQ(second->finished->code(), StatusCode::kResourceExhausted);
  const auto opened = log_.OfKind(ENTRY_KIND_STREAM_OPENED);
  ASSERT_EQ(opened.size(), 2u);
  EXPECT_EQ(opened[1].code(), 8);
  writer_->cancelled(absl::CancelledError("gone"));
  writer_ = Watch(kReader);
  EXPECT_FALSE(writer_->finished.has_value());
}

TEST_F(StreamCallTest, AnIdleWatchGetsABookmark) {
  writer_ = Watch(kReader);
  events_.Send({});
  ASSERT_EQ(writer_->written.size(), 1u);
  const auto& bookmark =
      static_cast<const WatchSecretsResponse&>(*writer_->written[0]);
  EXPECT_FALSE(bookmark.has_event());
  EXPECT_EQ(bookmark.position(), "next");
}

TEST_F(StreamCallTest, P8_AnAuditThatFailsEndsTheStreamUnwritten) {
  writer_ = Watch(kReader);
  log_.instead = rpc::AppendResult();
  events_.Send({kSecretName});
  EXPECT_TRUE(writer_->written.empty());
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnavailable);
}

TEST_F(StreamCallTest, P8_AnOpeningThatHangsIsAnsweredInTime) {
  log_.held = true;
  writer_ = Watch(kReader);
  PassTime(absl::Seconds(11));
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kUnavailable);
  log_.Release();
  EXPECT_EQ(events_.next, nullptr);
}

TEST_F(StreamCallTest, TheEndDropsWhatWaitsForTheFeed) {
  writer_ = Watch(kReader);
  ASSERT_NE(events_.next, nullptr);
  writer_->cancelled(absl::CancelledError("gone"));
  EXPECT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(events_.next, nullptr);
  EXPECT_TRUE(pipeline_->AwaitCalls(absl::ZeroDuration()));
}

TEST_F(StreamCallTest, WhatTheFeedAnswersAfterTheEndIsNotWritten) {
  writer_ = Watch(kReader);
  // As if another thread had taken it to answer it just before the end.
  ManualEventFeed::Done late = std::exchange(events_.next, nullptr);
  writer_->cancelled(absl::CancelledError("gone"));
  EXPECT_FALSE(pipeline_->AwaitCalls(absl::ZeroDuration()));
  rpc::EventRange range;
  range.events.emplace_back().set_name(kSecretName);
  late(range);
  late = nullptr;
  EXPECT_TRUE(writer_->written.empty());
  EXPECT_TRUE(pipeline_->AwaitCalls(absl::ZeroDuration()));
}

TEST_F(StreamCallTest, AFeedThatEndsEndsTheStreamWithItsError) {
  writer_ = Watch(kReader);
  auto next = std::move(events_.next);
  events_.next = nullptr;
  next(absl::FailedPreconditionError("compacted"));
  ASSERT_TRUE(writer_->finished.has_value());
  EXPECT_EQ(writer_->finished->code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::gateway
