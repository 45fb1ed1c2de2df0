// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reload_runner.h"

#include <stdlib.h>

#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/fake_clock.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/steady_time.h"

namespace keyward::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReloadRunnerTest : public ::testing::Test {
 protected:
  ReloadRunnerTest() {
    std::string pattern = ::testing::TempDir() + "/runner_XXXXXX";
    path_ = std::string(mkdtemp(pattern.data())) + "/file";
    Write("good 1");
    files_ = ReloadableFiles::Create(
                 {{.path = path_, .max_bytes = 100}}, &clock_,
                 [this](const std::vector<FileContent>& contents) {
                   if (contents[0].ExposeBytes() == "bad") {
                     return absl::InvalidArgumentError("it is bad");
                   }
                   MutexLock lock(&mu_);
                   ++applied_;
                   changed_.SignalAll();
                   return absl::OkStatus();
                 })
                 .value();
  }

  void Write(absl::string_view text) {
    std::ofstream(path_, std::ios::trunc) << text;
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  MemoryLogSink sink_;
  Logger logger_{"test", LogLevel::kInfo, &clock_, &sink_};
  std::string path_;
  Mutex mu_;
  CondVar changed_;
  int applied_ ABSL_GUARDED_BY(mu_) = 0;
  std::unique_ptr<ReloadableFiles> files_;
};

TEST_F(ReloadRunnerTest, LogsEachChangeOfStateOnce) {
  ReloadRunner runner({{"bundle", files_.get()}}, absl::Hours(1), &logger_);
  for (int i = 0; i < 3; ++i) runner.PollNow();
  Write("bad");
  for (int i = 0; i < 4; ++i) runner.PollNow();
  Write("good 1");
  for (int i = 0; i < 4; ++i) runner.PollNow();
  Write("good 2");
  for (int i = 0; i < 4; ++i) runner.PollNow();
  EXPECT_THAT(sink_.lines(),
              ElementsAre(HasSubstr("it is bad"), HasSubstr("good again"),
                          HasSubstr("new files are in force")));
}

TEST_F(ReloadRunnerTest, PollsByItself) {
  ReloadRunner runner({{"bundle", files_.get()}}, absl::Milliseconds(1),
                      &logger_);
  Write("good 2");
  const SystemClock clock;
  const SteadyTime give_up = clock.SteadyNow() + absl::Seconds(30);
  MutexLock lock(&mu_);
  while (applied_ < 2) {
    if (!changed_.WaitUntil(&mu_, clock, give_up)) break;
  }
  // The empty file between truncation and writing may have counted, too.
  EXPECT_GE(applied_, 2);
}

TEST_F(ReloadRunnerTest, StopsWithoutWaitingForItsInterval) {
  const absl::Time begin = absl::Now();
  { ReloadRunner runner({{"b", files_.get()}}, absl::Hours(1), &logger_); }
  EXPECT_LT(absl::Now() - begin, absl::Minutes(1));
}

}  // namespace
}  // namespace keyward::auth
