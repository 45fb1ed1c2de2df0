// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/grpc_transport.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "libs/base/clock.h"
#include "libs/base/file_util.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/sensitive.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::client {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

absl::Status Unreadable(const MethodDescriptor& method) {
  return absl::InternalError(
      absl::StrCat("the answer of ", method.full_name(), " does not parse"));
}

// A queue for one call on one thread: each operation is started and awaited.
// gRPC completes every started operation, at the call's deadline at the
// latest, and a cancelled stream at once.
class OneCallQueue {
 public:
  OneCallQueue() = default;
  ~OneCallQueue() {
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  OneCallQueue(const OneCallQueue&) = delete;
  OneCallQueue& operator=(const OneCallQueue&) = delete;

  grpc::CompletionQueue* get() { return &queue_; }
  void* tag() { return this; }

  // True if the operation that was started last did what it should.
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

 private:
  grpc::CompletionQueue queue_;
};

using GenericStream = grpc::GenericClientAsyncReaderWriter;

absl::Status FinishStream(GenericStream* stream, OneCallQueue* queue) {
  grpc::Status status;
  stream->Finish(&status, queue->tag());
  if (!queue->Await()) return absl::InternalError("the call did not finish");
  return rpc::FromGrpcStatus(status);
}

}  // namespace

GrpcTransport::GrpcTransport(std::shared_ptr<grpc::Channel> channel,
                             std::string token_file)
    : channel_(std::move(channel)), token_file_(std::move(token_file)) {}

void GrpcTransport::AwaitConnection(absl::Duration timeout) const {
  if (channel_->GetState(/*try_to_connect=*/true) !=
      GRPC_CHANNEL_TRANSIENT_FAILURE) {
    return;
  }
  channel_->WaitForConnected(
      rpc::GrpcDeadline(std::min(timeout, kReconnectWait)));
}

absl::Status GrpcTransport::Prepare(absl::Duration timeout,
                                    grpc::ClientContext* context) const {
  if (timeout <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("no time is left for the call");
  }
  if (timeout != absl::InfiniteDuration()) {
    context->set_deadline(rpc::GrpcDeadline(timeout));
  }
  if (token_file_.empty()) return absl::OkStatus();

  crypto::SecretBuffer file(kMaxTokenBytes);
  absl::StatusOr<size_t> size =
      ReadPrivateFile(token_file_, file.MutableSecret());
  if (!size.ok()) return size.status();
  file.Truncate(*size);
  const absl::string_view token =
      absl::StripAsciiWhitespace(file.ExposeSecret());
  if (token.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(token_file_, ": there is no token in it"));
  }
  for (const char c : token) {
    // gRPC ends the process on a header value that is not printable.
    if (!absl::ascii_isgraph(c)) {
      return absl::FailedPreconditionError(absl::StrCat(
          token_file_, ": a token has no spaces and no control characters"));
    }
  }
  std::string value = absl::StrCat("Bearer ", token);
  context->AddMetadata("authorization", value);
  crypto::WipeString(&value);
  return absl::OkStatus();
}

absl::Status GrpcTransport::Unary(const MethodDescriptor& method,
                                  const Message& request,
                                  absl::Duration timeout, Message* response) {
  const SystemClock clock;
  const SteadyTime begun = clock.SteadyNow();
  AwaitConnection(timeout);
  grpc::ClientContext context;
  absl::Status prepared =
      Prepare(timeout - (clock.SteadyNow() - begun), &context);
  if (!prepared.ok()) return prepared;

  // The path must live as long as the call.
  const std::string path = PathOf(method);
  const grpc::ByteBuffer sent = rpc::SerializeToWipedBuffer(request);
  grpc::ByteBuffer received;
  grpc::Status status;
  OneCallQueue queue;
  grpc::GenericStub stub(channel_);
  auto call = stub.PrepareUnaryCall(&context, path, sent, queue.get());
  call->StartCall();
  call->Finish(&received, &status, queue.tag());
  if (!queue.Await()) return absl::InternalError("the call did not finish");
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return rpc::ParseAndWipe(received, response) ? absl::OkStatus()
                                               : Unreadable(method);
}

absl::Status GrpcTransport::Stream(
    const MethodDescriptor& method, const Message& request,
    absl::Duration timeout, Message* message,
    absl::FunctionRef<absl::Status(Message*)> each) {
  const SystemClock clock;
  const SteadyTime begun = clock.SteadyNow();
  AwaitConnection(timeout);
  grpc::ClientContext context;
  absl::Status prepared =
      Prepare(timeout - (clock.SteadyNow() - begun), &context);
  if (!prepared.ok()) return prepared;

  const std::string path = PathOf(method);
  const grpc::ByteBuffer sent = rpc::SerializeToWipedBuffer(request);
  OneCallQueue queue;
  grpc::GenericStub stub(channel_);
  std::unique_ptr<GenericStream> stream =
      stub.PrepareCall(&context, path, queue.get());
  stream->StartCall(queue.tag());
  if (!queue.Await()) return FinishStream(stream.get(), &queue);
  stream->WriteLast(sent, grpc::WriteOptions(), queue.tag());
  if (!queue.Await()) return FinishStream(stream.get(), &queue);

  absl::Status stopped;
  while (stopped.ok()) {
    grpc::ByteBuffer received;
    stream->Read(&received, queue.tag());
    if (!queue.Await()) break;
    message->Clear();
    stopped = rpc::ParseAndWipe(received, message) ? each(message)
                                                   : Unreadable(method);
    rpc::WipeSensitive(message);
  }
  if (!stopped.ok()) context.TryCancel();
  absl::Status ended = FinishStream(stream.get(), &queue);
  return stopped.ok() ? ended : stopped;
}

}  // namespace keyward::client
