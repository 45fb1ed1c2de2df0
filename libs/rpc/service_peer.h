// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVICE_PEER_H_
#define KEYWARD_LIBS_RPC_SERVICE_PEER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {

// The peer `name` ("store") of a service, whose own certificate is that of its
// configuration's listen and whose trust domains are the configuration's.
// `reason` is the ErrorInfo reason that means that the peer is away. Errors as
// PeerSettingsOf and ReloadingPeer::Create.
template <typename Config>
absl::StatusOr<std::unique_ptr<ReloadingPeer>> ConnectPeer(
    const ProcessContext& context, const Config& config,
    const std::string& name, const std::string& reason,
    const config::v1::PeerConfig& peer) {
  absl::StatusOr<PeerSettings> settings = PeerSettingsOf(
      name, reason, peer, config.listen().tls(), config.trust_domains());
  if (!settings.ok()) return settings.status();
  return ReloadingPeer::Create(*std::move(settings), context.log,
                               context.clock);
}

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVICE_PEER_H_
