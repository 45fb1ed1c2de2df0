// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/fake_transport.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace keyward::client {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

std::unique_ptr<Message> ThroughTheWire(const Message& message) {
  std::unique_ptr<Message> copy(message.New());
  copy->ParseFromString(message.SerializeAsString());
  return copy;
}

absl::Status NoHandler(const MethodDescriptor& method) {
  return absl::UnimplementedError(
      absl::StrCat("the test answers no ", method.full_name()));
}

}  // namespace

absl::Status FakeTransport::Unary(const MethodDescriptor& method,
                                  const Message& request,
                                  absl::Duration timeout, Message* response) {
  calls_.push_back(method.full_name());
  last_timeout_ = timeout;
  const auto handler = unary_.find(request.GetDescriptor()->full_name());
  if (handler == unary_.end()) return NoHandler(method);
  std::unique_ptr<Message> answer(response->New());
  absl::Status status = handler->second(*ThroughTheWire(request), answer.get());
  if (status.ok()) response->ParseFromString(answer->SerializeAsString());
  return status;
}

absl::Status FakeTransport::Stream(
    const MethodDescriptor& method, const Message& request, absl::Duration,
    Message* message, absl::FunctionRef<absl::Status(Message*)> each) {
  calls_.push_back(method.full_name());
  const auto handler = streams_.find(request.GetDescriptor()->full_name());
  if (handler == streams_.end()) return NoHandler(method);
  return handler->second(*ThroughTheWire(request), [&](const Message& sent) {
    message->ParseFromString(sent.SerializeAsString());
    return each(message);
  });
}

}  // namespace keyward::client
