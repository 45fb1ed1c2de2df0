// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_CHANNEL_H_
#define KEYWARD_LIBS_CLIENT_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::client {

// How a gateway is reached and known, as PEM texts already read.
struct ChannelMaterial {
  // HOST:PORT.
  std::string address;
  // The SPIFFE id that the gateway's certificate must have as its only URI
  // SAN. Its host name proves nothing and is not looked at, so an address may
  // be an IP, a tunnel's end or a load balancer.
  std::string server_id;
  // The authorities that may have issued it. Those of the system are never
  // asked: any public CA could then name a gateway.
  std::string authorities;
  // The caller's certificate chain, leaf first, and its key. Both empty for a
  // caller that has only a token.
  std::string certificate_chain;
  crypto::SecretBuffer private_key;
  // The calling program's name and version, such as "keyward/0.1.0".
  std::string user_agent;
};

// A TLS channel to a gateway; connects when it is first used. gRPC keeps its
// own copy of the private key for as long as the channel lives.
//
// INVALID_ARGUMENT or FAILED_PRECONDITION, saying which and what to do, if
// gRPC could not use the material: a part does not parse, the key is not the
// certificate's, or the certificate is expired at `now`.
absl::StatusOr<std::shared_ptr<grpc::Channel>> NewGatewayChannel(
    ChannelMaterial material, absl::Time now);

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_CHANNEL_H_
