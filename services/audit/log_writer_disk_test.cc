// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The log on a disk that fails, fills up, hangs and loses power.

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/audit/folder_source.h"
#include "libs/audit/log_reader.h"
#include "libs/audit/verify.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/kv/test_kv.h"
#include "services/audit/log_writer.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using Status = rpc::AppendStatus;

// Real time and threads: the disk answers when it likes.
class LogWriterDiskTest : public ::testing::Test {
 protected:
  LogWriterDiskTest() {
    Open();
    auto answer = Answer::New();
    writer_->RaiseFence(1, In(absl::Seconds(10)), Answer::Into(answer));
    EXPECT_EQ(answer->Wait().status, Status::kAccepted);
  }

  void Open() {
    LogWriter::Dependencies dependencies;
    dependencies.store = kv_.store();
    dependencies.signer = key_.signer.get();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    writer_ = LogWriter::Open(dependencies, {}, In(absl::Seconds(20))).value();
  }
  SteadyTime In(absl::Duration duration) {
    return clock_.SteadyNow() + duration;
  }

  rpc::AppendResult Append(absl::Duration time) {
    auto answer = Answer::New();
    writer_->Append(AccessItem(1, In(time)), Answer::Into(answer));
    return answer->Wait();
  }
  // Appends until it works again.
  rpc::AppendResult AppendEventually() {
    rpc::AppendResult result;
    for (int i = 0; i < 300; ++i) {
      result = Append(absl::Seconds(1));
      if (result.status == Status::kAccepted) break;
    }
    return result;
  }
  // What the store holds is a whole log that keeps its rules.
  uint64_t VerifiedSize() {
    audit::FolderSource source(kv_.store());
    absl::StatusOr<audit::VerifyReport> report =
        audit::VerifyLog(&source, audit::VerifyOptions());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->size : 0;
  }

  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  kv::TestKv kv_;
  audit::LogKey key_ = TestLogKey();
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
  std::unique_ptr<LogWriter> writer_;
};

TEST_F(LogWriterDiskTest, P1_FailingSyncIsNeverAnsweredAsAccepted) {
  kv_.FailSyncs(0, 1000000, /*lose_unsynced=*/true);
  for (int i = 0; i < 3; ++i) {
    const rpc::AppendResult result = Append(absl::Milliseconds(300));
    EXPECT_TRUE(result.status == Status::kFailed ||
                result.status == Status::kUnknown);
    EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  }
  writer_.reset();
  ASSERT_TRUE(kv_.PowerCut().ok());
  EXPECT_EQ(VerifiedSize(), 1u);
}

TEST_F(LogWriterDiskTest, P8_OneFailedSyncIsSurvivedAndTheLogGoesOn) {
  ASSERT_EQ(Append(absl::Seconds(10)).status, Status::kAccepted);
  kv_.FailSyncs(0, 1, /*lose_unsynced=*/true);
  EXPECT_NE(Append(absl::Seconds(1)).status, Status::kFence);
  EXPECT_EQ(AppendEventually().status, Status::kAccepted);
  EXPECT_EQ(writer_->view()->size(), VerifiedSize());
}

TEST_F(LogWriterDiskTest, P8_FullDiskFailsEveryCallerInTimeUntilThereIsSpace) {
  kv_.SetSpaceLimit(1);
  const SteadyTime begin = clock_.SteadyNow();
  for (int i = 0; i < 3; ++i) {
    const rpc::AppendResult result = Append(absl::Milliseconds(300));
    EXPECT_NE(result.status, Status::kAccepted);
    EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_LT(clock_.SteadyNow() - begin, absl::Seconds(10));
  kv_.SetSpaceLimit(uint64_t{1} << 40);
  EXPECT_EQ(AppendEventually().status, Status::kAccepted);
}

TEST_F(LogWriterDiskTest, P8_HungDiskFailsEveryCallerAtItsDeadline) {
  kv_.StallSyncs();
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(Answer::New());
    // On this thread: one that waited for the disk here would carry no answer.
    writer_->Append(AccessItem(1, In(absl::Milliseconds(200))),
                    Answer::Into(answers.back()));
  }
  for (const auto& answer : answers) {
    const rpc::AppendResult result = answer->Wait();
    EXPECT_TRUE(result.status == Status::kFailed ||
                result.status == Status::kUnknown);
    EXPECT_EQ(result.error.code(), absl::StatusCode::kUnavailable);
  }
  kv_.ReleaseSyncs();
  EXPECT_EQ(AppendEventually().status, Status::kAccepted);
  EXPECT_EQ(writer_->view()->size(), VerifiedSize());
}

TEST_F(LogWriterDiskTest, P4_AcceptedRecordsSurviveAPowerCut) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(Append(absl::Seconds(10)).status, Status::kAccepted);
  }
  const audit::Hash root = writer_->view()->head.root;
  writer_.reset();
  for (const kv::TestKv::Cut cut :
       {kv::TestKv::Cut::kUnsyncedTorn, kv::TestKv::Cut::kUnsyncedLost}) {
    ASSERT_TRUE(kv_.PowerCut(cut).ok());
    EXPECT_EQ(VerifiedSize(), 21u);
    Open();
    EXPECT_EQ(writer_->view()->head.root, root);
    EXPECT_EQ(writer_->view()->fence, 1u);
    writer_.reset();
  }
}

}  // namespace
}  // namespace keyward::audit_service
