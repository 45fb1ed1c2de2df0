// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/grpc_time.h"

#include <algorithm>

namespace keyward::rpc {
namespace {

// For ever to a call, and far from the end of gRPC's own arithmetic.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

}  // namespace

gpr_timespec GrpcDeadline(absl::Duration left) {
  left = std::clamp(left, absl::ZeroDuration(), kLongest);
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN));
}

absl::Duration LeftUntil(gpr_timespec deadline) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return absl::InfiniteDuration();
  }
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC),
                   gpr_now(GPR_CLOCK_MONOTONIC));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

}  // namespace keyward::rpc
