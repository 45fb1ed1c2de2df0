// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/socket_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/time/time.h"

namespace keyward::crypto {
namespace {

// poll counts milliseconds in an int, and a deadline may be infinite.
constexpr absl::Duration kLongestPoll = absl::Minutes(10);

absl::Status Broken() {
  return absl::UnavailableError("the connection to the server is broken");
}

}  // namespace

absl::StatusOr<std::unique_ptr<SocketStream>> SocketStream::Connect(
    const std::string& address, uint16_t port, const Clock& clock,
    SteadyTime deadline) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const sockaddr* where = nullptr;
  socklen_t size = 0;
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    where = reinterpret_cast<const sockaddr*>(&v4);
    size = sizeof(v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    where = reinterpret_cast<const sockaddr*>(&v6);
    size = sizeof(v6);
  } else {
    return absl::InvalidArgumentError("the server's address is none");
  }

  const int fd =
      socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError("no socket can be opened");
  auto stream = std::unique_ptr<SocketStream>(new SocketStream(fd, clock));
  // A command and its answer are small, and each waits for the other.
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  if (connect(fd, where, size) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) {
      return absl::UnavailableError("the server cannot be reached");
    }
    absl::Status waited = stream->Wait(POLLOUT, deadline);
    if (!waited.ok()) return waited;
    int error = 0;
    socklen_t error_size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0 ||
        error != 0) {
      return absl::UnavailableError("the server cannot be reached");
    }
  }
  return stream;
}

SocketStream::~SocketStream() { close(fd_); }

absl::Status SocketStream::Write(absl::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    // Asked each time: a peer that takes a byte a second ends no wait.
    if (clock_.SteadyNow() >= deadline) {
      return absl::DeadlineExceededError("the server did not read in time");
    }
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      absl::Status waited = Wait(POLLOUT, deadline);
      if (!waited.ok()) return waited;
    } else if (errno != EINTR) {
      return Broken();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> SocketStream::Read(absl::Span<char> out,
                                          SteadyTime deadline) {
  for (;;) {
    if (clock_.SteadyNow() >= deadline) {
      return absl::DeadlineExceededError("the server did not answer in time");
    }
    const ssize_t got = recv(fd_, out.data(), out.size(), 0);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      absl::Status waited = Wait(POLLIN, deadline);
      if (!waited.ok()) return waited;
    } else if (errno != EINTR) {
      return Broken();
    }
  }
}

absl::Status SocketStream::Wait(short events,  // NOLINT(runtime/int)
                                SteadyTime deadline) {
  for (;;) {
    const absl::Duration left = deadline - clock_.SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("the server did not answer in time");
    }
    pollfd waited{fd_, events, 0};
    const absl::Duration step = std::min(left, kLongestPoll);
    // Rounded up, so that the last wait does not become many of no time.
    const int ready =
        poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(step)) + 1);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return Broken();
  }
}

}  // namespace keyward::crypto
