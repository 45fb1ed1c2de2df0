// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/remote_parts.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/reloading_peer.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::gateway {
namespace {

// The method Execute of the internal service that has this request.
template <typename ExecuteRequest>
const google::protobuf::MethodDescriptor* Execute() {
  return ExecuteRequest::descriptor()->file()->service(0)->FindMethodByName(
      "Execute");
}

}  // namespace

absl::Status RemoteParts::ConnectPeers(const config::v1::GatewayConfig& config,
                                       const rpc::ProcessContext& context) {
  struct Wanted {
    const char* name;
    const char* reason;
    const config::v1::PeerConfig& config;
    std::unique_ptr<rpc::ReloadingPeer>* peer;
  };
  // Nothing waits for rotation yet; whoever does will give it a reason.
  for (const Wanted& wanted :
       {Wanted{"store", kStoreUnavailable, config.store(), &store_peer},
        Wanted{"store", kStoreUnavailable, config.store(), &store_feeds_peer},
        Wanted{"policy", kPolicyUnavailable, config.policy(), &policy_peer},
        Wanted{"audit", kAuditUnavailable, config.audit(), &audit_peer},
        Wanted{"audit", kAuditUnavailable, config.audit(), &audit_feeds_peer},
        Wanted{"rotation", "", config.rotation(), &rotation_peer}}) {
    absl::StatusOr<rpc::PeerSettings> settings =
        rpc::PeerSettingsOf(wanted.name, wanted.reason, wanted.config,
                            config.listen().tls(), config.trust_domains());
    if (!settings.ok()) return settings.status();
    absl::StatusOr<std::unique_ptr<rpc::ReloadingPeer>> peer =
        rpc::ReloadingPeer::Create(*std::move(settings), context.log,
                                   context.clock);
    if (!peer.ok()) return peer.status();
    *wanted.peer = *std::move(peer);
  }
  return absl::OkStatus();
}

absl::Status RemoteParts::MakeMethods() {
  struct Wanted {
    std::vector<std::string> services;
    std::unique_ptr<rpc::CallMethods>* methods;
  };
  for (const Wanted& wanted :
       {Wanted{
            {"keyward.secrets.v1.SecretService", "keyward.keys.v1.KeyService"},
            &store_methods},
        Wanted{{"keyward.policy.v1.PolicyService"}, &policy_methods},
        Wanted{{"keyward.audit.v1.AuditService"}, &audit_methods}}) {
    absl::StatusOr<std::unique_ptr<rpc::CallMethods>> methods =
        rpc::CallMethods::Create(wanted.services);
    if (!methods.ok()) return methods.status();
    *wanted.methods = *std::move(methods);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RemoteParts>> RemoteParts::Connect(
    const config::v1::GatewayConfig& config,
    const rpc::ProcessContext& context) {
  auto parts = std::make_unique<RemoteParts>();
  absl::Status made = parts->ConnectPeers(config, context);
  if (made.ok()) made = parts->MakeMethods();
  if (!made.ok()) return made;
  const Clock* const clock = context.clock;
  Timer* const timer = context.timer;
  const rpc::Peer store = parts->store_peer->peer();
  const rpc::Peer policy = parts->policy_peer->peer();
  const rpc::Peer audit = parts->audit_peer->peer();
  parts->store = std::make_unique<rpc::RemoteOwner>(
      store, Execute<internal::store::v1::ExecuteRequest>(),
      parts->store_methods.get(), clock, timer);
  parts->policy = std::make_unique<rpc::RemoteOwner>(
      policy, Execute<internal::policy::v1::ExecuteRequest>(),
      parts->policy_methods.get(), clock, timer);
  parts->audit = std::make_unique<rpc::RemoteOwner>(
      audit, Execute<internal::audit::v1::ExecuteRequest>(),
      parts->audit_methods.get(), clock, timer);
  parts->audit_log = std::make_unique<rpc::RemoteAuditLog>(audit, clock, timer);
  parts->events = std::make_unique<rpc::RemoteEventFeed>(
      parts->store_feeds_peer->peer(), clock, timer);
  parts->snapshots =
      std::make_unique<rpc::RemoteSnapshotFeed>(policy, clock, timer);
  parts->entries = std::make_unique<rpc::RemoteAuditFeed>(
      parts->audit_feeds_peer->peer(), clock, timer);
  return parts;
}

void RemoteParts::Close() {
  events->EndAll();
  entries->EndAll();
  store->Close();
  policy->Close();
  audit->Close();
  audit_log->Close();
}

std::vector<auth::ReloadRunner::Set> RemoteParts::files() {
  return {{"certificate for the store", store_peer->files()},
          {"certificate for the store's feeds", store_feeds_peer->files()},
          {"certificate for policy", policy_peer->files()},
          {"certificate for audit", audit_peer->files()},
          {"certificate for audit's feeds", audit_feeds_peer->files()},
          {"certificate for rotation", rotation_peer->files()}};
}

}  // namespace keyward::gateway
