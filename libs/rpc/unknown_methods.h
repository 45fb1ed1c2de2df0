// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_UNKNOWN_METHODS_H_
#define KEYWARD_LIBS_RPC_UNKNOWN_METHODS_H_

#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server_context.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/raw_service.h"

namespace keyward::rpc {

// Answers calls of methods that no service of the server has, UNIMPLEMENTED as
// gRPC itself would, and tells a handler of them: they are refusals too, and
// who tries names is worth a record.
//
// Thread-safe. What it is given outlives it, and it the server.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  UnknownMethods(CallHandler* handler, ServerCalls* calls)
      : handler_(handler), calls_(calls) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  CallHandler* const handler_;
  ServerCalls* const calls_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_UNKNOWN_METHODS_H_
