// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PEER_VERIFIER_H_
#define KEYWARD_LIBS_RPC_PEER_VERIFIER_H_

#include <memory>
#include <string>

#include "grpcpp/security/tls_certificate_verifier.h"

namespace keyward::rpc {

// Lets a TLS channel reach only the server of one SPIFFE id: its certificate,
// whose chain OpenSSL has verified by then, must have `spiffe_id` as its only
// URI SAN. Otherwise the handshake fails, and the caller's error names the id
// that was expected. Host names prove nothing and are not looked at: the
// channel's options must not ask for them.
//
// The verifier is thread-safe and may serve several channels.
std::shared_ptr<grpc::experimental::CertificateVerifier> NewPeerVerifier(
    std::string spiffe_id);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PEER_VERIFIER_H_
