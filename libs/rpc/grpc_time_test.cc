// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/grpc_time.h"

#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

// What this machine may take for a few lines.
constexpr absl::Duration kSlack = absl::Seconds(20);

TEST(GrpcTimeTest, P8_DeadlinesAreOfTheMonotonicClock) {
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(absl::Hours(1)));
  const gpr_timespec deadline = context.raw_deadline();
  EXPECT_EQ(deadline.clock_type, GPR_CLOCK_MONOTONIC);
  const gpr_timespec left =
      gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  EXPECT_LE(left.tv_sec, 3600);
  EXPECT_GE(left.tv_sec, 3600 - absl::ToInt64Seconds(kSlack));
}

TEST(GrpcTimeTest, WhatIsLeftSurvives) {
  for (const absl::Duration given :
       {absl::Milliseconds(1500), absl::Seconds(60), absl::Hours(1)}) {
    const absl::Duration left = LeftUntil(GrpcDeadline(given));
    EXPECT_LE(left, given);
    EXPECT_GE(left, given - kSlack);
  }
}

TEST(GrpcTimeTest, WhatHasPassedHasPassed) {
  EXPECT_LE(LeftUntil(GrpcDeadline(absl::ZeroDuration())),
            absl::ZeroDuration());
  EXPECT_LE(LeftUntil(GrpcDeadline(-absl::InfiniteDuration())),
            absl::ZeroDuration());
  EXPECT_LT(LeftUntil(gpr_time_sub(gpr_now(GPR_CLOCK_MONOTONIC),
                                   gpr_time_from_seconds(5, GPR_TIMESPAN))),
            -absl::Seconds(4));
}

TEST(GrpcTimeTest, NoDeadlineLeavesForEverAndForEverIsAYear) {
  EXPECT_EQ(LeftUntil(gpr_inf_future(GPR_CLOCK_MONOTONIC)),
            absl::InfiniteDuration());
  EXPECT_EQ(LeftUntil(gpr_inf_future(GPR_CLOCK_REALTIME)),
            absl::InfiniteDuration());
  const absl::Duration left = LeftUntil(GrpcDeadline(absl::InfiniteDuration()));
  EXPECT_LE(left, absl::Hours(24 * 365));
  EXPECT_GE(left, absl::Hours(24 * 365) - kSlack);
}

}  // namespace
}  // namespace keyward::rpc
