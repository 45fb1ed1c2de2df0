// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_STATUS_CONVERSION_H_
#define KEYWARD_LIBS_RPC_STATUS_CONVERSION_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace keyward::rpc {

// What gRPC sends for `status`: code, message, and a serialized
// google.rpc.Status in the trailer `grpc-status-details-bin`, which every
// client library decodes. Bounded as libs/rpc/rpc_status.h says.
grpc::Status ToGrpcStatus(const absl::Status& status);

// What came back from a call, with its details as payloads. Details that do
// not parse, or whose code is another than the call's, are dropped: the code
// of the call itself is what the transport vouches for. A status that gRPC
// made by itself (a broken connection, a deadline) has no details.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_STATUS_CONVERSION_H_
