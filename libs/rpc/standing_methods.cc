// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/standing_methods.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "proto/keyward/internal/call/v1/call.pb.h"

namespace keyward::rpc {
namespace {

namespace call = keyward::internal::call::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr char kMethod[] = "GetStanding";

std::unique_ptr<Message> New(const Descriptor* type) {
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// The field of a service's own response that has what is common to all.
const FieldDescriptor* StandingField(const Message& response) {
  return response.GetDescriptor()->FindFieldByName("standing");
}

}  // namespace

void AddStandingMethod(const ServiceDescriptor* service,
                       const ProcessStanding* standing,
                       InternalMethods* methods) {
  const Descriptor* type = service->FindMethodByName(kMethod)->output_type();
  methods->unary[kMethod] = [type, standing](std::unique_ptr<Message>,
                                             SteadyTime, UnaryDone done) {
    const Standing now = standing->Get();
    std::unique_ptr<Message> response = New(type);
    auto* told = static_cast<call::ProcessStanding*>(
        response->GetReflection()->MutableMessage(response.get(),
                                                  StandingField(*response)));
    told->mutable_start_time()->set_seconds(
        absl::ToUnixSeconds(now.start_time));
    told->set_memory_locked(now.memory_locked);
    told->set_serving(now.serving);
    told->set_waiting_for(now.waiting_for);
    done(absl::OkStatus(), std::move(response));
  };
}

absl::StatusOr<Standing> AskStanding(const Peer& peer,
                                     const ServiceDescriptor* service,
                                     SteadyTime deadline) {
  const MethodDescriptor* method = service->FindMethodByName(kMethod);
  Peer quiet = peer;
  quiet.on_failure = nullptr;
  const absl::StatusOr<std::unique_ptr<Message>> answer =
      CallPeerAndWait(quiet, method, *New(method->input_type()), deadline);
  if (!answer.ok()) return answer.status();
  const auto& told = static_cast<const call::ProcessStanding&>(
      (*answer)->GetReflection()->GetMessage(**answer,
                                             StandingField(**answer)));
  return Standing{absl::FromUnixSeconds(told.start_time().seconds()),
                  told.memory_locked(), told.serving(), told.waiting_for()};
}

}  // namespace keyward::rpc
