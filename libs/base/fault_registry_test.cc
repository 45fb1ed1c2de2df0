// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/fault_point.h"

namespace keyward::fault {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// The registry of this process reads these names once.
std::string PlanPath() { return testing::TempDir() + "/plan"; }
std::string LogPath() { return testing::TempDir() + "/points"; }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());
}

std::string Log() { return ReadFile(LogPath()); }

class FaultRegistryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("KEYWARD_FAULT_PLAN", PlanPath().c_str(), 1);
    setenv("KEYWARD_FAULT_LOG", LogPath().c_str(), 1);
    // Each death runs in a process of its own, whose registry is new.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
  void SetUp() override { std::remove(LogPath().c_str()); }
  void TearDown() override { std::remove(PlanPath().c_str()); }

  // As a test does it: whole, under the name of the one before.
  static void Plan(const std::string& rules) {
    const std::string draft = PlanPath() + ".new";
    std::ofstream(draft) << rules;
    std::rename(draft.c_str(), PlanPath().c_str());
  }
};

TEST_F(FaultRegistryTest, WithoutAPlanAPointIsNotedOnce) {
  KEYWARD_FAULT_POINT("test.a.noted");
  KEYWARD_FAULT_POINT("test.a.noted");
  KEYWARD_FAULT_POINT("test.a.noted", "store");
  EXPECT_EQ(Log(), "reached test.a.noted\nreached test.a.noted/store\n");
}

TEST_F(FaultRegistryTest, ACrashIsAKillAndFlushesNothing) {
  Plan("test.b.crash=crash\n");
  const std::string written = testing::TempDir() + "/written";
  EXPECT_EXIT(
      {
        std::ofstream file(written);
        file << "buffered";
        KEYWARD_FAULT_POINT("test.b.other");
        KEYWARD_FAULT_POINT("test.b.crash");
        _exit(0);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_THAT(Log(), EndsWith("crash test.b.crash\n"));
  EXPECT_EQ(ReadFile(written), "");
}

TEST_F(FaultRegistryTest, ARuleHappensAtItsTime) {
  Plan("test.c.crash=crash@3\n");
  const auto reach = [](int times) {
    for (int i = 0; i < times; ++i) KEYWARD_FAULT_POINT("test.c.crash");
    _exit(0);
  };
  EXPECT_EXIT(reach(2), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(reach(3), testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FaultRegistryTest, ARuleForAPlaceIsForThatPlaceAlone) {
  Plan("test.d.crash/audit=crash\n");
  const auto reach = [](const char* where) {
    KEYWARD_FAULT_POINT("test.d.crash");
    KEYWARD_FAULT_POINT("test.d.crash", where);
    _exit(0);
  };
  EXPECT_EXIT(reach("store"), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(reach("audit"), testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FaultRegistryTest, AStallHoldsItsThreadAloneAndEnds) {
  Plan("test.e.stall=stall:300\n");
  std::atomic<bool> passed{false};
  std::thread stalled([&] {
    KEYWARD_FAULT_POINT("test.e.stall");
    passed = true;
  });
  while (Log().find("stall test.e.stall") == std::string::npos) {
    std::this_thread::yield();
  }
  // Once: the second to come, and others, go by.
  KEYWARD_FAULT_POINT("test.e.stall");
  KEYWARD_FAULT_POINT("test.e.other");
  EXPECT_FALSE(passed);
  stalled.join();
  EXPECT_THAT(Log(), EndsWith("go test.e.stall\n"));
}

TEST_F(FaultRegistryTest, APlanCanBeMadeAndTakenBackWhileTheProcessRuns) {
  const auto reach = [] { KEYWARD_FAULT_POINT("test.f.stall"); };
  Plan("test.f.stall=stall:1\n");
  reach();
  EXPECT_THAT(Log(), HasSubstr("stall test.f.stall"));
  std::remove(LogPath().c_str());
  Plan("test.f.stall=stall:1\n");
  reach();
  EXPECT_THAT(Log(), HasSubstr("stall test.f.stall"));
  std::remove(LogPath().c_str());
  Plan("test.f.stall=stall:1\n");
  std::remove(PlanPath().c_str());
  reach();
  EXPECT_EQ(Log(), "");
}

TEST_F(FaultRegistryTest, APlanThatMakesNoSenseEndsTheProcess) {
  for (const char* rule :
       {"test.g.point", "test.g.point=", "test.g.point=explode",
        "test.g.point=stall", "test.g.point=stall:", "test.g.point=stall:60001",
        "test.g.point=crash@", "test.g.point=crash@0", "test.g.point=crash@2x",
        "test.g.point=crash "}) {
    Plan(rule);
    EXPECT_EXIT(KEYWARD_FAULT_POINT("test.g.other"),
                testing::KilledBySignal(SIGABRT), "fault plan: ")
        << rule;
  }
}

}  // namespace
}  // namespace keyward::fault
