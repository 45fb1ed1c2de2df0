// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_LISTENER_H_
#define KEYWARD_LIBS_RPC_LISTENER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace keyward::rpc {

// A descriptor that is closed with its owner.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Close(); }

  // -1 if it has none.
  int get() const { return fd_; }
  void Close();

 private:
  int fd_ = -1;
};

// The sockets of one address, which listen.
struct Listener {
  // At least one; more for a name that has several addresses.
  std::vector<UniqueFd> sockets;
  int port = 0;
};

// Listens on HOST:PORT: on every address that a name has, on all of the
// machine, in both families, for 0.0.0.0 and [::]. Port 0 is any free one, the
// same for all addresses. The sockets do not block and are not inherited.
//
// UNAVAILABLE, saying why and what to do, if that cannot be: also if one
// address of several is taken. The port is not shared: with SO_REUSEPORT two
// servers would take turns at the clients.
absl::StatusOr<Listener> Listen(const std::string& address);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_LISTENER_H_
