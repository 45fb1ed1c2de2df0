// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_GRPC_TRANSPORT_H_
#define KEYWARD_LIBS_CLIENT_GRPC_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "libs/client/transport.h"

namespace keyward::client {

// The transport over gRPC. Messages travel as raw buffers that are wiped when
// they have been sent or parsed, so that neither a request's value nor an
// answer's stays behind in what gRPC frees.
//
// Safe for concurrent use.
class GrpcTransport final : public Transport {
 public:
  // A bearer token is read from `token_file` for every call, if it is not
  // empty: tokens are short-lived, and whoever renews one writes the file.
  // Such a file holds at most this many bytes; a longer one is refused.
  static constexpr size_t kMaxTokenBytes = 16 << 10;

  // How long a call waits for a connection that was lost before it fails.
  // gRPC makes connections only while some thread polls one of its queues, so
  // a client that sleeps between attempts would never get one.
  static constexpr absl::Duration kReconnectWait = absl::Milliseconds(500);

  GrpcTransport(std::shared_ptr<grpc::Channel> channel, std::string token_file);

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
  void AwaitConnection(absl::Duration timeout) const;
  absl::Status Prepare(absl::Duration timeout,
                       grpc::ClientContext* context) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string token_file_;
};

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_GRPC_TRANSPORT_H_
