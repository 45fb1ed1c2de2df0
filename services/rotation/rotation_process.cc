// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/rotation/rotation_process.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_server.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/service_process.h"
#include "libs/rpc/standing_methods.h"
#include "proto/keyward/internal/rotation/v1/rotation_service.pb.h"

namespace keyward::rotation {
namespace {

namespace wire = keyward::internal::rotation::v1;

constexpr char kGateway[] = "spiffe://keyward.internal/service/gateway";

class RotationProcess final : public rpc::RunningService {
 public:
  explicit RotationProcess(std::unique_ptr<rpc::InternalServer> server)
      : server_(std::move(server)) {}

  absl::Status BringIntoService(SteadyTime) override {
    return absl::OkStatus();
  }
  std::vector<auth::ReloadRunner::Set> files() override {
    return server_->files();
  }
  void Drain(absl::Duration grace) override { server_->Drain(grace); }

 private:
  const std::unique_ptr<rpc::InternalServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartRotation(
    const config::v1::RotationConfig& config,
    const rpc::ProcessContext& context) {
  rpc::InternalMethods methods;
  methods.unary["GetReadiness"] = [](std::unique_ptr<google::protobuf::Message>,
                                     SteadyTime, rpc::UnaryDone done) {
    auto response = std::make_unique<wire::GetReadinessResponse>();
    response->set_ready(true);
    done(absl::OkStatus(), std::move(response));
  };
  const google::protobuf::ServiceDescriptor* service =
      wire::GetReadinessRequest::descriptor()->file()->FindServiceByName(
          "RotationInternalService");
  rpc::AddStandingMethod(service, context.standing, &methods);
  absl::StatusOr<std::unique_ptr<rpc::InternalServer>> server =
      rpc::InternalServer::Create(
          rpc::InternalServerOptionsOf(
              config,
              {{"GetReadiness", {kGateway}}, {"GetStanding", {kGateway}}},
              context.log),
          service, std::move(methods), context.metrics, context.clock);
  if (!server.ok()) return server.status();
  return std::make_unique<RotationProcess>(*std::move(server));
}

}  // namespace keyward::rotation
