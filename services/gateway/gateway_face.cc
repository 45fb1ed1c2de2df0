// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/gateway_face.h"

#include <utility>

#include "google/protobuf/descriptor.h"
#include "libs/policy/public_actions.h"
#include "libs/rpc/server_credentials.h"

namespace keyward::gateway {
namespace {

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace

rpc::ServerLimits ServerLimitsOf(const config::v1::LimitsConfig& config) {
  rpc::ServerLimits limits = rpc::GatewayServerLimits();
  limits.connections = {config.connections(), config.connections_of_address()};
  limits.max_concurrent_streams =
      static_cast<int>(config.max_concurrent_streams());
  // Of clients that do not heed the number. One that does may have as many
  // under way whose answers it has read, and of which gRPC has not told yet.
  limits.calls.max_calls_of_connection =
      size_t{2} * config.max_concurrent_streams();
  limits.max_connection_age = ToAbsl(config.max_connection_age());
  limits.max_connection_age_grace = ToAbsl(config.max_connection_age_grace());
  return limits;
}

PipelineOptions PipelineOptionsOf(const config::v1::LimitsConfig& limits) {
  // Denials may come in a burst, as when an application starts without its
  // grant; five seconds' worth is still few records.
  constexpr double kDenialBurstSeconds = 5;
  PipelineOptions options;
  options.rate_limits = {static_cast<double>(limits.requests_per_second()),
                         static_cast<double>(limits.burst()),
                         limits.tracked_principals()};
  options.denial_limits = {static_cast<double>(limits.denials_per_second()),
                           kDenialBurstSeconds * limits.denials_per_second(),
                           limits.tracked_principals()};
  options.call_limits.calls_of_principal = limits.calls_at_once();
  return options;
}

absl::StatusOr<std::unique_ptr<GatewayFace>> GatewayFace::Create(
    const GatewayFaceOptions& options, rpc::CallHandler* pipeline,
    rpc::Metrics* metrics, const Clock* clock) {
  absl::StatusOr<std::unique_ptr<rpc::ReloadingServerTls>> tls =
      rpc::ReloadingServerTls::Create(options.tls,
                                      rpc::ClientCertificate::kOptional, clock);
  if (!tls.ok()) return tls.status();
  std::unique_ptr<GatewayFace> face(new GatewayFace(
      *std::move(tls),
      std::make_unique<rpc::MeteredHandler>(pipeline, metrics, clock)));
  rpc::ServerOptions server;
  server.address = options.address;
  server.tls = face->tls_->tls();
  server.limits = ServerLimitsOf(options.limits);
  server.health = true;
  server.reflection = options.reflection;
  server.log = options.log;
  server.unknown_methods = face->handler_.get();
  for (const auto* service : policy::PublicServices()) {
    server.services.push_back({service, face->handler_.get()});
  }
  absl::StatusOr<std::unique_ptr<rpc::Server>> running =
      rpc::Server::Create(std::move(server), clock);
  if (!running.ok()) return running.status();
  face->server_ = *std::move(running);
  return face;
}

}  // namespace keyward::gateway
