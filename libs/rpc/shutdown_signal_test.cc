// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/shutdown_signal.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

TEST(ShutdownSignalTest, ReturnsFalseWhenNoSignalComes) {
  ShutdownSignal shutdown;
  EXPECT_FALSE(shutdown.WaitFor(absl::Milliseconds(1)));
}

TEST(ShutdownSignalTest, EitherSignalEndsTheWaitInsteadOfTheProcess) {
  for (int signal : {SIGTERM, SIGINT}) {
    ShutdownSignal shutdown;
    ASSERT_EQ(kill(getpid(), signal), 0);
    EXPECT_TRUE(shutdown.WaitFor(absl::Seconds(10)));
  }
}

TEST(ShutdownSignalTest, ASignalBeforeTheWaitIsNotLost) {
  ShutdownSignal shutdown;
  ASSERT_EQ(raise(SIGTERM), 0);
  EXPECT_TRUE(shutdown.WaitFor(absl::ZeroDuration()));
}

TEST(ShutdownSignalDeathTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        raise(SIGTERM);
        if (!shutdown.WaitFor(absl::Seconds(10))) std::exit(3);
        raise(SIGTERM);
        std::exit(4);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(ShutdownSignalTest, AClosedPipeDoesNotEndTheProcess) {
  ShutdownSignal shutdown;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  close(ends[1]);
}

}  // namespace
}  // namespace keyward::rpc
