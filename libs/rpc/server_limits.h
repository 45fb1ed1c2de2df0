// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVER_LIMITS_H_
#define KEYWARD_LIBS_RPC_SERVER_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"
#include "libs/rpc/connection_table.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/peer_channel.h"
#include "libs/rpc/raw_service.h"

namespace keyward::rpc {

// What one server takes from its clients. Floods of frames, which gRPC 1.51
// does not bound, are bounded by frame_guard.h, on each connection. What many
// connections of many addresses take together is the deployment's: a memory
// limit of the process, and a proxy before a port that strangers reach.
struct ServerLimits {
  // Connections that are open at once; more are reset.
  ConnectionLimits connections;
  int max_request_bytes = 0;
  int max_response_bytes = 0;
  int max_metadata_bytes = 0;
  // Calls in flight on one connection; further ones wait in the client. Each
  // may hold some 13 KiB in gRPC before its caller is known.
  int max_concurrent_streams = 0;
  // From the TCP connection to HTTP/2's settings, TLS included.
  absl::Duration handshake_timeout;
  // A connection without calls is closed: its buffers hold its last traffic.
  absl::Duration max_connection_idle;
  // A connection is drained at this age, and cut after the grace: none long
  // outlives the certificate that opened it, and calls whose bodies never come
  // end too.
  absl::Duration max_connection_age;
  absl::Duration max_connection_age_grace;
  // A client that pings more often, three times, is disconnected.
  absl::Duration min_ping_interval;
  // Of buffers of all connections of the server.
  size_t memory_quota_bytes = 0;
  RawServiceLimits calls;
};

// For the port that strangers reach.
inline ServerLimits GatewayServerLimits() {
  ServerLimits limits;
  // An idle one costs about 100 KiB.
  limits.connections = {4096, 256};
  // The largest request is a policy of 768 KiB; a payload is 64 KiB.
  limits.max_request_bytes = 1 << 20;
  // What clients take by default.
  limits.max_response_bytes = 4 << 20;
  // A bearer token with many claims, and room for a mesh's headers.
  limits.max_metadata_bytes = 16 << 10;
  limits.max_concurrent_streams = 256;
  limits.calls.max_streams = kMaxGatewayStreams;
  limits.handshake_timeout = absl::Seconds(10);
  limits.max_connection_idle = absl::Minutes(2);
  limits.max_connection_age = absl::Hours(1);
  // The longest call there is.
  limits.max_connection_age_grace = absl::Seconds(60);
  // Below what client libraries send by default (20 s at the least).
  limits.min_ping_interval = absl::Seconds(10);
  limits.memory_quota_bytes = size_t{256} << 20;
  return limits;
}

// For internal services, whose clients are Keyward's own and few.
inline ServerLimits InternalServerLimits() {
  ServerLimits limits;
  // A service keeps two or three to another, and a few more while it gets new
  // certificates; one machine may run them all.
  limits.connections = {1024, 256};
  // A batch is 1 MiB; AuditLogService's is 768 KiB and framing.
  limits.max_request_bytes = 2 << 20;
  limits.max_response_bytes = kInnerMaxMessageBytes;
  limits.max_metadata_bytes = 8 << 10;
  // On one connection four batches and the control calls, on another the feeds
  // of one gateway.
  limits.max_concurrent_streams = kMaxGatewayStreams + 16;
  limits.calls.max_streams = 4 * kMaxGatewayStreams;
  limits.handshake_timeout = absl::Seconds(10);
  // Peers ping each 10 s and their feeds stay open: only a dead one is idle.
  limits.max_connection_idle = absl::Minutes(10);
  limits.max_connection_age = absl::Hours(1);
  limits.max_connection_age_grace = absl::Seconds(60);
  limits.min_ping_interval = absl::Seconds(5);
  limits.memory_quota_bytes = size_t{512} << 20;
  return limits;
}

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVER_LIMITS_H_
