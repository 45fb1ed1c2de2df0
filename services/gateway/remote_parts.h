// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_GATEWAY_REMOTE_PARTS_H_
#define KEYWARD_SERVICES_GATEWAY_REMOTE_PARTS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/reload_runner.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/remote_audit_log.h"
#include "libs/rpc/remote_feeds.h"
#include "libs/rpc/remote_owner.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::gateway {

// The services behind a gateway, in other processes: what a pipeline is built
// on. Each part is thread-safe.
struct RemoteParts {
  // Connects lazily: the services need not be there. Errors of the
  // configuration and of the certificates, which say what to do.
  static absl::StatusOr<std::unique_ptr<RemoteParts>> Connect(
      const config::v1::GatewayConfig& config,
      const rpc::ProcessContext& context);

  // Answers every call that is open with UNAVAILABLE, and every later one.
  void Close();

  // The certificates with which this gateway calls them.
  std::vector<auth::ReloadRunner::Set> files();

  // In the order in which they are made; destroyed the other way round.
  // Feeds have connections of their own: HTTP/2 bounds the streams of one, and
  // streams that callers keep open must not keep calls from leaving.
  std::unique_ptr<rpc::ReloadingPeer> store_peer;
  std::unique_ptr<rpc::ReloadingPeer> store_feeds_peer;
  std::unique_ptr<rpc::ReloadingPeer> policy_peer;
  std::unique_ptr<rpc::ReloadingPeer> audit_peer;
  std::unique_ptr<rpc::ReloadingPeer> audit_feeds_peer;
  std::unique_ptr<rpc::ReloadingPeer> rotation_peer;
  std::unique_ptr<rpc::CallMethods> store_methods;
  std::unique_ptr<rpc::CallMethods> policy_methods;
  std::unique_ptr<rpc::CallMethods> audit_methods;
  std::unique_ptr<rpc::RemoteOwner> store;
  std::unique_ptr<rpc::RemoteOwner> policy;
  std::unique_ptr<rpc::RemoteOwner> audit;
  std::unique_ptr<rpc::RemoteAuditLog> audit_log;
  std::unique_ptr<rpc::RemoteEventFeed> events;
  std::unique_ptr<rpc::RemoteSnapshotFeed> snapshots;
  std::unique_ptr<rpc::RemoteAuditFeed> entries;

 private:
  absl::Status ConnectPeers(const config::v1::GatewayConfig& config,
                            const rpc::ProcessContext& context);
  absl::Status MakeMethods();
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_REMOTE_PARTS_H_
