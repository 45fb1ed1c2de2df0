// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_GRPC_TIME_H_
#define KEYWARD_LIBS_RPC_GRPC_TIME_H_

#include "absl/time/time.h"
#include "grpc/support/time.h"

namespace keyward::rpc {

// Deadlines as gRPC keeps them: on its monotonic clock. A deadline given to
// gRPC as a time of day is turned into one of these when the call is made, and
// one that is asked for as a time of day is turned back when it is asked for;
// a clock that is set in between moves it. So none goes through a time of day.

// The moment that is `left` from now: for grpc::ClientContext::set_deadline,
// grpc::Server::Shutdown and the like. One that is not positive has passed; one
// above a year is a year.
gpr_timespec GrpcDeadline(absl::Duration left);

// What is left until `deadline`, as grpc::ServerContext::raw_deadline() tells
// it: negative when it has passed, infinite if the caller named none.
absl::Duration LeftUntil(gpr_timespec deadline);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_GRPC_TIME_H_
