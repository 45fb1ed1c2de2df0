// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/execute_transport.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/sensitive.h"
#include "proto/keyward/internal/call/v1/call.pb.h"

namespace keyward::rpc {
namespace {

namespace call = keyward::internal::call::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

// Tag, length and remaining time of a call in a batch.
constexpr size_t kCallOverhead = 24;

// The three services' ExecuteRequests are the same message under three names:
// reflection spares three copies of this file.
std::unique_ptr<Message> NewRequest(
    const google::protobuf::MethodDescriptor* execute,
    std::vector<ExecuteItem>* items, SteadyTime now) {
  std::unique_ptr<Message> request(MessageFactory::generated_factory()
                                       ->GetPrototype(execute->input_type())
                                       ->New());
  const FieldDescriptor* calls =
      execute->input_type()->FindFieldByName("calls");
  for (ExecuteItem& item : *items) {
    *item.call.mutable_remaining() = EncodeRemaining(item.deadline - now);
    auto* added = static_cast<call::Call*>(
        request->GetReflection()->AddMessage(request.get(), calls));
    added->Swap(&item.call);
  }
  return request;
}

std::vector<call::CallResult> TakeResults(Message* response) {
  const FieldDescriptor* field =
      response->GetDescriptor()->FindFieldByName("results");
  const google::protobuf::Reflection* reflection = response->GetReflection();
  std::vector<call::CallResult> results(
      static_cast<size_t>(reflection->FieldSize(*response, field)));
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].Swap(
        static_cast<call::CallResult*>(reflection->MutableRepeatedMessage(
            response, field, static_cast<int>(i))));
  }
  return results;
}

}  // namespace

size_t ExecuteTraits::Bytes(const ExecuteItem& item) {
  return item.call.ByteSizeLong() + kCallOverhead;
}

ExecuteTraits::Expectation ExecuteTraits::Expect(const ExecuteItem& item) {
  return {item.call.request_id(), item.call.element(), item.call.resource()};
}

bool ExecuteTraits::Matches(const Expectation& expected, const Answer& answer) {
  return IsResolvedName(expected.resource, answer.resource());
}

void ExecuteTraits::Wipe(ExecuteItem* item) { WipeSensitive(&item->call); }

void ExecuteTraits::Wipe(Answer* answer) { WipeSensitive(answer); }

ExecuteTransport::ExecuteTransport(
    Peer peer, const google::protobuf::MethodDescriptor* execute,
    const Clock* clock)
    : peer_(std::move(peer)), execute_(execute), clock_(clock) {}

void ExecuteTransport::Send(std::vector<ExecuteItem> items, SteadyTime deadline,
                            Done done) {
  const std::unique_ptr<Message> request =
      NewRequest(execute_, &items, clock_->SteadyNow());
  CallPeer(peer_, execute_, *request, deadline,
           [done = std::move(done)](PeerReply reply) mutable {
             BatchReply<call::CallResult> batch;
             batch.status = std::move(reply.status);
             batch.sent = reply.sent;
             if (reply.response != nullptr) {
               batch.answers = TakeResults(reply.response.get());
             }
             done(std::move(batch));
           });
  WipeSensitive(request.get());
}

}  // namespace keyward::rpc
