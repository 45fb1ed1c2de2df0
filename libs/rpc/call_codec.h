// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// libs/rpc/call.h <-> internal/call/v1: a call and its answer as they travel
// between the gateway and an owner. No gRPC here.

#ifndef KEYWARD_LIBS_RPC_CALL_CODEC_H_
#define KEYWARD_LIBS_RPC_CALL_CODEC_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/call.h"
#include "libs/rpc/call_methods.h"
#include "proto/keyward/internal/call/v1/call.pb.h"

namespace keyward::rpc {

// A call as an owner gets it.
struct DecodedCall {
  CallContext context;
  std::unique_ptr<google::protobuf::Message> request;
};

// A duration as protobuf has it, at least 0 and at most the longest call.
google::protobuf::Duration EncodeRemaining(absl::Duration remaining);
absl::Duration DecodeRemaining(const google::protobuf::Duration& remaining);

// The call, but for `remaining`, which is known only when it is sent. The
// request's bytes are plaintext where it has sensitive fields: WipeSensitive
// the result.
keyward::internal::call::v1::Call EncodeCall(
    const CallContext& context, const google::protobuf::Message& request);

// The reverse, at `now`. Wipes the request's bytes in `*call`.
// INVALID_ARGUMENT, saying which field, if the method is none of `methods`, if
// the request does not parse, if names are missing, if a change comes without
// the intent that it must have on record (P1), or if a read has one.
absl::StatusOr<DecodedCall> DecodeCall(const CallMethods& methods,
                                       SteadyTime now,
                                       keyward::internal::call::v1::Call* call);

// The answer to `context`. Wipes the response in `result`.
keyward::internal::call::v1::CallResult EncodeCallResult(
    const CallContext& context, CallResult result);

// The reverse, for a call of `method`. Wipes the response's bytes in `*answer`.
// An answer that no honest owner gives (success without the response, a change
// whose outcome is missing or contradicts its status, a read that has one)
// becomes UNAVAILABLE with the reason RESPONSE_MISMATCH, and for a change the
// outcome kUnknown.
CallResult DecodeCallResult(const CallMethods::Method& method,
                            keyward::internal::call::v1::CallResult* answer);

// Whether `answered` is the name of `resource`, or of the version that it was
// resolved to: the same name, or the same secret followed by the number of a
// version where `resource` named none by number.
bool IsResolvedName(const std::string& resource, const std::string& answered);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_CALL_CODEC_H_
