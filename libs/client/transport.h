// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_TRANSPORT_H_
#define KEYWARD_LIBS_CLIENT_TRANSPORT_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace keyward::client {

// One attempt of one call to a gateway, without retries. The seam between the
// client's rules and gRPC: tests put a gateway of their own here.
//
// Errors are what the gateway answered, with its details as payloads
// (libs/base/error.h), or what gRPC made of a broken connection: UNAVAILABLE,
// DEADLINE_EXCEEDED, or CANCELLED while a gateway drains.
//
// Implementations are safe for concurrent use.
class Transport {
 public:
  virtual ~Transport() = default;

  // Calls a unary method and waits for the answer, at most for `timeout`.
  // `request` has the method's input type and `response` is an empty message
  // of its output type, which stays empty on an error.
  virtual absl::Status Unary(const google::protobuf::MethodDescriptor& method,
                             const google::protobuf::Message& request,
                             absl::Duration timeout,
                             google::protobuf::Message* response) = 0;

  // Calls a server-streaming method, and `each` for every message in order,
  // until the stream ends or `each` returns an error, which ends the call and
  // is returned. `message` is reused for all of them, and wiped at the end.
  // Ends after `timeout`; absl::InfiniteDuration() is allowed here, because a
  // watch has no end of its own.
  virtual absl::Status Stream(
      const google::protobuf::MethodDescriptor& method,
      const google::protobuf::Message& request, absl::Duration timeout,
      google::protobuf::Message* message,
      absl::FunctionRef<absl::Status(google::protobuf::Message*)> each) = 0;
};

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_TRANSPORT_H_
