// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_LISTENER_FOR_TESTING_H_
#define KEYWARD_LIBS_CRYPTO_LISTENER_FOR_TESTING_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <utility>

namespace keyward::crypto {

// A server on 127.0.0.1 that does to each connection, one after the other, what
// a test says. Destroying it closes the connection that is being served, which
// ends reads and writes of it, and waits for the thread.
class ListenerForTesting {
 public:
  // `serve` gets the connection, a blocking socket, which it does not close,
  // and returns false when it is to take no more.
  using Serve = std::function<bool(int fd)>;

  explicit ListenerForTesting(Serve serve) : serve_(std::move(serve)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(where);
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    if (listener_ < 0 || bind(listener_, address, size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, address, &size) != 0 || pipe(stop_) != 0) {
      std::perror("no listener");
      std::abort();
    }
    port_ = ntohs(where.sin_port);
    thread_ = std::thread([this] { Run(); });
  }

  ~ListenerForTesting() {
    // Closed, not written: everybody who polls it sees it.
    close(stop_[1]);
    thread_.join();
    close(stop_[0]);
    close(listener_);
  }

  ListenerForTesting(const ListenerForTesting&) = delete;
  ListenerForTesting& operator=(const ListenerForTesting&) = delete;

  uint16_t port() const { return port_; }

  // For `serve`: waits until there is something to read on `fd` (true), or
  // until the test ends or `milliseconds` are over (false). Less than 0 is
  // for ever.
  bool WaitToRead(int fd, int milliseconds = -1) const {
    pollfd waited[2] = {{stop_[0], POLLIN, 0}, {fd, POLLIN, 0}};
    return poll(waited, 2, milliseconds) > 0 && waited[0].revents == 0;
  }

  // For `serve`: does nothing for a time; false if the test ends.
  bool Pause(int milliseconds) const {
    pollfd waited{stop_[0], POLLIN, 0};
    return poll(&waited, 1, milliseconds) == 0;
  }

 private:
  void Run() {
    // In this thread alone, so that a client that a server's end can kill is
    // found out.
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
    while (WaitToRead(listener_)) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const bool more = serve_(fd);
      close(fd);
      if (!more) return;
    }
  }

  const Serve serve_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_LISTENER_FOR_TESTING_H_
