// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A gRPC service made from a proto service's descriptor: one function for all
// of its methods, over raw bytes.

#ifndef KEYWARD_LIBS_RPC_RAW_SERVICE_H_
#define KEYWARD_LIBS_RPC_RAW_SERVICE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "libs/base/clock.h"
#include "libs/base/keyed_quota.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/answer_watch.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

class RawStreamWriter;

// What one service takes on. The server's own limits (libs/rpc/server.h) come
// before these.
struct RawServiceLimits {
  // A caller that names no deadline gets the first, one that names a later one
  // the second. Streams have none.
  absl::Duration default_deadline = absl::Seconds(10);
  absl::Duration max_deadline = absl::Seconds(60);
  // Unary calls and streams that are open at once; one more is refused
  // RESOURCE_EXHAUSTED. gRPC bounds them only per connection, and connections
  // not at all. Each call may hold a request of the server's largest size.
  size_t max_calls = 4096;
  // Each stream keeps a follower and at most one message.
  size_t max_streams = 1024;
  // Unary calls of one connection, whose settings its client need not heed.
  // Further ones are cancelled.
  size_t max_calls_of_connection = 1024;
  // How long an answer may be on its way before the call is cancelled: 3 MiB,
  // the largest that a gateway gives, over 1.3 Mbit/s.
  absl::Duration answer_time = absl::Seconds(20);
};

// What the services of one server share: the calls that gRPC holds for its
// clients. Outlives the services. Thread-safe.
struct ServerCalls {
  explicit ServerCalls(const RawServiceLimits& limits)
      : answers(limits.answer_time, absl::Seconds(1)),
        of_connection(limits.max_calls_of_connection) {}

  // Refusals that are on their way at once; further ones are not sent: their
  // calls are cancelled.
  static constexpr size_t kMaxRefusals = 1024;

  AnswerWatch answers;
  KeyedQuota of_connection;
  std::atomic<size_t> refusals{0};
};

// Hands every call of a service to one handler, and keeps the promises of the
// transport: plaintext is wiped where it came in and where it went out, no
// call is longer than its bound, every call is answered once, and no answer
// waits for a caller that does not read.
//
// Requests are parsed into their generated types. One that does not parse is
// handed on without a request, because the caller must be authenticated, and
// its failure be on record, before it is refused. What is received is wiped as
// soon as it is parsed; a response's sensitive fields as soon as it is
// serialized, and the serialized bytes when gRPC has sent them. The request
// message is the handler's to wipe.
//
// Only methods of the descriptor exist; any other name is UNIMPLEMENTED by
// gRPC itself and reaches no one.
//
// Thread-safe. The server that it is registered with must be shut down before
// it is destroyed.
class RawService final : public grpc::Service {
 public:
  // FAILED_PRECONDITION if a method streams requests (no contract of Keyward
  // has one), or if a request's type is not linked into the program. `handler`,
  // `clock` and `calls` outlive the service, the descriptor is of the generated
  // pool.
  static absl::StatusOr<std::unique_ptr<RawService>> Create(
      const google::protobuf::ServiceDescriptor* service, CallHandler* handler,
      const Clock* clock, const RawServiceLimits& limits, ServerCalls* calls);

  ~RawService() override;

  // The proto service's full name.
  const std::string& name() const { return service_->full_name(); }

  // Tells every open stream that it is over, and refuses new ones with
  // UNAVAILABLE: a drain would otherwise wait for watches until its deadline.
  void DrainStreams();

 private:
  friend class RawStreamWriter;

  struct Method {
    const google::protobuf::MethodDescriptor* descriptor = nullptr;
    const google::protobuf::Message* request_prototype = nullptr;
    // "/package.Service/Method"; gRPC keeps a pointer to it.
    std::string path;
  };

  RawService(const google::protobuf::ServiceDescriptor* service,
             CallHandler* handler, const Clock* clock,
             const RawServiceLimits& limits, ServerCalls* calls);

  void Register(size_t index);
  grpc::ServerUnaryReactor* StartUnary(const Method& method,
                                       grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response);
  grpc::ServerUnaryReactor* Refuse(const Method& method,
                                   grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer& request,
                                   const absl::Status& status);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StartStream(
      const Method& method, grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request);
  IncomingCall ReadCall(const Method& method,
                        const grpc::CallbackServerContext& context,
                        std::string peer,
                        const grpc::ByteBuffer& request) const;
  SteadyTime BoundedDeadline(const grpc::CallbackServerContext& context) const;

  // OK if the stream may run; it is then in streams_ until RemoveStream.
  absl::Status AddStream(const std::shared_ptr<RawStreamWriter>& stream);
  void RemoveStream(const std::shared_ptr<RawStreamWriter>& stream);

  const google::protobuf::ServiceDescriptor* const service_;
  CallHandler* const handler_;
  const Clock* const clock_;
  const RawServiceLimits limits_;
  ServerCalls* const calls_;
  std::vector<Method> methods_;
  std::atomic<size_t> open_calls_{0};

  Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<RawStreamWriter>> streams_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_RAW_SERVICE_H_
