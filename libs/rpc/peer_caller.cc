// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_caller.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "libs/base/error.h"
#include "libs/base/mutex.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/peer_channel.h"
#include "libs/rpc/status_conversion.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

// gRPC ends a call at its deadline by itself; this is what its own threads may
// take longer on a loaded machine.
constexpr absl::Duration kGrace = absl::Seconds(1);

// What one call needs until it is answered; deletes itself then.
struct PendingCall {
  explicit PendingCall(std::shared_ptr<grpc::Channel> channel)
      : stub(std::move(channel)) {}

  // Holds the channel, so it goes last.
  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  const MethodDescriptor* method = nullptr;
  absl::AnyInvocable<void(PeerReply)> done;

  void Finish(const grpc::Status& status) {
    PeerReply reply;
    reply.status = FromGrpcStatus(status);
    if (reply.status.ok()) {
      reply.response.reset(MessageFactory::generated_factory()
                               ->GetPrototype(method->output_type())
                               ->New());
      if (!ParseAndWipe(response, reply.response.get())) {
        reply.response.reset();
        reply.status = absl::InternalError(
            absl::StrCat(method->full_name(), ": the answer does not parse"));
      }
    }
    const auto told =
        std::make_unique<absl::AnyInvocable<void(PeerReply)>>(std::move(done));
    delete this;
    (*told)(std::move(reply));
  }
};

// Where a waiting thread finds its answer, also after it gave up.
struct Mailbox {
  Mutex mu;
  CondVar arrived;
  std::optional<PeerReply> reply ABSL_GUARDED_BY(mu);
};

}  // namespace

absl::Status PeerAway(const Peer& peer) {
  return MakeError(absl::StatusCode::kUnavailable, peer.reason,
                   absl::StrCat(peer.name, " did not answer"));
}

void CallPeer(const Peer& peer, const MethodDescriptor* method,
              const Message& request, SteadyTime deadline,
              absl::AnyInvocable<void(PeerReply)> done) {
  std::shared_ptr<grpc::Channel> channel = peer.channel->Get();
  if (channel->GetState(/*try_to_connect=*/true) ==
      GRPC_CHANNEL_TRANSIENT_FAILURE) {
    PeerReply reply;
    reply.status = absl::UnavailableError(
        absl::StrCat("no connection to ", peer.channel->address()));
    reply.sent = false;
    done(std::move(reply));
    return;
  }
  auto* const call = new PendingCall(std::move(channel));
  call->method = method;
  call->done = std::move(done);
  call->request = SerializeToWipedBuffer(request);
  const absl::Duration left = deadline - peer.channel->clock().SteadyNow();
  call->context.set_deadline(GrpcDeadline(left));
  const std::string path =
      absl::StrCat("/", method->service()->full_name(), "/", method->name());
  call->stub.UnaryCall(&call->context, path, grpc::StubOptions(),
                       &call->request, &call->response,
                       [call](grpc::Status status) { call->Finish(status); });
}

absl::StatusOr<std::unique_ptr<Message>> CallPeerAndWait(
    const Peer& peer, const MethodDescriptor* method, const Message& request,
    SteadyTime deadline) {
  auto mailbox = std::make_shared<Mailbox>();
  CallPeer(peer, method, request, deadline, [mailbox](PeerReply reply) {
    MutexLock lock(&mailbox->mu);
    mailbox->reply = std::move(reply);
    mailbox->arrived.SignalAll();
  });
  std::unique_ptr<Message> response;
  absl::Status failure;
  {
    MutexLock lock(&mailbox->mu);
    while (!mailbox->reply.has_value()) {
      if (!mailbox->arrived.WaitUntil(&mailbox->mu, peer.channel->clock(),
                                      deadline + kGrace)) {
        break;
      }
    }
    if (!mailbox->reply.has_value()) {
      failure = absl::DeadlineExceededError("gRPC did not end the call");
    } else if (!mailbox->reply->status.ok()) {
      failure = mailbox->reply->status;
    } else {
      response = std::move(mailbox->reply->response);
    }
  }
  if (response != nullptr) return response;
  if (peer.on_failure) peer.on_failure(failure);
  return PeerAway(peer);
}

}  // namespace keyward::rpc
