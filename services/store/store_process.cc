// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/store_process.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/root_key.h"
#include "libs/kv/kv.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/internal_server.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/remote_audit_log.h"
#include "libs/rpc/service_peer.h"
#include "libs/rpc/service_process.h"
#include "libs/rpc/service_state.h"
#include "services/store/maintenance_runner.h"
#include "services/store/store_core.h"
#include "services/store/store_face.h"

namespace keyward::store {
namespace {

// Control calls come from policy and audit alone, each a few at a time.
constexpr size_t kControlThreads = 4;
constexpr size_t kControlWaiting = 64;

class StoreProcess final : public rpc::RunningService {
 public:
  explicit StoreProcess(const rpc::ProcessContext& context)
      : context_(context) {}

  absl::Status Open(const config::v1::StoreConfig& config);

  absl::Status BringIntoService(SteadyTime) override {
    maintenance_ = std::make_unique<MaintenanceRunner>(
        context_.clock, core_->maintenance_signal(),
        [this](SteadyTime deadline) {
          const absl::StatusOr<bool> ran = core_->RunMaintenanceOnce(deadline);
          const auto damaged = core_->damaged_key_versions();
          if (damaged.has_value()) {
            context_.metrics->SetDamagedKeyVersions(*damaged);
          }
          return ran;
        },
        [log = context_.log](const absl::Status& failure) {
          log->Warning("maintenance", {{"error", failure}});
        });
    return absl::OkStatus();
  }

  std::vector<auth::ReloadRunner::Set> files() override {
    std::vector<auth::ReloadRunner::Set> sets = server_->files();
    sets.push_back({"certificate for audit", audit_->files()});
    return sets;
  }

  void Drain(absl::Duration grace) override {
    maintenance_.reset();
    server_->Drain(grace);
  }

 private:
  absl::Status OpenCore(const config::v1::StoreConfig& config);

  const rpc::ProcessContext context_;
  // In the order in which they are made; destroyed the other way round.
  std::unique_ptr<rpc::ReloadingPeer> audit_;
  std::unique_ptr<rpc::RemoteAuditLog> audit_log_;
  std::unique_ptr<crypto::KeyFileSeal> seal_;
  std::unique_ptr<kv::KeyValueStore> state_;
  std::unique_ptr<StoreCore> core_;
  std::unique_ptr<rpc::CallMethods> methods_;
  ThreadPool control_{kControlThreads, kControlWaiting};
  ThreadPool changes_{rpc::kChangeThreads, rpc::kChangesWaiting};
  std::unique_ptr<rpc::InternalServer> server_;
  std::unique_ptr<MaintenanceRunner> maintenance_;
};

absl::Status StoreProcess::OpenCore(const config::v1::StoreConfig& config) {
  absl::StatusOr<std::unique_ptr<crypto::KeyFileSeal>> seal =
      crypto::KeyFileSeal::Load(
          {config.seal().key_file(), {config.data().folder()}},
          context_.random);
  if (!seal.ok()) return seal.status();
  seal_ = *std::move(seal);
  absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> state =
      rpc::OpenServiceState(context_, config.data(), "store", StoreFeeds());
  if (!state.ok()) return state.status();
  state_ = *std::move(state);
  StoreDependencies dependencies;
  dependencies.kv = state_.get();
  dependencies.seal = seal_.get();
  dependencies.clock = context_.clock;
  dependencies.random = context_.random;
  dependencies.audit = audit_log_.get();
  dependencies.logger = context_.log;
  StoreOptions options;
  options.restored = context_.flags.count("restored") > 0;
  absl::StatusOr<std::unique_ptr<StoreCore>> core =
      StoreCore::Create(dependencies, options);
  if (!core.ok()) {
    return rpc::InServiceState(core.status(), config.data(), "store");
  }
  core_ = *std::move(core);
  return absl::OkStatus();
}

absl::Status StoreProcess::Open(const config::v1::StoreConfig& config) {
  absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> audit = rpc::ConnectPeer(
      context_, config, "audit", kAuditUnavailable, config.audit());
  if (!audit.ok()) return audit.status();
  audit_ = *std::move(audit);
  audit_log_ = std::make_unique<rpc::RemoteAuditLog>(
      audit_->peer(), context_.clock, context_.timer);
  absl::Status opened = OpenCore(config);
  if (!opened.ok()) return opened;
  absl::StatusOr<std::unique_ptr<rpc::CallMethods>> methods =
      StoreCallMethods();
  if (!methods.ok()) return methods.status();
  methods_ = *std::move(methods);
  absl::StatusOr<std::unique_ptr<rpc::InternalServer>> server =
      rpc::InternalServer::Create(
          rpc::InternalServerOptionsOf(config, StoreCallers(), context_.log),
          StoreService(),
          StoreMethods(core_.get(), methods_.get(), &control_, &changes_,
                       context_.clock, context_.standing),
          context_.metrics, context_.clock);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::RunningService>> StartStore(
    const config::v1::StoreConfig& config, const rpc::ProcessContext& context) {
  auto process = std::make_unique<StoreProcess>(context);
  absl::Status opened = process->Open(config);
  if (!opened.ok()) return opened;
  return process;
}

}  // namespace keyward::store
