// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/unknown_methods.h"

#include "absl/status/status.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/peer_facts.h"
#include "libs/rpc/refused_call.h"

namespace keyward::rpc {
grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const absl::Status status =
      MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                "this server has no such method");
  // Not its name, which the caller chose.
  handler_->OnRefused(ReadPeerFacts(*context, context->peer()), nullptr,
                      status);
  return new RefusedCall<grpc::ServerGenericBidiReactor>(context, status,
                                                         calls_);
}

}  // namespace keyward::rpc
