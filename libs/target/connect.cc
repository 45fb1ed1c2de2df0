// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/connect.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/crypto/socket_stream.h"
#include "libs/crypto/tls_stream.h"
#include "libs/target/address_lookup.h"

namespace keyward::target {

absl::StatusOr<std::unique_ptr<crypto::ByteStream>> Connect(
    const Endpoint& endpoint, const Clock& clock, SteadyTime deadline) {
  absl::StatusOr<std::vector<std::string>> addresses =
      LookUpAddresses(endpoint.host, clock, deadline);
  if (!addresses.ok()) return addresses.status();

  absl::StatusOr<std::unique_ptr<crypto::SocketStream>> socket =
      absl::UnavailableError("the server has no address");
  for (size_t i = 0; i < addresses->size() && !socket.ok(); ++i) {
    const SteadyTime now = clock.SteadyNow();
    const auto left = static_cast<int>(addresses->size() - i);
    socket = crypto::SocketStream::Connect(
        (*addresses)[i], endpoint.port, clock, now + (deadline - now) / left);
  }
  if (!socket.ok()) return socket.status();
  if (endpoint.plaintext) {
    return std::unique_ptr<crypto::ByteStream>(*std::move(socket));
  }

  crypto::TlsServerIdentity server;
  server.trusted_certificates = endpoint.trusted_certificates;
  server.name =
      endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  absl::StatusOr<std::unique_ptr<crypto::TlsStream>> stream =
      crypto::TlsStream::Connect(*std::move(socket), server, deadline);
  if (!stream.ok()) return stream.status();
  return std::unique_ptr<crypto::ByteStream>(*std::move(stream));
}

}  // namespace keyward::target
