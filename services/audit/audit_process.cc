// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_process.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/audit/log_key.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/root_key.h"
#include "libs/kv/kv.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_server.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/remote_owner_control.h"
#include "libs/rpc/service_peer.h"
#include "libs/rpc/service_process.h"
#include "libs/rpc/service_state.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "services/audit/audit_core.h"
#include "services/audit/audit_face.h"
#include "services/audit/background_runner.h"
#include "services/audit/log_key_loader.h"

namespace keyward::audit_service {
namespace {

// Fences, log states and checkpoints: from policy and the gateways.
constexpr size_t kControlThreads = 4;
constexpr size_t kControlWaiting = 256;

// How long the opening of the log may take, its derived state included.
constexpr absl::Duration kOpenTime = absl::Seconds(60);

class AuditProcess final : public rpc::RunningService {
 public:
  explicit AuditProcess(const rpc::ProcessContext& context)
      : context_(context) {}

  // What runs by itself first, then the calls, then what they use.
  ~AuditProcess() override {
    background_.reset();
    server_.reset();
    if (core_ != nullptr) core_->Close();
  }

  absl::Status Open(const config::v1::AuditConfig& config);

  absl::Status BringIntoService(SteadyTime deadline) override {
    absl::Status started = core_->Start(deadline);
    if (!started.ok()) return started;
    background_ = std::make_unique<BackgroundRunner>(
        BackgroundRunner::Options(), core_.get(), context_.clock, context_.log);
    return absl::OkStatus();
  }

  std::vector<auth::ReloadRunner::Set> files() override {
    std::vector<auth::ReloadRunner::Set> sets = server_->files();
    sets.push_back({"certificate for the store", store_->files()});
    sets.push_back({"certificate for policy", policy_->files()});
    return sets;
  }

  void Drain(absl::Duration grace) override { server_->Drain(grace); }

 private:
  absl::Status OpenPeers(const config::v1::AuditConfig& config);
  absl::Status OpenCore(const config::v1::AuditConfig& config);

  const rpc::ProcessContext context_;
  // In the order in which they are made; destroyed the other way round.
  std::unique_ptr<rpc::ReloadingPeer> store_;
  std::unique_ptr<rpc::ReloadingPeer> policy_;
  std::unique_ptr<rpc::RemoteOwnerControl> store_control_;
  std::unique_ptr<rpc::RemoteOwnerControl> policy_control_;
  std::unique_ptr<crypto::KeyFileSeal> seal_;
  std::unique_ptr<kv::KeyValueStore> state_;
  std::unique_ptr<AuditCore> core_;
  std::unique_ptr<rpc::CallMethods> methods_;
  ThreadPool pool_{kControlThreads, kControlWaiting};
  std::unique_ptr<rpc::InternalServer> server_;
  std::unique_ptr<BackgroundRunner> background_;
};

absl::Status AuditProcess::OpenPeers(const config::v1::AuditConfig& config) {
  absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> store = rpc::ConnectPeer(
      context_, config, "store", kStoreUnavailable, config.store());
  if (!store.ok()) return store.status();
  absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> policy = rpc::ConnectPeer(
      context_, config, "policy", kPolicyUnavailable, config.policy());
  if (!policy.ok()) return policy.status();
  store_ = *std::move(store);
  policy_ = *std::move(policy);
  store_control_ = std::make_unique<rpc::RemoteOwnerControl>(
      store_->peer(), keyward::internal::store::v1::ExecuteRequest::descriptor()
                          ->file()
                          ->FindServiceByName("StoreService"));
  policy_control_ = std::make_unique<rpc::RemoteOwnerControl>(
      policy_->peer(),
      keyward::internal::policy::v1::ExecuteRequest::descriptor()
          ->file()
          ->FindServiceByName("PolicyInternalService"));
  return absl::OkStatus();
}

absl::Status AuditProcess::OpenCore(const config::v1::AuditConfig& config) {
  absl::StatusOr<std::unique_ptr<crypto::KeyFileSeal>> seal =
      crypto::KeyFileSeal::Load(
          {config.seal().key_file(), {config.data().folder()}},
          context_.random);
  if (!seal.ok()) return seal.status();
  seal_ = *std::move(seal);
  absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> state =
      rpc::OpenServiceState(context_, config.data(), "audit", {});
  if (!state.ok()) return state.status();
  state_ = *std::move(state);
  absl::StatusOr<audit::LogKey> key = LoadOrCreateLogKey(
      absl::StrCat(config.data().folder(), "/audit/", audit::kLogKeyFile),
      seal_.get(), *context_.random, *state_);
  if (!key.ok()) {
    return rpc::InServiceState(key.status(), config.data(), "audit");
  }
  AuditCore::Dependencies dependencies;
  dependencies.store = state_.get();
  dependencies.key = *std::move(key);
  dependencies.clock = context_.clock;
  dependencies.timer = context_.timer;
  dependencies.logger = context_.log;
  dependencies.peers = {{"store",
                         store_control_.get(),
                         {"keyward.secrets.v1", "keyward.keys.v1"},
                         "system:store",
                         /*must_have_its_changes=*/true},
                        {"policy",
                         policy_control_.get(),
                         {"keyward.policy.v1"},
                         "system:policy"}};
  AuditCore::Options options;
  options.restored = context_.flags.count("restored") > 0;
  absl::StatusOr<std::unique_ptr<AuditCore>> core =
      AuditCore::Create(std::move(dependencies), options,
                        context_.clock->SteadyNow() + kOpenTime);
  if (!core.ok()) {
    return rpc::InServiceState(core.status(), config.data(), "audit");
  }
  core_ = *std::move(core);
  return absl::OkStatus();
}

absl::Status AuditProcess::Open(const config::v1::AuditConfig& config) {
  absl::Status opened = OpenPeers(config);
  if (opened.ok()) opened = OpenCore(config);
  if (!opened.ok()) return opened;
  absl::StatusOr<std::unique_ptr<rpc::CallMethods>> methods =
      AuditCallMethods();
  if (!methods.ok()) return methods.status();
  methods_ = *std::move(methods);
  absl::StatusOr<std::unique_ptr<rpc::InternalServer>> server =
      rpc::InternalServer::Create(
          rpc::InternalServerOptionsOf(config, AuditCallers(), context_.log),
          AuditLogService(),
          AuditLogMethods(core_.get(), methods_.get(), &pool_, context_.clock,
                          context_.standing),
          context_.metrics, context_.clock);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartAudit(
    const config::v1::AuditConfig& config, const rpc::ProcessContext& context) {
  auto process = std::make_unique<AuditProcess>(context);
  absl::Status opened = process->Open(config);
  if (!opened.ok()) return opened;
  return process;
}

}  // namespace keyward::audit_service
