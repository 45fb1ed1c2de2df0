// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/standalone/standalone.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/log_key.h"
#include "libs/auth/reloading_authenticator.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/kv/kv.h"
#include "libs/policy/public_actions.h"
#include "libs/rpc/service_state.h"
#include "services/audit/audit_core.h"
#include "services/audit/background_runner.h"
#include "services/audit/log_key_loader.h"
#include "services/gateway/gateway_face.h"
#include "services/gateway/peer_authenticator.h"
#include "services/gateway/pipeline.h"
#include "services/gateway/policy_follower.h"
#include "services/policy/policy_core.h"
#include "services/standalone/deferred_audit_log.h"
#include "services/standalone/home.h"
#include "services/store/maintenance_runner.h"
#include "services/store/store_core.h"

namespace keyward::standalone {
namespace {

constexpr char kVersion[] = "0.1.0";

// How long audit may take to open its log.
constexpr absl::Duration kOpenTime = absl::Seconds(30);

// Cancelled calls end at once; this is for a machine under load.
constexpr absl::Duration kLastCalls = absl::Seconds(5);

// Nobody waits for these, and a disk that hangs must not hold up the end.
constexpr absl::Duration kLastRecords = absl::Seconds(2);

HomePaths PathsOf(const std::string& home,
                  const config::v1::StandaloneConfig& config) {
  return HomePaths::Of(home, config.seal().key_file(), config.data().folder());
}

// Set once, waited for once.
class Latch {
 public:
  void Set(bool good) {
    MutexLock lock(&mu_);
    set_ = true;
    good_ = good;
    changed_.SignalAll();
  }
  // False if it was set so, or not in time.
  bool WaitUntil(const Clock& clock, SteadyTime end) {
    MutexLock lock(&mu_);
    while (!set_) {
      if (!changed_.WaitUntil(&mu_, clock, end)) break;
    }
    return set_ && good_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mu_) = false;
  bool good_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

// In the order in which they are made; destroyed the other way round.
struct Standalone::Parts {
  config::v1::StandaloneConfig config;
  rpc::ProcessContext process;

  std::unique_ptr<crypto::Seal> seal;
  DeferredAuditLog audit_log;
  std::unique_ptr<kv::KeyValueStore> store_state;
  std::unique_ptr<kv::KeyValueStore> policy_state;
  std::unique_ptr<kv::KeyValueStore> audit_state;
  std::unique_ptr<store::StoreCore> store;
  std::unique_ptr<policy_service::PolicyCore> policy;
  std::unique_ptr<audit_service::AuditCore> audit;

  std::unique_ptr<auth::ReloadingAuthenticator> authenticator;
  std::unique_ptr<gateway::PeerAuthenticator> callers;
  std::unique_ptr<gateway::Pipeline> pipeline;
  std::unique_ptr<gateway::GatewayFace> face;
  std::unique_ptr<gateway::PolicyFollower> follower;
  std::unique_ptr<store::MaintenanceRunner> maintenance;
  std::unique_ptr<audit_service::BackgroundRunner> reconciler;

  absl::Status OpenSeal();
  absl::Status OpenStates();
  absl::Status MakeStore();
  absl::Status MakePolicy();
  absl::Status MakeAudit();
  absl::Status MakePipeline();
  absl::Status MakeFace();

  bool restored() const { return process.flags.count("restored") > 0; }
  void FillStatus(operators::v1::GetStatusResponse* response) const;
};

absl::Status Standalone::Parts::OpenSeal() {
  absl::StatusOr<std::unique_ptr<crypto::Seal>> opened =
      OpenHome(PathsOf(process.home, config), *process.clock, process.random);
  if (!opened.ok()) return opened.status();
  seal = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Standalone::Parts::OpenStates() {
  auto open = [&](const std::string& service, std::vector<std::string> feeds,
                  std::unique_ptr<kv::KeyValueStore>* out) {
    absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> state =
        rpc::OpenServiceState(process, config.data(), service,
                              std::move(feeds));
    if (state.ok()) *out = *std::move(state);
    return state.status();
  };
  absl::Status status = open("store", store::StoreFeeds(), &store_state);
  if (status.ok()) status = open("policy", {}, &policy_state);
  if (status.ok()) status = open("audit", {}, &audit_state);
  return status;
}

absl::Status Standalone::Parts::MakeStore() {
  store::StoreDependencies dependencies;
  dependencies.kv = store_state.get();
  dependencies.seal = seal.get();
  dependencies.clock = process.clock;
  dependencies.random = process.random;
  dependencies.audit = &audit_log;
  dependencies.logger = process.log;
  store::StoreOptions options;
  options.restored = restored();
  absl::StatusOr<std::unique_ptr<store::StoreCore>> made =
      store::StoreCore::Create(dependencies, options);
  if (!made.ok()) {
    return rpc::InServiceState(made.status(), config.data(), "store");
  }
  store = *std::move(made);
  return absl::OkStatus();
}

absl::Status Standalone::Parts::MakePolicy() {
  policy_service::PolicyDependencies dependencies;
  dependencies.kv = policy_state.get();
  dependencies.audit = &audit_log;
  dependencies.fenced_owners = {store.get()};
  dependencies.purger = store.get();
  dependencies.clock = process.clock;
  dependencies.random = process.random;
  dependencies.logger = process.log;
  policy_service::PolicyOptions options;
  options.bootstrap_administrator = config.bootstrap_administrator();
  options.restored = restored();
  absl::StatusOr<std::unique_ptr<policy_service::PolicyCore>> made =
      policy_service::PolicyCore::Create(dependencies, options);
  if (!made.ok()) {
    return rpc::InServiceState(made.status(), config.data(), "policy");
  }
  policy = *std::move(made);
  return absl::OkStatus();
}

absl::Status Standalone::Parts::MakeAudit() {
  absl::StatusOr<audit::LogKey> key = audit_service::LoadOrCreateLogKey(
      absl::StrCat(config.data().folder(), "/audit/", audit::kLogKeyFile),
      seal.get(), *process.random, *audit_state);
  if (!key.ok()) {
    return rpc::InServiceState(key.status(), config.data(), "audit");
  }
  audit_service::AuditCore::Dependencies dependencies;
  dependencies.store = audit_state.get();
  dependencies.key = *std::move(key);
  dependencies.clock = process.clock;
  dependencies.timer = process.timer;
  dependencies.logger = process.log;
  dependencies.peers = {
      {"store",
       store.get(),
       {"keyward.secrets.v1", "keyward.keys.v1"},
       "system:store",
       /*must_have_its_changes=*/true},
      {"policy", policy.get(), {"keyward.policy.v1"}, "system:policy"},
  };
  audit_service::AuditCore::Options options;
  options.restored = restored();
  absl::StatusOr<std::unique_ptr<audit_service::AuditCore>> made =
      audit_service::AuditCore::Create(std::move(dependencies), options,
                                       process.clock->SteadyNow() + kOpenTime);
  if (!made.ok()) {
    return rpc::InServiceState(made.status(), config.data(), "audit");
  }
  audit = *std::move(made);
  audit_log.Set(audit.get());
  return absl::OkStatus();
}

absl::Status Standalone::Parts::MakePipeline() {
  absl::StatusOr<std::unique_ptr<auth::ReloadingAuthenticator>> made =
      auth::ReloadingAuthenticator::Create(auth::AuthSettingsOf(config),
                                           config.limits().cached_credentials(),
                                           process.clock);
  if (!made.ok()) return made.status();
  authenticator = *std::move(made);
  callers = std::make_unique<gateway::PeerAuthenticator>(
      authenticator->authenticator());

  gateway::PipelineDependencies dependencies;
  dependencies.clock = process.clock;
  dependencies.timer = process.timer;
  dependencies.random = process.random;
  dependencies.log = process.log;
  dependencies.authenticator = callers.get();
  dependencies.audit_log = audit.get();
  dependencies.audit_feed = audit.get();
  dependencies.event_feed = store.get();
  dependencies.store = store.get();
  dependencies.policy = policy.get();
  dependencies.audit = audit.get();
  absl::StatusOr<std::unique_ptr<gateway::Pipeline>> made_pipeline =
      gateway::Pipeline::Create(
          dependencies, gateway::PipelineOptionsOf(config.limits()),
          [this](operators::v1::GetStatusResponse* response) {
            FillStatus(response);
          });
  if (!made_pipeline.ok()) return made_pipeline.status();
  pipeline = *std::move(made_pipeline);
  return absl::OkStatus();
}

absl::Status Standalone::Parts::MakeFace() {
  gateway::GatewayFaceOptions options;
  options.address = config.listen().address();
  options.tls.certificate_file = config.listen().tls().cert_file();
  options.tls.key_file = config.listen().tls().key_file();
  for (const auto& domain : config.trust_domains()) {
    options.tls.bundle_files.push_back(domain.bundle_file());
  }
  options.limits = config.limits();
  options.reflection = config.reflection();
  options.log = process.log;
  absl::StatusOr<std::unique_ptr<gateway::GatewayFace>> made =
      gateway::GatewayFace::Create(options, pipeline.get(), process.metrics,
                                   process.clock);
  if (!made.ok()) return made.status();
  face = *std::move(made);
  return absl::OkStatus();
}

void Standalone::Parts::FillStatus(
    operators::v1::GetStatusResponse* response) const {
  const store::InstallationFacts installation = store->installation();
  response->set_installation_id(installation.id);
  response->set_incarnation(installation.incarnation);
  response->set_version(kVersion);
  response->set_audit_size(audit->view()->size());
  response->set_open_intents(audit->open_intents().size());
  const rpc::Standing standing = process.standing->Get();
  for (const char* service : {"gateway", "store", "policy", "audit"}) {
    operators::v1::ServiceStatus* status = response->add_services();
    status->set_service(service);
    status->set_serving(true);
    status->set_memory_locked(standing.memory_locked);
    status->mutable_start_time()->set_seconds(
        absl::ToUnixSeconds(standing.start_time));
  }
  operators::v1::ServiceStatus* rotation = response->add_services();
  rotation->set_service("rotation");
  rotation->set_detail("rotation is not built yet");
}

absl::StatusOr<std::unique_ptr<rpc::RunningService>> Standalone::Create(
    const config::v1::StandaloneConfig& config,
    const rpc::ProcessContext& context) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->process = context;
  for (auto step : {&Parts::OpenSeal, &Parts::OpenStates, &Parts::MakeStore,
                    &Parts::MakePolicy, &Parts::MakeAudit, &Parts::MakePipeline,
                    &Parts::MakeFace}) {
    absl::Status status = (parts.get()->*step)();
    if (!status.ok()) return status;
  }
  return std::unique_ptr<rpc::RunningService>(new Standalone(std::move(parts)));
}

Standalone::Standalone(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

Standalone::~Standalone() {
  // What runs by itself first, then the calls, then what they use.
  parts_->reconciler.reset();
  parts_->maintenance.reset();
  parts_->follower.reset();
  parts_->face.reset();
  if (parts_->audit != nullptr) parts_->audit->Close();
}

absl::Status Standalone::BringIntoService(SteadyTime deadline) {
  absl::Status status = parts_->audit->Start(deadline);
  if (status.ok() && finished()) return RecoverAdministrator(deadline);
  if (status.ok()) status = parts_->policy->Start(deadline);
  if (!status.ok()) return status;
  const rpc::ProcessContext& process = parts_->process;
  if (parts_->follower == nullptr) {
    absl::StatusOr<std::shared_ptr<const policy::ActionCatalog>> catalog =
        policy::PublicActions();
    if (!catalog.ok()) return catalog.status();
    parts_->follower = std::make_unique<gateway::PolicyFollower>(
        process.clock, parts_->policy.get(), parts_->audit.get(),
        *std::move(catalog), &parts_->pipeline->view(), process.log);
  }
  // Shared with the callback, which may come after this gave up.
  auto arrived = std::make_shared<Latch>();
  parts_->pipeline->view().WhenReady(deadline,
                                     [arrived](gateway::SnapshotPtr snapshot) {
                                       arrived->Set(snapshot != nullptr);
                                     });
  if (!arrived->WaitUntil(*process.clock, deadline)) {
    return MakeError(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                     "waiting for policy: the policy in force is not here");
  }
  parts_->maintenance = std::make_unique<store::MaintenanceRunner>(
      process.clock, parts_->store->maintenance_signal(),
      [store = parts_->store.get(),
       metrics = process.metrics](SteadyTime until) {
        const absl::StatusOr<bool> ran = store->RunMaintenanceOnce(until);
        const auto damaged = store->damaged_key_versions();
        if (damaged.has_value()) metrics->SetDamagedKeyVersions(*damaged);
        return ran;
      },
      [log = process.log](const absl::Status& failed) {
        log->Warning("maintenance of the store", {{"reason", failed}});
      });
  parts_->reconciler = std::make_unique<audit_service::BackgroundRunner>(
      audit_service::BackgroundRunner::Options(), parts_->audit.get(),
      process.clock, process.log);
  parts_->face->SetServing(true);
  return absl::OkStatus();
}

bool Standalone::finished() const {
  return parts_->process.flags.count("recover-admin") > 0;
}

absl::Status Standalone::RecoverAdministrator(SteadyTime deadline) {
  const std::string& principal = parts_->process.flags.at("recover-admin");
  absl::Status recovered =
      parts_->policy->RecoverAdministrator(principal, deadline);
  if (recovered.ok()) {
    parts_->process.log->Info("administrator recovered",
                              {{"principal", principal}});
  }
  return recovered;
}

std::vector<auth::ReloadRunner::Set> Standalone::files() {
  return {{"tls certificate", parts_->face->tls_files()},
          {"bundles, key sets and proxies", parts_->authenticator->files()}};
}

void Standalone::Drain(absl::Duration grace) {
  parts_->face->SetServing(false);
  parts_->face->Drain(grace);
  const bool ended = parts_->pipeline->AwaitCalls(kLastCalls);
  parts_->pipeline->FlushRecords(kLastRecords);
  if (ended) return;
  // Callers have their answers; what is left are records that the disk does
  // not take. Audit answers them when it closes.
  parts_->process.log->Warning("calls wait for the audit log", {});
  parts_->audit->Close();
  if (!parts_->pipeline->AwaitCalls(kLastCalls)) {
    parts_->process.log->Error("calls do not end", {});
  }
}

absl::Status InitializeHome(const std::string& home,
                            const config::v1::StandaloneConfig& config) {
  const SystemClock clock;
  crypto::SystemRandom random;
  return OpenHome(PathsOf(home, config), clock, &random).status();
}

}  // namespace keyward::standalone
