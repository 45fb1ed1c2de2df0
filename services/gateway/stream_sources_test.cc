// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// ExportEntries as a stream's source, over an audit that the test moves by
// hand. What a stream does with a source is stream_call_test.cc's.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/base/steady_time.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/gateway/stream_call.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using audit::v1::ExportEntriesResponse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A note with a checkpoint of that size. Nobody looks at its signature here.
std::string Note(uint64_t size) {
  audit::Checkpoint checkpoint;
  checkpoint.origin = "log";
  checkpoint.size = size;
  return absl::StrCat(audit::CheckpointText(checkpoint), "\n",
                      "\xe2\x80\x94 log ",  // an em dash
                      "AAAAAAECAwQ=\n");
}

// Answers each request for a checkpoint when the test says so.
class FakeAudit : public rpc::Owner {
 public:
  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override {
    methods.push_back(context.method);
    deadline = context.deadline;
    EXPECT_EQ(request.GetDescriptor(),
              audit::v1::GetCheckpointRequest::descriptor());
    waiting = std::move(done);
  }

  void Answer(std::unique_ptr<google::protobuf::Message> response) {
    rpc::CallResult result;
    result.response = std::move(response);
    std::exchange(waiting, nullptr)(std::move(result));
  }
  void AnswerCheckpoint(const std::string& note) {
    auto response = std::make_unique<audit::v1::GetCheckpointResponse>();
    response->set_checkpoint(note);
    Answer(std::move(response));
  }

  std::vector<std::string> methods;
  SteadyTime deadline;
  rpc::CallDone waiting;
};

// One follower at a time, which waits for the test's answer.
class FakeFeed : public rpc::AuditFeed {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<rpc::EntryRange>)>;

  std::unique_ptr<rpc::EntryFollower> FollowEntries(
      std::optional<uint64_t> start_index) override {
    class Follower : public rpc::EntryFollower {
     public:
      explicit Follower(FakeFeed* feed) : feed_(feed) { ++feed_->followers; }
      ~Follower() override {
        --feed_->followers;
        const Done dropped = std::exchange(feed_->next, nullptr);
      }
      void Next(Done done) override { feed_->next = std::move(done); }

     private:
      FakeFeed* const feed_;
    };
    starts.push_back(start_index);
    return std::make_unique<Follower>(this);
  }

  // `count` leaves from `first` on; leaf 3 is "leaf 3".
  void Send(uint64_t first, int count) {
    rpc::EntryRange range;
    range.first_index = first;
    for (int i = 0; i < count; ++i) {
      range.leaves.push_back(absl::StrCat("leaf ", first + i));
    }
    std::exchange(next, nullptr)(std::move(range));
  }

  std::vector<std::optional<uint64_t>> starts;
  int followers = 0;
  Done next;
};

class ExportSourceTest : public testing::Test {
 protected:
  ExportSourceTest() {
    parts_.clock = &clock_;
    parts_.audit = &audit_;
    parts_.audit_feed = &feed_;
  }

  void Open(uint64_t start, uint64_t end) {
    MethodRule rule;
    rule.name = "keyward.audit.v1.AuditService.ExportEntries";
    audit::v1::ExportEntriesRequest request;
    request.set_start_index(start);
    request.set_end_index(end);
    auto source = MakeOpener(&parts_, &rule)(rpc::CallContext(), request);
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
  }

  // Asks for the next batch; `batch_` is set when it comes.
  void Next() {
    batch_.reset();
    source_->Next([this](absl::StatusOr<StreamBatch> batch) {
      EXPECT_FALSE(batch_.has_value()) << "answered twice";
      batch_.emplace(std::move(batch));
    });
  }

  // Opens, and passes the step in which the checkpoint comes.
  void Begin(uint64_t start, uint64_t end, uint64_t size) {
    Open(start, end);
    Next();
    audit_.AnswerCheckpoint(Note(size));
    ASSERT_TRUE(batch_.has_value() && batch_->ok()) << batch_->status();
    EXPECT_THAT((*batch_)->items, IsEmpty());
    EXPECT_FALSE((*batch_)->last);
  }

  static const ExportEntriesResponse& At(const StreamBatch& batch, size_t i) {
    return static_cast<const ExportEntriesResponse&>(*batch.items[i].message);
  }

  // The batch is an item of these leaves from `first` on, and then, if it is
  // the last one, the checkpoint.
  void ExpectLeaves(uint64_t first, std::vector<std::string> leaves,
                    std::optional<uint64_t> checkpoint) {
    ASSERT_TRUE(batch_.has_value() && batch_->ok());
    const StreamBatch& batch = **batch_;
    ASSERT_EQ(batch.items.size(), checkpoint.has_value() ? 2u : 1u);
    EXPECT_EQ(At(batch, 0).first_index(), first);
    EXPECT_THAT(At(batch, 0).leaves(), testing::ElementsAreArray(leaves));
    EXPECT_EQ(At(batch, 0).checkpoint(), "");
    EXPECT_EQ(batch.items[0].position, absl::StrCat(first + leaves.size()));
    EXPECT_EQ(batch.last, checkpoint.has_value());
    if (checkpoint.has_value()) ExpectCheckpoint(batch, 1, *checkpoint);
  }

  static void ExpectCheckpoint(const StreamBatch& batch, size_t i,
                               uint64_t size) {
    EXPECT_THAT(At(batch, i).leaves(), IsEmpty());
    EXPECT_EQ(At(batch, i).checkpoint(), Note(size));
    EXPECT_EQ(batch.items[i].position,
              absl::StrCat(At(batch, i).first_index()));
  }

  // The batch is a failure that is not the caller's.
  void ExpectNonsense(const std::string& says) {
    ASSERT_TRUE(batch_.has_value());
    const absl::Status& status = batch_->status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_EQ(ErrorReason(status), kResponseMismatch);
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }

  void ExpectFieldError(const std::string& message) {
    ASSERT_TRUE(batch_.has_value());
    EXPECT_EQ(batch_->status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(batch_->status()), kInvalidField);
    EXPECT_EQ(batch_->status().message(), message);
    EXPECT_THAT(feed_.starts, IsEmpty());
  }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  FakeAudit audit_;
  FakeFeed feed_;
  PipelineParts parts_;
  std::unique_ptr<StreamSource> source_;
  std::optional<absl::StatusOr<StreamBatch>> batch_;
};

TEST_F(ExportSourceTest, TheWholeLogEndsInItsCheckpoint) {
  Begin(0, 0, 5);
  EXPECT_THAT(audit_.methods,
              ElementsAre("keyward.audit.v1.AuditService.GetCheckpoint"));
  EXPECT_EQ(audit_.deadline, clock_.SteadyNow() + absl::Seconds(10));
  Next();
  EXPECT_THAT(feed_.starts, ElementsAre(0u));
  feed_.Send(0, 3);
  ExpectLeaves(0, {"leaf 0", "leaf 1", "leaf 2"}, std::nullopt);
  Next();
  feed_.Send(3, 2);
  ExpectLeaves(3, {"leaf 3", "leaf 4"}, 5);
  EXPECT_EQ(At(**batch_, 1).first_index(), 5u);
  // One checkpoint and one follower for all of it.
  EXPECT_EQ(audit_.methods.size(), 1u);
  EXPECT_EQ(feed_.starts.size(), 1u);
}

TEST_F(ExportSourceTest, ARangeHasItsLeavesAndACheckpointAboveThem) {
  Begin(2, 4, 9);
  Next();
  EXPECT_THAT(feed_.starts, ElementsAre(2u));
  // More than was asked for: the log goes on.
  feed_.Send(2, 7);
  ExpectLeaves(2, {"leaf 2", "leaf 3"}, 9);
  EXPECT_EQ(At(**batch_, 1).first_index(), 4u);
}

TEST_F(ExportSourceTest, ALogThatGrowsMeanwhileEndsWhereItsCheckpointDoes) {
  Begin(0, 0, 2);
  Next();
  feed_.Send(0, 6);
  ExpectLeaves(0, {"leaf 0", "leaf 1"}, 2);
}

TEST_F(ExportSourceTest, AnEmptyRangeIsTheCheckpointAlone) {
  for (const auto& [start, end, size] :
       {std::tuple<int, int, int>{0, 0, 0}, {3, 3, 5}, {5, 0, 5}, {5, 5, 5}}) {
    Begin(start, end, size);
    Next();
    ASSERT_TRUE(batch_.has_value() && batch_->ok());
    ASSERT_EQ((*batch_)->items.size(), 1u);
    ExpectCheckpoint(**batch_, 0, size);
    EXPECT_EQ(At(**batch_, 0).first_index(), static_cast<uint64_t>(start));
    EXPECT_TRUE((*batch_)->last);
  }
  // There is nothing to follow.
  EXPECT_THAT(feed_.starts, IsEmpty());
}

TEST_F(ExportSourceTest, AnEndBeyondTheLogIsRefused) {
  Open(0, 6);
  Next();
  audit_.AnswerCheckpoint(Note(5));
  ExpectFieldError("end_index: the log has 5 entries");
}

TEST_F(ExportSourceTest, AStartPastTheEndIsRefused) {
  for (const uint64_t end : {0, 3, 5}) {
    Open(6, end);
    Next();
    audit_.AnswerCheckpoint(Note(5));
    ExpectFieldError("start_index: is past the end");
  }
}

TEST_F(ExportSourceTest, P8_WithoutACheckpointNothingIsExported) {
  Open(0, 0);
  Next();
  rpc::CallResult failed;
  failed.status = absl::UnavailableError("audit is away");
  std::exchange(audit_.waiting, nullptr)(std::move(failed));
  ASSERT_TRUE(batch_.has_value());
  EXPECT_EQ(batch_->status(), absl::UnavailableError("audit is away"));
  EXPECT_THAT(feed_.starts, IsEmpty());
}

TEST_F(ExportSourceTest, P8_WhatIsNoCheckpointIsNotPassedOn) {
  Open(0, 0);
  Next();
  audit_.Answer(nullptr);
  ExpectNonsense("no checkpoint");
  Next();
  audit_.Answer(std::make_unique<audit::v1::ProveEntryResponse>());
  ExpectNonsense("no checkpoint");
  for (const std::string& note :
       {std::string(), std::string("garbage"), Note(5).substr(0, 20),
        "log\n-1\n" + Note(5)}) {
    Next();
    audit_.AnswerCheckpoint(note);
    ExpectNonsense("no checkpoint");
  }
}

TEST_F(ExportSourceTest, P8_LeavesFromAnotherPlaceAreNotPassedOn) {
  for (const uint64_t first : {0, 1, 3, 9}) {
    Begin(2, 0, 5);
    Next();
    feed_.Send(first, 1);
    ExpectNonsense("not consecutive");
  }
}

// Found by this test: an audit without the entries that it had signed kept an
// export open for ever, with an empty message every ten seconds.
TEST_F(ExportSourceTest, P8_ALogWithoutWhatItsCheckpointCoversEndsTheExport) {
  Begin(0, 0, 5);
  Next();
  feed_.Send(0, 4);
  Next();
  feed_.Send(4, 0);
  ExpectNonsense("fewer entries");
}

TEST_F(ExportSourceTest, AFeedThatFailsEndsTheExportWithItsError) {
  Begin(0, 0, 5);
  Next();
  std::exchange(feed_.next, nullptr)(absl::DataLossError("a torn entry"));
  ASSERT_TRUE(batch_.has_value());
  EXPECT_EQ(batch_->status(), absl::DataLossError("a torn entry"));
}

TEST_F(ExportSourceTest, AStreamThatIsDroppedDropsWhatItWaitsFor) {
  Begin(0, 0, 5);
  Next();
  EXPECT_EQ(feed_.followers, 1);
  source_.reset();
  EXPECT_EQ(feed_.followers, 0);
  EXPECT_FALSE(batch_.has_value());
  EXPECT_EQ(feed_.next, nullptr);
}

// Audit cannot take its answer back: it comes after the source is gone.
TEST_F(ExportSourceTest, ACheckpointAfterTheEndTouchesNothing) {
  Open(0, 0);
  Next();
  source_.reset();
  audit_.AnswerCheckpoint(Note(5));
  EXPECT_TRUE(batch_.has_value() && batch_->ok());
  EXPECT_THAT(feed_.starts, IsEmpty());
}

}  // namespace
}  // namespace keyward::gateway
