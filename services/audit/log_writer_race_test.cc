// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The log under many threads, built with the thread sanitizer: commits take no
// time, so leaders follow one another as fast as they can.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/audit/folder_source.h"
#include "libs/audit/verify.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "services/audit/fake_kv.h"
#include "services/audit/log_writer.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

constexpr int kThreads = 4;
constexpr int kEach = 500;

class LogWriterRaceTest : public ::testing::Test {
 protected:
  std::unique_ptr<LogWriter> Open() {
    LogWriter::Dependencies dependencies;
    dependencies.store = &kv_;
    dependencies.signer = key_.signer.get();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    return LogWriter::Open(dependencies, {}, Soon()).value();
  }
  SteadyTime Soon() { return clock_.SteadyNow() + absl::Minutes(5); }

  void RaiseTo(LogWriter* writer, uint64_t revision) {
    auto answer = Answer::New();
    writer->RaiseFence(revision, Soon(), Answer::Into(answer));
    EXPECT_EQ(answer->Wait().status, rpc::AppendStatus::kAccepted);
  }
  audit::VerifyReport Verified() {
    audit::FolderSource source(&kv_);
    absl::StatusOr<audit::VerifyReport> report =
        audit::VerifyLog(&source, audit::VerifyOptions());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.value_or(audit::VerifyReport());
  }

  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  FakeKv kv_;
  audit::LogKey key_ = TestLogKey();
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
};

TEST_F(LogWriterRaceTest, EveryRecordHasItsOwnPlace) {
  const auto writer = Open();
  RaiseTo(writer.get(), 1);
  Mutex mu;
  std::set<uint64_t> places;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        writer->Append(AccessItem(1, Soon()), [&](rpc::AppendResult result) {
          EXPECT_EQ(result.status, rpc::AppendStatus::kAccepted);
          MutexLock l(&mu);
          places.insert(result.first_index);
          ++answered;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answered < kThreads * kEach) std::this_thread::yield();
  EXPECT_EQ(places.size(), static_cast<size_t>(kThreads * kEach));
  EXPECT_EQ(Verified().size, static_cast<uint64_t>(kThreads * kEach + 1));
}

TEST_F(LogWriterRaceTest, P2_NoDecisionEntersUnderAnotherFence) {
  const auto writer = Open();
  RaiseTo(writer.get(), 1);
  std::atomic<uint64_t> known{1};
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (accepted < kEach) {
        auto answer = Answer::New();
        writer->Append(AccessItem(known, Soon()), Answer::Into(answer));
        if (answer->Wait().status == rpc::AppendStatus::kAccepted) ++accepted;
      }
    });
  }
  for (uint64_t revision = 2; accepted < kEach; ++revision) {
    RaiseTo(writer.get(), revision);
    known = revision;
  }
  for (std::thread& thread : threads) thread.join();
  // It checks that each decision stands at its fence.
  EXPECT_GE(Verified().size, static_cast<uint64_t>(kEach));
}

TEST_F(LogWriterRaceTest, TwoProcessesShareOneLog) {
  const auto one = Open();
  const auto two = Open();
  RaiseTo(one.get(), 1);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> accepted{0};
  for (LogWriter* writer : {one.get(), two.get()}) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 100; ++i) {
        auto answer = Answer::New();
        writer->Append(AccessItem(1, Soon()), Answer::Into(answer));
        if (answer->Wait().status == rpc::AppendStatus::kAccepted) ++accepted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(accepted, 100u);
  EXPECT_EQ(Verified().size, accepted + 1);
}

TEST_F(LogWriterRaceTest, ReadersSeeWholeStates) {
  const auto writer = Open();
  RaiseTo(writer.get(), 1);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const std::shared_ptr<const LogView> view = writer->view();
      EXPECT_EQ(view->edge.size(), view->head.size);
      EXPECT_EQ(view->edge.Root(), view->head.root);
      EXPECT_LE(writer->open_intents().size(), view->size() + 256);
    }
  });
  for (int i = 0; i < kEach; ++i) {
    auto answer = Answer::New();
    writer->Append(IntentItem(1, Soon()), Answer::Into(answer));
    EXPECT_EQ(answer->Wait().status, rpc::AppendStatus::kAccepted);
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace keyward::audit_service
