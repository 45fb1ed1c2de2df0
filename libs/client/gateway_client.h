// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_GATEWAY_CLIENT_H_
#define KEYWARD_LIBS_CLIENT_GATEWAY_CLIENT_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/client/transport.h"
#include "libs/crypto/random.h"

namespace keyward::client {

// How long a call may take, its repetitions included: the gateway's own bound
// for any call.
inline constexpr absl::Duration kMaxCallTimeout = absl::Seconds(60);
inline constexpr absl::Duration kDefaultCallTimeout = absl::Seconds(30);

// Calls the public services of a gateway: finds the method by the request's
// type, gives every change a request id, repeats what is safe to repeat, and
// keeps the whole within one deadline.
//
//   absl::StatusOr<GetSecretResponse> answer =
//       client.Call<GetSecretResponse>(std::move(request));
//
// Requests are taken by value and their sensitive fields are wiped before the
// call returns; wiping what is sensitive in an answer is the caller's.
//
// Errors are the transport's. Safe for concurrent use.
class GatewayClient {
 public:
  // What a client needs of the process. Nothing is owned; all outlive the
  // client.
  struct Dependencies {
    Transport* transport = nullptr;
    // Request ids and jitter.
    crypto::RandomSource* random = nullptr;
    // Waits; given the time to wait. Tests do not wait.
    std::function<void(absl::Duration)> sleep;
    // The present moment of a clock that only goes forward, as the time since
    // any fixed moment: deadlines must not depend on the time of day.
    std::function<absl::Duration()> steady_now;
  };

  // INVALID_ARGUMENT unless `timeout` is positive and at most
  // kMaxCallTimeout, and all dependencies are there.
  static absl::StatusOr<std::unique_ptr<GatewayClient>> Create(
      Dependencies dependencies, absl::Duration timeout);

  GatewayClient(const GatewayClient&) = delete;
  GatewayClient& operator=(const GatewayClient&) = delete;

  // Calls the unary method that takes `Request` and answers `Response`.
  // INTERNAL if the contracts have no such method.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(Request request) {
    Response response;
    absl::Status status = CallMessages(&request, &response);
    if (!status.ok()) return status;
    return response;
  }

  // Calls the streaming method likewise, without a deadline and without
  // repetitions: where to go on after an interruption is for the caller to
  // say. `each` is called for every message; its error ends the stream and is
  // returned.
  template <typename Response, typename Request>
  absl::Status Stream(const Request& request,
                      absl::FunctionRef<absl::Status(Response*)> each) {
    Response message;
    return StreamMessages(request, &message,
                          [&each](google::protobuf::Message* next) {
                            return each(static_cast<Response*>(next));
                          });
  }

 private:
  GatewayClient(Dependencies dependencies, absl::Duration timeout)
      : dependencies_(std::move(dependencies)), timeout_(timeout) {}

  absl::Status CallMessages(google::protobuf::Message* request,
                            google::protobuf::Message* response);
  absl::Status StreamMessages(
      const google::protobuf::Message& request,
      google::protobuf::Message* message,
      absl::FunctionRef<absl::Status(google::protobuf::Message*)> each);
  absl::Status CallUntilDone(const google::protobuf::MethodDescriptor& method,
                             const google::protobuf::Message& request,
                             google::protobuf::Message* response);
  absl::StatusOr<double> Jitter();

  const Dependencies dependencies_;
  const absl::Duration timeout_;
};

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_GATEWAY_CLIENT_H_
