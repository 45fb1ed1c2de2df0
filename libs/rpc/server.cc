// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/server.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "grpc/compression.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "libs/rpc/acceptor.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/listener.h"

namespace keyward::rpc {
namespace {

using google::protobuf::ServiceDescriptor;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetLimits(const ServerLimits& limits, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(limits.max_request_bytes);
  builder->SetMaxSendMessageSize(limits.max_response_bytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                              limits.max_metadata_bytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                              limits.max_concurrent_streams);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                              Milliseconds(limits.handshake_timeout));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                              Milliseconds(limits.max_connection_idle));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                              Milliseconds(limits.max_connection_age));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                              Milliseconds(limits.max_connection_age_grace));
  // Only the two together let clients ping without calls and bound how often.
  builder->AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(limits.min_ping_interval));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Callers are not to index headers: gRPC would keep their bearer tokens in
  // its table for as long as the connection lives.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_HPACK_TABLE_SIZE_DECODER, 0);
  grpc::ResourceQuota quota("keyward");
  quota.Resize(limits.memory_quota_bytes);
  builder->SetResourceQuota(quota);
  // No compression in either direction: next to text that a caller chose, the
  // compressed length tells about the secret (CRIME), and the buffers of the
  // codec are not ours to wipe.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder->SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  // Refused above before it comes to these, which every call would pass.
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Counts calls for a debugging service that nobody is offered.
  builder->AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options,
                                                       const Clock* clock) {
  auto server = absl::WrapUnique(new Server);
  server->tls_ = std::move(options.tls);
  server->calls_ = std::make_unique<ServerCalls>(options.limits.calls);

  std::vector<ServedService> served = options.services;
  if (options.health) {
    std::set<std::string> names;
    for (const ServedService& service : served) {
      names.insert(service.service->full_name());
    }
    server->health_handler_ = std::make_unique<HealthHandler>(std::move(names));
    served.push_back(
        {google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
             "grpc.health.v1.Health"),
         server->health_handler_.get()});
  }

  grpc::ServerBuilder builder;
  SetLimits(options.limits, &builder);
  std::vector<const ServiceDescriptor*> told;
  for (const ServedService& service : served) {
    absl::StatusOr<std::unique_ptr<RawService>> raw =
        RawService::Create(service.service, service.handler, clock,
                           options.limits.calls, server->calls_.get());
    if (!raw.ok()) return raw.status();
    builder.RegisterService(raw->get());
    server->services_.push_back(*std::move(raw));
    told.push_back(service.service);
  }
  if (options.reflection) {
    told.push_back(grpc::reflection::v1::ServerReflectionRequest::descriptor()
                       ->file()
                       ->service(0));
    server->descriptors_ = std::make_unique<PublicDescriptors>(told);
    server->reflection_ =
        std::make_unique<ReflectionService>(server->descriptors_.get());
    builder.RegisterService(server->reflection_.get());
  }
  if (options.unknown_methods != nullptr) {
    server->unknown_methods_ = std::make_unique<UnknownMethods>(
        options.unknown_methods, server->calls_.get());
    builder.RegisterCallbackGenericService(server->unknown_methods_.get());
  }
  using Builder = grpc::ServerBuilder::experimental_type;
  server->connections_ = builder.experimental().AddExternalConnectionAcceptor(
      Builder::ExternalConnectionType::FROM_FD, server->tls_->NewCredentials());
  absl::StatusOr<Listener> listener = Listen(options.address);
  if (!listener.ok()) return listener.status();
  server->port_ = listener->port;
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::InternalError("gRPC starts no server; its log says why");
  }
  absl::StatusOr<std::unique_ptr<Acceptor>> acceptor = Acceptor::Create(
      *std::move(listener), options.limits.connections, clock, options.log,
      [connections = server->connections_.get()](int from, int fd) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
            taken;
        taken.listener_fd = from;
        taken.fd = fd;
        connections->HandleNewConnection(&taken);
      });
  if (!acceptor.ok()) return acceptor.status();
  server->acceptor_ = *std::move(acceptor);
  return server;
}

Server::~Server() { Drain(absl::ZeroDuration()); }

void Server::SetServing(bool serving) {
  if (health_handler_ != nullptr) health_handler_->SetServing(serving);
}

void Server::Drain(absl::Duration grace) {
  if (server_ == nullptr) return;
  SetServing(false);
  // What gRPC is given after its shutdown it would never close. None is there
  // if the server could not be made.
  if (acceptor_ != nullptr) acceptor_->Stop();
  for (const auto& service : services_) service->DrainStreams();
  server_->Shutdown(GrpcDeadline(grace));
  server_->Wait();
  server_.reset();
}

}  // namespace keyward::rpc
