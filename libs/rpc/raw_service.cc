// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/raw_service.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_method.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/peer_facts.h"
#include "libs/rpc/raw_stream_writer.h"
#include "libs/rpc/refused_call.h"
#include "libs/rpc/sensitive.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, kShuttingDown,
                   "this server is shutting down");
}

absl::Status TooMany() {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                "this server has as many calls open as it takes"),
      absl::Seconds(1));
}

absl::Status TooManyOfConnection() {
  return MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                   "this connection has as many calls open as it may");
}

// A call in the handler's hands.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  // `connection` is the peer of the context, which has a place for the call.
  UnaryCall(grpc::CallbackServerContext* context, grpc::ByteBuffer* response,
            std::string connection, std::atomic<size_t>* open_calls,
            ServerCalls* calls)
      : context_(context),
        response_(response),
        connection_(std::move(connection)),
        open_calls_(open_calls),
        calls_(calls) {}

  void Keep(std::shared_ptr<void> kept) { kept_ = std::move(kept); }

  // Once, from any thread. Wipes the response.
  void Reply(absl::Status status, std::unique_ptr<Message> response) {
    if (status.ok() && response == nullptr) {
      status = absl::InternalError("the call ended without a response");
    }
    if (status.ok()) {
      // Assigning would be a copy.
      grpc::ByteBuffer bytes = SerializeToWipedBuffer(*response);
      response_->Swap(&bytes);
    }
    if (response != nullptr) WipeSensitive(response.get());
    answer_ = calls_->answers.Add(context_->c_call());
    Finish(ToGrpcStatus(status));
  }

  // On the thread that is done with the call, instead of one of gRPC's
  // executor, which would be woken for each call. So OnDone may run within
  // Reply, and within any call into gRPC: it blocks on nothing, and takes only
  // locks that nobody holds while calling gRPC.
  bool InternalInlineable() override { return true; }

  // After Reply, and when gRPC has sent the answer or given it up.
  void OnDone() override {
    calls_->answers.Remove(answer_);
    calls_->of_connection.Release(connection_);
    open_calls_->fetch_sub(1);
    delete this;
  }

 private:
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  const std::string connection_;
  std::atomic<size_t>* const open_calls_;
  ServerCalls* const calls_;
  std::shared_ptr<void> kept_;
  AnswerWatch::Place answer_;
};

// Answers a call once, and at the latest when it is dropped: a handler that
// loses its callback costs its caller an error, never a hang (P8).
class ReplyOnce {
 public:
  explicit ReplyOnce(UnaryCall* call) : call_(call) {}
  ReplyOnce(ReplyOnce&& other) noexcept
      : call_(std::exchange(other.call_, nullptr)) {}
  ReplyOnce& operator=(ReplyOnce&&) = delete;
  ~ReplyOnce() {
    if (call_ != nullptr) {
      call_->Reply(absl::InternalError("the call was lost"), nullptr);
    }
  }

  void operator()(absl::Status status, std::unique_ptr<Message> response) {
    UnaryCall* const call = std::exchange(call_, nullptr);
    if (call != nullptr) call->Reply(std::move(status), std::move(response));
  }

 private:
  UnaryCall* call_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RawService>> RawService::Create(
    const ServiceDescriptor* service, CallHandler* handler, const Clock* clock,
    const RawServiceLimits& limits, ServerCalls* calls) {
  auto raw =
      absl::WrapUnique(new RawService(service, handler, clock, limits, calls));
  google::protobuf::MessageFactory* const factory =
      google::protobuf::MessageFactory::generated_factory();
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    const Message* prototype = factory->GetPrototype(method->input_type());
    if (method->client_streaming() || prototype == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat(method->full_name(),
                       ": cannot be served: its requests are a stream "
                       "or their type is not linked in"));
    }
    raw->methods_.push_back(
        Method{method, prototype,
               absl::StrCat("/", service->full_name(), "/", method->name())});
  }
  for (size_t i = 0; i < raw->methods_.size(); ++i) raw->Register(i);
  return raw;
}

RawService::RawService(const ServiceDescriptor* service, CallHandler* handler,
                       const Clock* clock, const RawServiceLimits& limits,
                       ServerCalls* calls)
    : service_(service),
      handler_(handler),
      clock_(clock),
      limits_(limits),
      calls_(calls) {}

RawService::~RawService() = default;

void RawService::Register(size_t index) {
  namespace gi = grpc::internal;
  const Method& method = methods_[index];
  const bool streams = method.descriptor->server_streaming();
  AddMethod(new gi::RpcServiceMethod(
      method.path.c_str(),
      streams ? gi::RpcMethod::SERVER_STREAMING : gi::RpcMethod::NORMAL_RPC,
      nullptr));
  const int position = static_cast<int>(index);
  if (streams) {
    MarkMethodRawCallback(
        position, new gi::CallbackServerStreamingHandler<grpc::ByteBuffer,
                                                         grpc::ByteBuffer>(
                      [this, &method](grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request) {
                        return StartStream(method, context, request);
                      }));
  } else {
    MarkMethodRawCallback(
        position,
        new gi::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
            [this, &method](grpc::CallbackServerContext* context,
                            const grpc::ByteBuffer* request,
                            grpc::ByteBuffer* response) {
              return StartUnary(method, context, request, response);
            }));
  }
}

grpc::ServerUnaryReactor* RawService::StartUnary(
    const Method& method, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  std::string connection = context->peer();
  if (!calls_->of_connection.Take(connection)) {
    // Its client does not heed the server's settings, nor perhaps read.
    CancelCall(context->c_call(), kTooManyCalls);
    return Refuse(method, context, *request, TooManyOfConnection());
  }
  if (open_calls_.fetch_add(1) >= limits_.max_calls) {
    open_calls_.fetch_sub(1);
    calls_->of_connection.Release(connection);
    return Refuse(method, context, *request, TooMany());
  }
  IncomingCall incoming = ReadCall(method, *context, connection, *request);
  auto* const call = new UnaryCall(context, response, std::move(connection),
                                   &open_calls_, calls_);
  incoming.keep_until_sent = [call](std::shared_ptr<void> kept) {
    call->Keep(std::move(kept));
  };
  handler_->HandleUnary(std::move(incoming), ReplyOnce(call));
  return call;
}

grpc::ServerUnaryReactor* RawService::Refuse(
    const Method& method, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer& request, const absl::Status& status) {
  WipeReceived(request);
  handler_->OnRefused(ReadPeerFacts(*context, context->peer()),
                      method.descriptor, status);
  return new RefusedCall<grpc::ServerUnaryReactor>(context, status, calls_);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* RawService::StartStream(
    const Method& method, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request) {
  // The writer's OnDone needs the writer's own place in streams_.
  auto place = std::make_shared<std::weak_ptr<RawStreamWriter>>();
  const std::shared_ptr<RawStreamWriter> writer =
      RawStreamWriter::New(context, &calls_->answers,
                           [this, place] { RemoveStream(place->lock()); });
  *place = writer;
  const absl::Status admitted = AddStream(writer);
  if (admitted.ok()) {
    IncomingCall call = ReadCall(method, *context, context->peer(), *request);
    // gRPC keeps both for as long as the stream: the metadata, and with the
    // request the memory that the headers came in, too. It made the request for
    // this call and does not read it again.
    WipeTokens(*context);
    const_cast<grpc::ByteBuffer*>(request)->Clear();
    call.deadline = SteadyTime::InfiniteFuture();
    handler_->HandleStream(std::move(call), writer);
  } else {
    WipeReceived(*request);
    handler_->OnRefused(ReadPeerFacts(*context, context->peer()),
                        method.descriptor, admitted);
    writer->Finish(admitted);
  }
  return writer->reactor();
}

IncomingCall RawService::ReadCall(const Method& method,
                                  const grpc::CallbackServerContext& context,
                                  std::string peer,
                                  const grpc::ByteBuffer& request) const {
  IncomingCall call;
  call.method = method.descriptor;
  call.request.reset(method.request_prototype->New());
  if (!ParseAndWipe(request, call.request.get())) call.request.reset();
  call.peer = ReadPeerFacts(context, std::move(peer));
  call.deadline = BoundedDeadline(context);
  return call;
}

SteadyTime RawService::BoundedDeadline(
    const grpc::CallbackServerContext& context) const {
  const absl::Duration left = LeftUntil(context.raw_deadline());
  return clock_->SteadyNow() + (left == absl::InfiniteDuration()
                                    ? limits_.default_deadline
                                    : std::min(left, limits_.max_deadline));
}

absl::Status RawService::AddStream(
    const std::shared_ptr<RawStreamWriter>& stream) {
  MutexLock lock(&mu_);
  if (draining_) {
    return ShuttingDown();
  }
  if (streams_.size() >= limits_.max_streams) return TooMany();
  streams_.insert(stream);
  return absl::OkStatus();
}

void RawService::RemoveStream(const std::shared_ptr<RawStreamWriter>& stream) {
  MutexLock lock(&mu_);
  streams_.erase(stream);
}

void RawService::DrainStreams() {
  std::vector<std::shared_ptr<RawStreamWriter>> open;
  {
    MutexLock lock(&mu_);
    draining_ = true;
    open.assign(streams_.begin(), streams_.end());
  }
  for (const auto& stream : open) stream->Cancel(ShuttingDown());
}

}  // namespace keyward::rpc
