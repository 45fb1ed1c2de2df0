// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REFUSED_CALL_H_
#define KEYWARD_LIBS_RPC_REFUSED_CALL_H_

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "libs/rpc/raw_service.h"
#include "libs/rpc/status_conversion.h"

namespace keyward::rpc {

// The reactor of a call that was refused before anyone saw it. Deletes itself.
// `Base` is one of gRPC's server reactors. `calls` outlives the server.
template <typename Base>
class RefusedCall final : public Base {
 public:
  RefusedCall(grpc::CallbackServerContext* context, const absl::Status& status,
              ServerCalls* calls)
      : calls_(calls), answer_(calls->answers.Add(context->c_call())) {
    // Whoever is refused that often may not read why, and each takes memory.
    if (calls_->refusals.fetch_add(1) >= ServerCalls::kMaxRefusals) {
      CancelCall(context->c_call(), kTooManyCalls);
    }
    this->Finish(ToGrpcStatus(status));
  }

  void OnDone() override {
    calls_->answers.Remove(answer_);
    calls_->refusals.fetch_sub(1);
    delete this;
  }

 private:
  ServerCalls* const calls_;
  const AnswerWatch::Place answer_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REFUSED_CALL_H_
