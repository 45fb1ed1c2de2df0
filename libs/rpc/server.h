// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVER_H_
#define KEYWARD_LIBS_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/acceptor.h"
#include "libs/rpc/health_handler.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/public_descriptors.h"
#include "libs/rpc/raw_service.h"
#include "libs/rpc/reflection_service.h"
#include "libs/rpc/server_credentials.h"
#include "libs/rpc/server_limits.h"
#include "libs/rpc/unknown_methods.h"

namespace keyward::rpc {

// A service and who answers its calls. Both outlive the server.
struct ServedService {
  const google::protobuf::ServiceDescriptor* service = nullptr;
  CallHandler* handler = nullptr;
};

struct ServerOptions {
  // HOST:PORT; port 0 takes any free one.
  std::string address;
  std::shared_ptr<ReloadableServerTls> tls;
  std::vector<ServedService> services;
  ServerLimits limits;
  // grpc.health.v1 and server reflection, to anyone who can connect. For the
  // gateway alone: internal services tell strangers nothing.
  bool health = false;
  bool reflection = false;
  // Who is told of calls of methods that there are none of; nobody if null.
  CallHandler* unknown_methods = nullptr;
  // Where it is told that connections are refused; nowhere if null. Outlives
  // the server.
  const Logger* log = nullptr;
};

// A gRPC server over TLS.
//
// Drain it, or destroy it, before the handlers that it calls. Thread-safe.
class Server {
 public:
  // Listens. UNAVAILABLE, saying why and what to do, if the address cannot be
  // listened on. INVALID_ARGUMENT if a service cannot be served,
  // RESOURCE_EXHAUSTED without files for its own use. `clock` outlives the
  // server.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options,
                                                        const Clock* clock);

  // Ends open calls at once.
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port that is listened on.
  int port() const { return port_; }

  // What grpc.health.v1 answers; NOT_SERVING until it is told otherwise.
  void SetServing(bool serving);

  // Takes no new calls, tells streams that they are over, lets the calls in
  // flight go on for `grace`, and cancels the rest. Blocks until every handler
  // has answered, which each does soon after its deadline. Once; later calls
  // return at once. gRPC ends some of the calls that begin while this begins
  // with CANCELLED: clients retry those.
  void Drain(absl::Duration grace);

 private:
  Server() = default;

  // The sources of what is registered with server_, which is destroyed first.
  std::shared_ptr<ReloadableServerTls> tls_;
  std::unique_ptr<HealthHandler> health_handler_;
  std::unique_ptr<PublicDescriptors> descriptors_;
  std::unique_ptr<ReflectionService> reflection_;
  std::unique_ptr<ServerCalls> calls_;
  std::vector<std::unique_ptr<RawService>> services_;
  std::unique_ptr<UnknownMethods> unknown_methods_;
  std::unique_ptr<grpc::Server> server_;
  // Gives connections to server_, by connections_.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<Acceptor> acceptor_;
  int port_ = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVER_H_
