// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_CONNECTION_TABLE_H_
#define KEYWARD_LIBS_RPC_CONNECTION_TABLE_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"

namespace keyward::rpc {

// How many connections a server has open at once, each at least 1.
struct ConnectionLimits {
  size_t connections = 0;
  // Of one address: else whoever comes first with many has them all. The
  // addresses of one IPv6 network of 64 bits, which one machine can have, count
  // as one.
  size_t connections_of_address = 0;
};

// Counts the connections of a server, which tells nobody when one ends.
//
// So the table looks by itself, when it is full: each socket has a number that
// the kernel never gives again, and a descriptor that is closed, or is another
// socket's by now, no longer has it. It looks no more often than each
// kLookInterval: a flood must not make it look all the time.
//
// Not thread-safe.
class ConnectionTable {
 public:
  enum class Verdict { kAdmitted, kTooMany, kTooManyOfAddress };

  static constexpr absl::Duration kLookInterval = absl::Milliseconds(100);

  // `clock` outlives the table.
  ConnectionTable(ConnectionLimits limits, const Clock* clock)
      : limits_(limits), clock_(clock) {}

  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // Whether the connection that was just accepted from `peer` as `fd` may stay.
  // If so it counts for as long as it is open.
  Verdict Admit(int fd, const sockaddr_storage& peer);

  // Those that count; some may have ended since the table looked.
  size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    uint64_t cookie = 0;
    std::string address;
  };

  // The limit that one more connection of the address would exceed.
  Verdict Judge(const std::string& address) const;
  void Remove(int fd);
  // Forgets connections that have ended, unless it just did.
  void Look();

  const ConnectionLimits limits_;
  const Clock* const clock_;
  absl::flat_hash_map<int, Connection> connections_;
  absl::flat_hash_map<std::string, size_t> of_address_;
  SteadyTime looked_ = SteadyTime::InfinitePast();
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_CONNECTION_TABLE_H_
