// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/gateway_process.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/auth/reload_runner.h"
#include "libs/auth/reloading_authenticator.h"
#include "libs/base/steady_time.h"
#include "libs/policy/public_actions.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/service_process.h"
#include "libs/rpc/standing_methods.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/rotation/v1/rotation_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "services/gateway/gateway_face.h"
#include "services/gateway/peer_authenticator.h"
#include "services/gateway/pipeline.h"
#include "services/gateway/policy_follower.h"
#include "services/gateway/remote_parts.h"
#include "services/gateway/status_board.h"

namespace keyward::gateway {
namespace {

constexpr char kVersion[] = "0.1.0";

// Cancelled calls end at once; this is for a machine under load.
constexpr absl::Duration kLastCalls = absl::Seconds(5);

// Nobody waits for these, and an audit that is away must not hold up the end.
constexpr absl::Duration kLastRecords = absl::Seconds(2);

// Asks the peer that runs the service of `Request`'s file.
template <typename Request>
StatusBoard::AskStanding Standing(rpc::ReloadingPeer* peer) {
  return [peer = peer->peer()](SteadyTime deadline) {
    return rpc::AskStanding(peer, Request::descriptor()->file()->service(0),
                            deadline);
  };
}

// Policy is asked nothing but its standing, and whether a connection to it
// stands.
StatusBoard::Service Policy(rpc::ReloadingPeer* peer) {
  return {"policy",
          [channel = peer->peer().channel](SteadyTime) {
            return channel->Connected()
                       ? absl::OkStatus()
                       : absl::UnavailableError("no connection");
          },
          Standing<internal::policy::v1::GetStandingRequest>(peer)};
}

absl::StatusOr<StatusBoard::Installation> AskStore(const rpc::Peer& store,
                                                   SteadyTime deadline) {
  namespace wire = keyward::internal::store::v1;
  const absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer =
      rpc::CallPeerAndWait(store,
                           wire::GetInstallationRequest::descriptor()
                               ->file()
                               ->service(0)
                               ->FindMethodByName("GetInstallation"),
                           wire::GetInstallationRequest(), deadline);
  if (!answer.ok()) return answer.status();
  const auto& told =
      static_cast<const wire::GetInstallationResponse&>(**answer);
  return StatusBoard::Installation{told.installation_id(), told.incarnation()};
}

StatusBoard::Service Rotation(rpc::ReloadingPeer* peer) {
  namespace wire = keyward::internal::rotation::v1;
  return {"rotation",
          [peer = peer->peer()](SteadyTime deadline) {
            return rpc::CallPeerAndWait(peer,
                                        wire::GetReadinessRequest::descriptor()
                                            ->file()
                                            ->service(0)
                                            ->FindMethodByName("GetReadiness"),
                                        wire::GetReadinessRequest(), deadline)
                .status();
          },
          Standing<wire::GetStandingRequest>(peer)};
}

class GatewayProcess final : public rpc::RunningService {
 public:
  explicit GatewayProcess(const rpc::ProcessContext& context)
      : context_(context) {}

  absl::Status Open(const config::v1::GatewayConfig& config);

  absl::Status BringIntoService(SteadyTime) override {
    if (pipeline_->view().Current() == nullptr) {
      return absl::UnavailableError(
          "the policy in force: a snapshot of policy's at the fence of audit");
    }
    // After a connection that was refused gRPC pauses before the next. Until
    // that one stands, calls for secrets fail although the store is well.
    if (!remote_->store_peer->peer().channel->Connected()) {
      return absl::UnavailableError("the store: no connection to it stands");
    }
    face_->SetServing(true);
    return absl::OkStatus();
  }

  std::vector<auth::ReloadRunner::Set> files() override {
    std::vector<auth::ReloadRunner::Set> sets = remote_->files();
    sets.push_back({"tls certificate", face_->tls_files()});
    sets.push_back({"bundles, key sets and proxies", authenticator_->files()});
    return sets;
  }

  void Drain(absl::Duration grace) override {
    face_->SetServing(false);
    face_->Drain(grace);
    const bool ended = pipeline_->AwaitCalls(kLastCalls);
    pipeline_->FlushRecords(kLastRecords);
    if (ended) return;
    // Callers have their answers; what is left are records that a service does
    // not take. The reconciler closes the changes that they are about.
    context_.log->Warning("calls wait for a service that does not answer", {});
    remote_->Close();
    if (!pipeline_->AwaitCalls(kLastCalls)) {
      context_.log->Error("calls do not end", {});
    }
  }

 private:
  absl::Status MakePipeline(const config::v1::GatewayConfig& config);
  absl::Status MakeFace(const config::v1::GatewayConfig& config);

  const rpc::ProcessContext context_;
  // In the order in which they are made; destroyed the other way round.
  std::unique_ptr<RemoteParts> remote_;
  std::unique_ptr<StatusBoard> board_;
  std::unique_ptr<auth::ReloadingAuthenticator> authenticator_;
  std::unique_ptr<PeerAuthenticator> callers_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<PolicyFollower> follower_;
  std::unique_ptr<GatewayFace> face_;
};

absl::Status GatewayProcess::MakePipeline(
    const config::v1::GatewayConfig& config) {
  absl::StatusOr<std::unique_ptr<auth::ReloadingAuthenticator>> authenticator =
      auth::ReloadingAuthenticator::Create(auth::AuthSettingsOf(config),
                                           config.limits().cached_credentials(),
                                           context_.clock);
  if (!authenticator.ok()) return authenticator.status();
  authenticator_ = *std::move(authenticator);
  callers_ =
      std::make_unique<PeerAuthenticator>(authenticator_->authenticator());
  PipelineDependencies dependencies;
  dependencies.clock = context_.clock;
  dependencies.timer = context_.timer;
  dependencies.random = context_.random;
  dependencies.log = context_.log;
  dependencies.authenticator = callers_.get();
  dependencies.audit_log = remote_->audit_log.get();
  dependencies.audit_feed = remote_->entries.get();
  dependencies.event_feed = remote_->events.get();
  dependencies.store = remote_->store.get();
  dependencies.policy = remote_->policy.get();
  dependencies.audit = remote_->audit.get();
  absl::StatusOr<std::unique_ptr<Pipeline>> pipeline = Pipeline::Create(
      dependencies, PipelineOptionsOf(config.limits()),
      [board = board_.get()](operators::v1::GetStatusResponse* response) {
        board->Fill(response);
      });
  if (!pipeline.ok()) return pipeline.status();
  pipeline_ = *std::move(pipeline);
  return absl::OkStatus();
}

absl::Status GatewayProcess::MakeFace(const config::v1::GatewayConfig& config) {
  GatewayFaceOptions options;
  options.address = config.listen().address();
  options.tls.certificate_file = config.listen().tls().cert_file();
  options.tls.key_file = config.listen().tls().key_file();
  for (const config::v1::TrustDomainConfig& domain : config.trust_domains()) {
    options.tls.bundle_files.push_back(domain.bundle_file());
  }
  options.limits = config.limits();
  options.reflection = config.reflection();
  options.log = context_.log;
  absl::StatusOr<std::unique_ptr<GatewayFace>> face = GatewayFace::Create(
      options, pipeline_.get(), context_.metrics, context_.clock);
  if (!face.ok()) return face.status();
  face_ = *std::move(face);
  return absl::OkStatus();
}

absl::Status GatewayProcess::Open(const config::v1::GatewayConfig& config) {
  absl::StatusOr<std::unique_ptr<RemoteParts>> remote =
      RemoteParts::Connect(config, context_);
  if (!remote.ok()) return remote.status();
  remote_ = *std::move(remote);
  board_ = std::make_unique<StatusBoard>(
      StatusBoard::Options{
          kVersion,
          [standing = context_.standing] { return standing->Get(); },
          [store = remote_->store_peer->peer()](SteadyTime deadline) {
            return AskStore(store, deadline);
          },
          Standing<internal::store::v1::GetStandingRequest>(
              remote_->store_peer.get()),
          Standing<internal::audit::v1::GetStandingRequest>(
              remote_->audit_peer.get()),
          {Policy(remote_->policy_peer.get()),
           Rotation(remote_->rotation_peer.get())}},
      remote_->audit_log.get(), context_.clock);
  absl::Status made = MakePipeline(config);
  if (!made.ok()) return made;
  absl::StatusOr<std::shared_ptr<const policy::ActionCatalog>> catalog =
      policy::PublicActions();
  if (!catalog.ok()) return catalog.status();
  follower_ = std::make_unique<PolicyFollower>(
      context_.clock, remote_->snapshots.get(), remote_->audit_log.get(),
      *std::move(catalog), &pipeline_->view(), context_.log);
  return MakeFace(config);
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartGateway(
    const config::v1::GatewayConfig& config,
    const rpc::ProcessContext& context) {
  auto process = std::make_unique<GatewayProcess>(context);
  absl::Status opened = process->Open(config);
  if (!opened.ok()) return opened;
  return process;
}

}  // namespace keyward::gateway
