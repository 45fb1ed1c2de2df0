// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/gateway_client.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/client/retry_policy.h"
#include "libs/rpc/sensitive.h"

namespace keyward::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Every request type belongs to one method: the contracts share none (buf's
// RPC_REQUEST_RESPONSE_UNIQUE). A request is declared beside its service.
const MethodDescriptor* FindMethod(const Descriptor& request) {
  const FileDescriptor& file = *request.file();
  for (int s = 0; s < file.service_count(); ++s) {
    for (int m = 0; m < file.service(s)->method_count(); ++m) {
      const MethodDescriptor* method = file.service(s)->method(m);
      if (method->input_type() == &request) return method;
    }
  }
  return nullptr;
}

absl::StatusOr<const MethodDescriptor*> FindMethod(const Message& request,
                                                   const Message& response,
                                                   bool streaming) {
  const MethodDescriptor* method = FindMethod(*request.GetDescriptor());
  if (method == nullptr || method->output_type() != response.GetDescriptor() ||
      method->client_streaming() || method->server_streaming() != streaming) {
    return absl::InternalError(
        absl::StrCat("no method takes ", request.GetDescriptor()->full_name(),
                     " and answers ", response.GetDescriptor()->full_name()));
  }
  return method;
}

absl::Status AddRequestId(const MethodDescriptor& method,
                          crypto::RandomSource& random, Message* request) {
  if (!TakesRequestId(method) || IsRepeatable(method, *request)) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> id = crypto::NewUuid(random);
  if (!id.ok()) return id.status();
  request->GetReflection()->SetString(
      request, request->GetDescriptor()->FindFieldByName("request_id"),
      *std::move(id));
  return absl::OkStatus();
}

// Wipes a request on every way out.
class WipingMessage {
 public:
  explicit WipingMessage(Message* message) : message_(message) {}
  ~WipingMessage() { rpc::WipeSensitive(message_); }

  WipingMessage(const WipingMessage&) = delete;
  WipingMessage& operator=(const WipingMessage&) = delete;

 private:
  Message* const message_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GatewayClient>> GatewayClient::Create(
    Dependencies dependencies, absl::Duration timeout) {
  if (dependencies.transport == nullptr || dependencies.random == nullptr ||
      !dependencies.sleep || !dependencies.steady_now) {
    return absl::InvalidArgumentError("a dependency is missing");
  }
  if (timeout <= absl::ZeroDuration() || timeout > kMaxCallTimeout) {
    return absl::InvalidArgumentError(
        absl::StrCat("the timeout must be positive and at most ",
                     absl::FormatDuration(kMaxCallTimeout)));
  }
  return std::unique_ptr<GatewayClient>(
      new GatewayClient(std::move(dependencies), timeout));
}

absl::Status GatewayClient::CallMessages(Message* request, Message* response) {
  const WipingMessage wipe(request);
  absl::StatusOr<const MethodDescriptor*> method =
      FindMethod(*request, *response, /*streaming=*/false);
  if (!method.ok()) return method.status();
  absl::Status status = AddRequestId(**method, *dependencies_.random, request);
  if (!status.ok()) return status;
  return CallUntilDone(**method, *request, response);
}

absl::Status GatewayClient::CallUntilDone(const MethodDescriptor& method,
                                          const Message& request,
                                          Message* response) {
  const absl::Duration end = dependencies_.steady_now() + timeout_;
  const int attempts = IsRepeatable(method, request) ? kMaxAttempts : 1;
  for (int attempt = 1;; ++attempt) {
    const absl::Duration left = end - dependencies_.steady_now();
    absl::Status status =
        dependencies_.transport->Unary(method, request, left, response);
    if (status.ok() || attempt == attempts) return status;
    absl::StatusOr<double> jitter = Jitter();
    if (!jitter.ok()) return status;
    const absl::optional<absl::Duration> delay =
        RetryDelay(status, attempt + 1, *jitter);
    // The last error says more than a deadline that ends during a wait.
    if (!delay.has_value() || dependencies_.steady_now() + *delay >= end) {
      return status;
    }
    dependencies_.sleep(*delay);
  }
}

absl::Status GatewayClient::StreamMessages(
    const Message& request, Message* message,
    absl::FunctionRef<absl::Status(Message*)> each) {
  absl::StatusOr<const MethodDescriptor*> method =
      FindMethod(request, *message, /*streaming=*/true);
  if (!method.ok()) return method.status();
  return dependencies_.transport->Stream(
      **method, request, absl::InfiniteDuration(), message, each);
}

absl::StatusOr<double> GatewayClient::Jitter() {
  uint16_t number = 0;
  absl::Status status = dependencies_.random->Fill(
      absl::MakeSpan(reinterpret_cast<char*>(&number), sizeof(number)));
  if (!status.ok()) return status;
  return number / 65536.0;
}

}  // namespace keyward::client
