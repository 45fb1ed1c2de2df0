// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/bound_libraries.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

constexpr char kFilter[] = "--gtest_filter=*DISABLED_InTheProgramThatWasBound";
constexpr char kDisabled[] = "--gtest_also_run_disabled_tests";

std::string ProcessName() {
  std::ifstream file("/proc/self/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

// Starts this test program in a child with `bound` as the variable, as main
// would; the child's exit code, which is 0 if the test below passed there.
int Start(const char* bound) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LD_BIND_NOW", bound, 1);
    setenv("KEYWARD_TEST_NAME", ProcessName().c_str(), 1);
    setenv("KEYWARD_TEST_PID", std::to_string(getpid()).c_str(), 1);
    const char* const argv[] = {"program", kFilter, kDisabled, nullptr};
    // Returns where there is nothing to do.
    _exit(BindLibraries(argv).ok() ? 77 : 78);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(BoundLibrariesTest, P5_AProgramIsStartedAgainWithItsLibrariesBound) {
  EXPECT_EQ(Start(""), 0);
}

TEST(BoundLibrariesTest, AProgramThatWasStartedSoGoesOn) {
  EXPECT_EQ(Start("1"), 77);
}

TEST(BoundLibrariesTest, DISABLED_InTheProgramThatWasBound) {
  EXPECT_STREQ(getenv("LD_BIND_NOW"), "1");
  // The same process to whoever started it.
  EXPECT_EQ(getenv("KEYWARD_TEST_PID"), std::to_string(getpid()));
  EXPECT_EQ(getenv("KEYWARD_TEST_NAME"), ProcessName());
  const char* const argv[] = {nullptr};
  EXPECT_EQ(BindLibraries(argv), absl::OkStatus());
}

}  // namespace
}  // namespace keyward::crypto
