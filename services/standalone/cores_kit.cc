// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/standalone/cores_kit.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "libs/auth/credential_for_testing.h"
#include "libs/base/steady_time.h"
#include "libs/policy/public_actions.h"
#include "services/audit/log_key_loader.h"

namespace keyward::standalone {

void Reply::Set(absl::Status status,
                std::unique_ptr<google::protobuf::Message> response) {
  MutexLock l(&mu_);
  arrived_ = true;
  status_ = std::move(status);
  response_ = std::move(response);
  changed_.SignalAll();
}

bool Reply::ArrivesWithin(absl::Duration time) {
  const SystemClock clock;
  const SteadyTime end = clock.SteadyNow() + time;
  MutexLock l(&mu_);
  while (!arrived_) {
    if (!changed_.WaitUntil(&mu_, clock, end)) break;
  }
  return arrived_;
}

absl::Status Reply::status() {
  if (!ArrivesWithin(kPatience)) return absl::DeadlineExceededError("none");
  MutexLock l(&mu_);
  return status_;
}

bool Reply::has_response() {
  MutexLock l(&mu_);
  return response_ != nullptr;
}

std::string Reply::text() {
  MutexLock l(&mu_);
  return response_ == nullptr ? "" : response_->DebugString();
}

absl::StatusOr<auth::Credential> Cores::NamedCallers::Authenticate(
    const rpc::PeerFacts& peer) {
  return auth::CredentialForTesting::Make(peer.certificate_pem.view());
}

Cores::Cores(const Stores& stores, const std::string& key_file, LogSink* sink)
    : stores_(stores), log_("test", LogLevel::kWarning, &clock_, sink) {
  MakeStore();
  MakePolicy();
  MakeAudit(key_file);
  MakePipeline();
}

Cores::~Cores() {
  for (std::thread& thread : threads_) thread.join();
  follower_.reset();
  pipeline_.reset();
  audit_->Close();
  audit_.reset();
  policy_.reset();
  store_.reset();
}

absl::Status Cores::Start() {
  const SteadyTime deadline = clock_.SteadyNow() + kPatience;
  absl::Status started = audit_->Start(deadline);
  if (started.ok()) started = policy_->Start(deadline);
  if (!started.ok()) return started;
  follower_ = std::make_unique<gateway::PolicyFollower>(
      &clock_, policy_.get(), audit_.get(), policy::PublicActions().value(),
      &pipeline_->view(), &log_);
  return absl::OkStatus();
}

std::shared_ptr<Reply> Cores::Call(const std::string& method,
                                   const google::protobuf::Message& request,
                                   const std::string& principal,
                                   absl::Duration time) {
  rpc::IncomingCall call;
  call.method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          absl::StrContains(method, '.')
              ? method
              : absl::StrCat("keyward.secrets.v1.SecretService.", method));
  call.request.reset(request.New());
  call.request->CopyFrom(request);
  call.peer.certificate_pem = principal;
  call.peer.peer = "ipv4:127.0.0.1:5123";
  call.deadline = clock_.SteadyNow() + time;
  auto reply = std::make_shared<Reply>();
  // As the transport does it: whoever finds a disk idle writes to it, and
  // that may take long.
  threads_.emplace_back([this, reply, call = std::move(call)]() mutable {
    pipeline_->HandleUnary(
        std::move(call),
        [reply](absl::Status status,
                std::unique_ptr<google::protobuf::Message> response) {
          reply->Set(std::move(status), std::move(response));
        });
  });
  return reply;
}

void Cores::MakeStore() {
  store::StoreDependencies dependencies;
  dependencies.kv = stores_.store;
  dependencies.seal = &seal_;
  dependencies.clock = &clock_;
  dependencies.random = &random_;
  dependencies.audit = &audit_log_;
  store_ = store::StoreCore::Create(dependencies, {}).value();
}

void Cores::MakePolicy() {
  policy_service::PolicyDependencies dependencies;
  dependencies.kv = stores_.policy;
  dependencies.audit = &audit_log_;
  dependencies.fenced_owners = {store_.get()};
  dependencies.purger = store_.get();
  dependencies.clock = &clock_;
  dependencies.random = &random_;
  dependencies.logger = &log_;
  policy_service::PolicyOptions options;
  options.bootstrap_administrator = kAdmin;
  policy_ = policy_service::PolicyCore::Create(dependencies, options).value();
}

void Cores::MakeAudit(const std::string& key_file) {
  audit_service::AuditCore::Dependencies dependencies;
  dependencies.store = stores_.audit;
  dependencies.key = audit_service::LoadOrCreateLogKey(key_file, &seal_,
                                                       random_, *stores_.audit)
                         .value();
  dependencies.clock = &clock_;
  dependencies.timer = &timer_;
  dependencies.logger = &log_;
  dependencies.peers = {
      {"store",
       store_.get(),
       {"keyward.secrets.v1", "keyward.keys.v1"},
       "system:store",
       /*must_have_its_changes=*/true},
      {"policy", policy_.get(), {"keyward.policy.v1"}, "system:policy"}};
  audit_ = audit_service::AuditCore::Create(std::move(dependencies), {},
                                            clock_.SteadyNow() + kPatience)
               .value();
  audit_log_.Set(audit_.get());
}

void Cores::MakePipeline() {
  gateway::PipelineDependencies dependencies;
  dependencies.clock = &clock_;
  dependencies.timer = &timer_;
  dependencies.random = &random_;
  dependencies.log = &log_;
  dependencies.authenticator = &callers_;
  dependencies.audit_log = audit_.get();
  dependencies.audit_feed = audit_.get();
  dependencies.event_feed = store_.get();
  dependencies.store = store_.get();
  dependencies.policy = policy_.get();
  dependencies.audit = audit_.get();
  pipeline_ = gateway::Pipeline::Create(
                  dependencies, {}, [](operators::v1::GetStatusResponse*) {})
                  .value();
}

}  // namespace keyward::standalone
