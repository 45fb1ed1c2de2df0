// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/unary_load.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/status_conversion.h"
#include "tests/bench/load_options.h"
#include "tests/bench/request_source.h"
#include "tests/bench/tally.h"

namespace keyward::bench {

struct UnaryLoad::Call {
  Call(size_t slot, const std::shared_ptr<grpc::Channel>& channel)
      : slot(slot), stub(channel) {}

  const size_t slot;
  grpc::GenericStub stub;
  SteadyTime begun;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::Status status;
  // Of one call each; the reader uses the context until it is destroyed.
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
};

UnaryLoad::UnaryLoad(
    Options options,
    const std::vector<std::shared_ptr<grpc::Channel>>& channels,
    std::unique_ptr<RequestSource> source, const Phase* phase,
    const Clock* clock)
    : options_(std::move(options)),
      source_(std::move(source)),
      phase_(phase),
      clock_(clock),
      tally_(phase) {
  for (size_t i = 0; i < options_.slots; ++i) {
    calls_.push_back(std::make_unique<Call>(options_.first_slot + i,
                                            channels[i % channels.size()]));
  }
}

UnaryLoad::~UnaryLoad() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void UnaryLoad::Run() {
  for (const std::unique_ptr<Call>& call : calls_) Begin(call.get());
  void* tag = nullptr;
  bool ok = false;
  // gRPC ends every call at its deadline at the latest.
  while (open_ > 0 && queue_.Next(&tag, &ok)) {
    --open_;
    Call* const call = static_cast<Call*>(tag);
    End(call);
    if (!phase_->stopped()) Begin(call);
  }
}

void UnaryLoad::Begin(Call* call) {
  if (!source_->Next(call->slot, &call->request)) return;
  call->reader.reset();
  call->context.emplace();
  call->context->set_deadline(rpc::GrpcDeadline(kCallTime));
  if (!options_.authorization.empty()) {
    call->context->AddMetadata("authorization", options_.authorization);
  }
  call->begun = clock_->SteadyNow();
  call->reader = call->stub.PrepareUnaryCall(&*call->context, source_->method(),
                                             call->request, &queue_);
  call->reader->StartCall();
  call->reader->Finish(&call->response, &call->status, call);
  ++open_;
}

void UnaryLoad::End(Call* call) {
  if (!call->status.ok()) {
    tally_.Failed(rpc::FromGrpcStatus(call->status));
  } else if (call->response.Length() < source_->LeastAnswer()) {
    tally_.Failed(absl::DataLossError("an answer is shorter than it can be"));
  } else {
    tally_.Succeeded(clock_->SteadyNow() - call->begun);
  }
  call->response.Clear();
}

}  // namespace keyward::bench
