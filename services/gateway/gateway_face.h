// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway's face to the network: all public contracts over TLS, in front
// of a pipeline.

#ifndef KEYWARD_SERVICES_GATEWAY_GATEWAY_FACE_H_
#define KEYWARD_SERVICES_GATEWAY_GATEWAY_FACE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/reloadable_files.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/reloading_server_tls.h"
#include "libs/rpc/server.h"
#include "libs/rpc/server_limits.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/gateway/pipeline.h"

namespace keyward::gateway {

struct GatewayFaceOptions {
  std::string address;
  rpc::ServerTlsFiles tls;
  config::v1::LimitsConfig limits;
  bool reflection = true;
  // Where refused connections are told; nowhere if null. Outlives the face.
  const Logger* log = nullptr;
};

// The pipeline's limits in a configuration.
PipelineOptions PipelineOptionsOf(const config::v1::LimitsConfig& limits);

// The server's.
rpc::ServerLimits ServerLimitsOf(const config::v1::LimitsConfig& config);

// A running server. Thread-safe.
class GatewayFace {
 public:
  // Listens, and answers UNAVAILABLE by health until SetServing. Errors of the
  // TLS files and of the address, which say what to do. Everything given must
  // outlive it.
  static absl::StatusOr<std::unique_ptr<GatewayFace>> Create(
      const GatewayFaceOptions& options, rpc::CallHandler* pipeline,
      rpc::Metrics* metrics, const Clock* clock);

  // What health tells.
  void SetServing(bool serving) { server_->SetServing(serving); }
  int port() const { return server_->port(); }
  // For a ReloadRunner.
  auth::ReloadableFiles* tls_files() { return tls_->files(); }

  // Takes no more calls, and waits for those under way for `grace`.
  void Drain(absl::Duration grace) { server_->Drain(grace); }

 private:
  GatewayFace(std::unique_ptr<rpc::ReloadingServerTls> tls,
              std::unique_ptr<rpc::MeteredHandler> handler)
      : tls_(std::move(tls)), handler_(std::move(handler)) {}

  const std::unique_ptr<rpc::ReloadingServerTls> tls_;
  const std::unique_ptr<rpc::MeteredHandler> handler_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_GATEWAY_FACE_H_
