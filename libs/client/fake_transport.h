// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_FAKE_TRANSPORT_H_
#define KEYWARD_LIBS_CLIENT_FAKE_TRANSPORT_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/client/transport.h"

namespace keyward::client {

// A gateway for tests: answers each method by the function given for it, and
// UNIMPLEMENTED for the others. Requests and answers pass through their wire
// form, as they would. Not safe for concurrent use.
class FakeTransport final : public Transport {
 public:
  // Answers calls of `Request` by `handler`.
  template <typename Request, typename Response>
  void On(std::function<absl::Status(const Request&, Response*)> handler) {
    unary_[Request::descriptor()->full_name()] =
        [handler](const google::protobuf::Message& request,
                  google::protobuf::Message* response) {
          return handler(static_cast<const Request&>(request),
                         static_cast<Response*>(response));
        };
  }

  // Answers streams of `Request`: the handler gets a function that sends.
  template <typename Request, typename Response>
  void OnStream(
      std::function<absl::Status(
          const Request&, std::function<absl::Status(const Response&)> send)>
          handler) {
    streams_[Request::descriptor()->full_name()] =
        [handler](const google::protobuf::Message& request, Each each) {
          return handler(
              static_cast<const Request&>(request),
              [each](const Response& response) { return each(response); });
        };
  }

  // The full names of the methods called so far, attempts singly.
  const std::vector<std::string>& calls() const { return calls_; }

  // The time that the last unary attempt was given.
  absl::Duration last_timeout() const { return last_timeout_; }

  absl::Status Unary(const google::protobuf::MethodDescriptor& method,
                     const google::protobuf::Message& request,
                     absl::Duration timeout,
                     google::protobuf::Message* response) override;

  absl::Status Stream(
      const google::protobuf::MethodDescriptor& method,
      const google::protobuf::Message& request, absl::Duration timeout,
      google::protobuf::Message* message,
      absl::FunctionRef<absl::Status(google::protobuf::Message*)> each)
      override;

 private:
  using Each = std::function<absl::Status(const google::protobuf::Message&)>;

  std::map<std::string,
           std::function<absl::Status(const google::protobuf::Message&,
                                      google::protobuf::Message*)>>
      unary_;
  std::map<std::string,
           std::function<absl::Status(const google::protobuf::Message&, Each)>>
      streams_;
  std::vector<std::string> calls_;
  absl::Duration last_timeout_;
};

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_FAKE_TRANSPORT_H_
