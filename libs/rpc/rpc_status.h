// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// absl::Status <-> google.rpc.Status: how an error travels inside a message,
// such as one element's in a batch, and inside a trailer. No gRPC here.

#ifndef KEYWARD_LIBS_RPC_RPC_STATUS_H_
#define KEYWARD_LIBS_RPC_RPC_STATUS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace keyward::rpc {

// The bounds of an error on the wire. A client that keeps gRPC's default of
// 8 KiB of metadata must still be able to read it: the message travels there
// twice (percent-encoded, at worst three bytes each, and again in base64 with
// the details), and 3 * 1 KiB + 4/3 * (1 KiB + 2 KiB) + framing is below that.
inline constexpr size_t kMaxStatusMessageBytes = 1024;
inline constexpr size_t kMaxStatusDetailBytes = 2048;

// `status` with its payloads as details: each payload's key is the type URL of
// an Any and its value the Any's bytes (libs/base/error.h). A message that is
// too long is cut between two characters; of the details, the ErrorInfo comes
// first (programs branch on it), and whatever would pass the bound is left
// out. Bytes that are not UTF-8 become '?', since a proto3 string that is not
// UTF-8 makes the receiver refuse the whole answer. OK becomes code 0 alone.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The reverse. A code that is no canonical one becomes UNKNOWN. Details
// without a type URL, and what passes the bounds above, are dropped: the
// sender may be another build, and an error is not worth a second error.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_RPC_STATUS_H_
