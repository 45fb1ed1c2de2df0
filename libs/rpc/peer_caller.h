// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PEER_CALLER_H_
#define KEYWARD_LIBS_RPC_PEER_CALLER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/peer_channel.h"

namespace keyward::rpc {

// What came of a call to a peer.
struct PeerReply {
  absl::Status status;
  // If `status` is an error: whether the peer may have seen the request.
  bool sent = true;
  // The response; null unless `status` is OK.
  std::unique_ptr<google::protobuf::Message> response;
};

// How a remote peer is called, and named in errors.
struct Peer {
  // "store"
  std::string name;
  // The ErrorInfo reason that means that it is away.
  std::string reason;
  // Outlives whoever calls through it.
  PeerChannel* channel = nullptr;
  // Told the cause of every failure, for the log. May be empty.
  std::function<void(const absl::Status&)> on_failure;
};

// UNAVAILABLE with the peer's reason: what a caller of ours is told when the
// peer failed, whatever it or gRPC said. A PERMISSION_DENIED of a misconfigured
// service must not look like one of the policy, and causes name addresses.
absl::Status PeerAway(const Peer& peer);

// Calls a unary method of `peer` with metadata of its own and nothing of any
// client's. Request and response are wiped wherever gRPC had them; `request`
// itself stays as it is. `done` is called once, soon after `deadline` at the
// latest, on a thread of gRPC's or the caller's; it must not block.
//
// While the connection is known to be broken the call fails at once, unsent.
void CallPeer(const Peer& peer,
              const google::protobuf::MethodDescriptor* method,
              const google::protobuf::Message& request, SteadyTime deadline,
              absl::AnyInvocable<void(PeerReply)> done);

// The same for a thread that may block (never one of gRPC's): waits for the
// answer until soon after `deadline`. Every failure becomes PeerAway, told to
// peer.on_failure.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> CallPeerAndWait(
    const Peer& peer, const google::protobuf::MethodDescriptor* method,
    const google::protobuf::Message& request, SteadyTime deadline);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PEER_CALLER_H_
