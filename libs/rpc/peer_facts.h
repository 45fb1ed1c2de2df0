// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PEER_FACTS_H_
#define KEYWARD_LIBS_RPC_PEER_FACTS_H_

#include <string>

#include "grpcpp/server_context.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

// What gRPC knows of a call's peer. Certificate, chain and SPIFFE id are
// filled only if the TLS handshake verified the certificate. Of the client's
// metadata `authorization`, `x-forwarded-client-cert` and `user-agent` are
// copied and nothing else is looked at, so nothing else can be passed on.
// `peer` is context.peer(), which gRPC makes anew whenever it is asked.
//
// Thread-safe.
PeerFacts ReadPeerFacts(const grpc::ServerContextBase& context,
                        std::string peer);

// Wipes the bearer tokens in the metadata that gRPC keeps until the call is
// over: for a stream that may be hours. After ReadPeerFacts, before anyone else
// has the context.
void WipeTokens(const grpc::ServerContextBase& context);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PEER_FACTS_H_
