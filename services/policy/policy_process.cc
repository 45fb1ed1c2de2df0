// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_process.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/kv/kv.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_server.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/remote_audit_log.h"
#include "libs/rpc/remote_owner_control.h"
#include "libs/rpc/service_peer.h"
#include "libs/rpc/service_process.h"
#include "libs/rpc/service_state.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "services/policy/policy_core.h"
#include "services/policy/policy_face.h"

namespace keyward::policy_service {
namespace {

// Control calls come from audit alone, a few at a time.
constexpr size_t kControlThreads = 4;
constexpr size_t kControlWaiting = 64;

class PolicyProcess final : public rpc::RunningService {
 public:
  explicit PolicyProcess(const rpc::ProcessContext& context)
      : context_(context) {
    const auto recover = context_.flags.find("recover-admin");
    if (recover != context_.flags.end()) recover_ = recover->second;
  }

  absl::Status Open(const config::v1::PolicyConfig& config);

  absl::Status BringIntoService(SteadyTime deadline) override {
    if (!recover_.has_value()) return core_->Start(deadline);
    absl::Status recovered = core_->RecoverAdministrator(*recover_, deadline);
    if (recovered.ok()) {
      context_.log->Info("administrator recovered", {{"principal", *recover_}});
    }
    return recovered;
  }
  bool finished() const override { return recover_.has_value(); }

  std::vector<auth::ReloadRunner::Set> files() override {
    std::vector<auth::ReloadRunner::Set> sets = server_->files();
    sets.push_back({"certificate for audit", audit_->files()});
    sets.push_back({"certificate for the store", store_->files()});
    return sets;
  }

  void Drain(absl::Duration grace) override { server_->Drain(grace); }

 private:
  absl::Status OpenPeers(const config::v1::PolicyConfig& config);
  absl::Status OpenCore(const config::v1::PolicyConfig& config);

  const rpc::ProcessContext context_;
  std::optional<std::string> recover_;
  // In the order in which they are made; destroyed the other way round.
  std::unique_ptr<rpc::ReloadingPeer> audit_;
  std::unique_ptr<rpc::ReloadingPeer> store_;
  std::unique_ptr<rpc::RemoteAuditLog> audit_log_;
  std::unique_ptr<rpc::RemoteOwnerControl> store_control_;
  std::unique_ptr<rpc::RemoteProjectPurger> purger_;
  std::unique_ptr<kv::KeyValueStore> state_;
  std::unique_ptr<PolicyCore> core_;
  std::unique_ptr<rpc::CallMethods> methods_;
  ThreadPool pool_{kControlThreads, kControlWaiting};
  std::unique_ptr<rpc::InternalServer> server_;
};

absl::Status PolicyProcess::OpenPeers(const config::v1::PolicyConfig& config) {
  absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> audit = rpc::ConnectPeer(
      context_, config, "audit", kAuditUnavailable, config.audit());
  if (!audit.ok()) return audit.status();
  absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> store = rpc::ConnectPeer(
      context_, config, "store", kStoreUnavailable, config.store());
  if (!store.ok()) return store.status();
  audit_ = *std::move(audit);
  store_ = *std::move(store);
  audit_log_ = std::make_unique<rpc::RemoteAuditLog>(
      audit_->peer(), context_.clock, context_.timer);
  store_control_ = std::make_unique<rpc::RemoteOwnerControl>(
      store_->peer(), keyward::internal::store::v1::ExecuteRequest::descriptor()
                          ->file()
                          ->FindServiceByName("StoreService"));
  purger_ = std::make_unique<rpc::RemoteProjectPurger>(store_->peer());
  return absl::OkStatus();
}

absl::Status PolicyProcess::OpenCore(const config::v1::PolicyConfig& config) {
  absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> state =
      rpc::OpenServiceState(context_, config.data(), "policy", {});
  if (!state.ok()) return state.status();
  state_ = *std::move(state);
  PolicyDependencies dependencies;
  dependencies.kv = state_.get();
  dependencies.audit = audit_log_.get();
  dependencies.fenced_owners = {store_control_.get()};
  dependencies.purger = purger_.get();
  dependencies.clock = context_.clock;
  dependencies.random = context_.random;
  dependencies.logger = context_.log;
  PolicyOptions options;
  options.bootstrap_administrator = config.bootstrap_administrator();
  options.restored = context_.flags.count("restored") > 0;
  absl::StatusOr<std::unique_ptr<PolicyCore>> core =
      PolicyCore::Create(dependencies, options);
  if (!core.ok()) {
    return rpc::InServiceState(core.status(), config.data(), "policy");
  }
  core_ = *std::move(core);
  return absl::OkStatus();
}

absl::Status PolicyProcess::Open(const config::v1::PolicyConfig& config) {
  absl::Status opened = OpenPeers(config);
  if (opened.ok()) opened = OpenCore(config);
  if (!opened.ok()) return opened;
  absl::StatusOr<std::unique_ptr<rpc::CallMethods>> methods =
      PolicyCallMethods();
  if (!methods.ok()) return methods.status();
  methods_ = *std::move(methods);
  absl::StatusOr<std::unique_ptr<rpc::InternalServer>> server =
      rpc::InternalServer::Create(
          rpc::InternalServerOptionsOf(config, PolicyCallers(), context_.log),
          PolicyInternalService(),
          PolicyMethods(core_.get(), methods_.get(), &pool_, context_.clock,
                        context_.standing),
          context_.metrics, context_.clock);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartPolicy(
    const config::v1::PolicyConfig& config,
    const rpc::ProcessContext& context) {
  auto process = std::make_unique<PolicyProcess>(context);
  absl::Status opened = process->Open(config);
  if (!opened.ok()) return opened;
  return process;
}

}  // namespace keyward::policy_service
