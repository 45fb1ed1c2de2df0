// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/connection_table.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>
#include <vector>

namespace keyward::rpc {
namespace {

// Half of an IPv6 address: whoever has a network has 2^64 addresses in it.
constexpr size_t kNetworkBytes = 8;

// What counts as one address. An IPv4 address is the same on a socket of both
// families. All peers that have no address are one.
std::string AddressOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &peer, sizeof(v4));
    return std::string(reinterpret_cast<const char*>(&v4.sin_addr),
                       sizeof(v4.sin_addr));
  }
  if (peer.ss_family != AF_INET6) return "";
  sockaddr_in6 v6 = {};
  std::memcpy(&v6, &peer, sizeof(v6));
  const char* const bytes = reinterpret_cast<const char*>(&v6.sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return std::string(bytes + sizeof(in6_addr) - sizeof(in_addr),
                       sizeof(in_addr));
  }
  return std::string(bytes, kNetworkBytes);
}

// The socket's number; 0, which none has, for what is no socket.
uint64_t CookieOf(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

}  // namespace

ConnectionTable::Verdict ConnectionTable::Admit(int fd,
                                                const sockaddr_storage& peer) {
  // Whatever had this descriptor before is closed.
  Remove(fd);
  std::string address = AddressOf(peer);
  Verdict verdict = Judge(address);
  if (verdict != Verdict::kAdmitted) {
    Look();
    verdict = Judge(address);
    if (verdict != Verdict::kAdmitted) return verdict;
  }
  ++of_address_[address];
  connections_[fd] = {CookieOf(fd), std::move(address)};
  return Verdict::kAdmitted;
}

ConnectionTable::Verdict ConnectionTable::Judge(
    const std::string& address) const {
  const auto own = of_address_.find(address);
  if (own != of_address_.end() &&
      own->second >= limits_.connections_of_address) {
    return Verdict::kTooManyOfAddress;
  }
  return connections_.size() < limits_.connections ? Verdict::kAdmitted
                                                   : Verdict::kTooMany;
}

void ConnectionTable::Remove(int fd) {
  const auto it = connections_.find(fd);
  if (it == connections_.end()) return;
  const auto own = of_address_.find(it->second.address);
  if (--own->second == 0) of_address_.erase(own);
  connections_.erase(it);
}

void ConnectionTable::Look() {
  const SteadyTime now = clock_->SteadyNow();
  if (now - looked_ < kLookInterval) return;
  looked_ = now;
  std::vector<int> ended;
  for (const auto& [fd, connection] : connections_) {
    if (CookieOf(fd) != connection.cookie) ended.push_back(fd);
  }
  for (const int fd : ended) Remove(fd);
}

}  // namespace keyward::rpc
