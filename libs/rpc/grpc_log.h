// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_GRPC_LOG_H_
#define KEYWARD_LIBS_RPC_GRPC_LOG_H_

#include "libs/base/log.h"

namespace keyward::rpc {

// Sends what gRPC and protobuf log to a process's own log, while it lives, so
// that standard error stays JSON lines. At most kMaxLinesPerSecond: a stranger
// whose handshakes fail must not fill the disk; how many were left out is
// logged with the next line.
//
// One at a time in a process: gRPC's log function is global and has no argument
// of ours. Made by main before the first use of gRPC; `log` outlives it.
class GrpcLogRouter {
 public:
  static constexpr int kMaxLinesPerSecond = 10;

  explicit GrpcLogRouter(const Logger* log);
  // Both are silent from then on.
  ~GrpcLogRouter();

  GrpcLogRouter(const GrpcLogRouter&) = delete;
  GrpcLogRouter& operator=(const GrpcLogRouter&) = delete;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_GRPC_LOG_H_
