// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace keyward::rpc {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::Status CannotListen(const std::string& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat(
      "cannot listen on ", address, ": ", why,
      "; stop the process that has the port (ss -ltnp shows it) or set "
      "listen.address to another"));
}

void Set(int fd, int level, int option, int value) {
  // Each has a default that serves too.
  setsockopt(fd, level, option, &value, sizeof(value));
}

// The port of a bound socket, 0 if it has none.
int PortOf(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return 0;
  }
  if (bound.ss_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &bound, sizeof(v6));
    return ntohs(v6.sin6_port);
  }
  sockaddr_in v4 = {};
  std::memcpy(&v4, &bound, sizeof(v4));
  return ntohs(v4.sin_port);
}

void SetPort(int port, sockaddr* address) {
  const auto network = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = network;
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = network;
  }
}

// A socket that listens on the address; without one, with errno set.
UniqueFd ListenOn(const sockaddr* address, socklen_t size, bool both_families) {
  UniqueFd made(socket(address->sa_family,
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return made;
  // A server that restarts need not wait for its last connections to be
  // forgotten.
  Set(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets have it from here: an answer is not held back for more.
  Set(made.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (address->sa_family == AF_INET6) {
    Set(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
  }
  if (bind(made.get(), address, size) == 0 &&
      listen(made.get(), SOMAXCONN) == 0) {
    return made;
  }
  const int error = errno;
  made.Close();
  errno = error;
  return made;
}

// Machines without IPv6 have names with IPv6 addresses.
bool IsMissingFamily(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

}  // namespace

void UniqueFd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

absl::StatusOr<Listener> Listen(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return CannotListen(address, "it is not HOST:PORT");
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  // One socket is for both families, where there are both.
  const bool everywhere = host == "0.0.0.0" || host == "::";
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  for (const char* name : {everywhere ? "::" : host.c_str(), "0.0.0.0"}) {
    const int error =
        getaddrinfo(name, address.c_str() + colon + 1, &hints, &found);
    if (error != 0) return CannotListen(address, gai_strerror(error));
    const Addresses addresses(found);
    Listener listener;
    int missing = 0;
    for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
      if (listener.port != 0) SetPort(listener.port, each->ai_addr);
      UniqueFd made = ListenOn(each->ai_addr, each->ai_addrlen, everywhere);
      if (made.get() < 0 && !IsMissingFamily(errno)) {
        return CannotListen(address, std::strerror(errno));
      }
      if (made.get() < 0) {
        missing = errno;
        continue;
      }
      listener.port = PortOf(made.get());
      listener.sockets.push_back(std::move(made));
    }
    if (!listener.sockets.empty()) return listener;
    if (!everywhere) return CannotListen(address, std::strerror(missing));
  }
  return CannotListen(address, "this machine has no such addresses");
}

}  // namespace keyward::rpc
