// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How a service tells its standing to a gateway, and how that asks for it.

#ifndef KEYWARD_LIBS_RPC_STANDING_METHODS_H_
#define KEYWARD_LIBS_RPC_STANDING_METHODS_H_

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/process_standing.h"

namespace keyward::rpc {

// Adds `GetStanding`, which every internal service has. It is answered at any
// time, from memory. `standing` outlives the methods.
void AddStandingMethod(const google::protobuf::ServiceDescriptor* service,
                       const ProcessStanding* standing,
                       InternalMethods* methods);

// Asks `peer`, which runs `service`. For a thread that may block. Errors as
// CallPeerAndWait, but nobody is told of them: a service of an older release,
// or one that is told to refuse the question, would fill the log.
absl::StatusOr<Standing> AskStanding(
    const Peer& peer, const google::protobuf::ServiceDescriptor* service,
    SteadyTime deadline);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_STANDING_METHODS_H_
