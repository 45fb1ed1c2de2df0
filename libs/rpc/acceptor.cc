// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/steady_time.h"

namespace keyward::rpc {
namespace {

// When accepting fails for what only time can mend.
constexpr int kPauseMillis = 100;

// Connections of one socket before the others, and the end, are looked at.
constexpr int kAtOnce = 256;

UniqueFd NewSpare() {
  return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

// Ends a connection at once, without a state that the kernel keeps for it.
void Reset(int fd) {
  const linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
}

// The files that the process may have open, raised as far as it may be: the
// usual limit is for programs that use select().
size_t RaiseOpenFiles() {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  const rlim_t before = std::exchange(files.rlim_cur, files.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = before;
  return static_cast<size_t>(files.rlim_cur);
}

bool IsOutOfSomething(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Create(
    Listener listener, ConnectionLimits limits, const Clock* clock,
    const Logger* log, Take take) {
  auto acceptor = absl::WrapUnique(
      new Acceptor(std::move(listener), limits, clock, log, std::move(take)));
  if (acceptor->spare_.get() < 0 || acceptor->stop_.get() < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("connections cannot be accepted: ", std::strerror(errno),
                     "; allow the process more open files (ulimit -n)"));
  }
  acceptor->thread_ = std::thread(&Acceptor::Run, acceptor.get());
  return acceptor;
}

ConnectionLimits Acceptor::FittingInto(size_t files, ConnectionLimits limits) {
  // Where there are few, others too must do with fewer.
  const size_t others = std::min(kOtherFiles, files / 2);
  limits.connections =
      std::max<size_t>(1, std::min(limits.connections, files - others));
  return limits;
}

Acceptor::Acceptor(Listener listener, ConnectionLimits limits,
                   const Clock* clock, const Logger* log, Take take)
    : listener_(std::move(listener)),
      table_(FittingInto(RaiseOpenFiles(), limits), clock),
      clock_(clock),
      log_(log),
      take_(std::move(take)),
      spare_(NewSpare()),
      stop_(eventfd(0, EFD_CLOEXEC)) {}

Acceptor::~Acceptor() { Stop(); }

void Acceptor::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  ssize_t written = 0;
  do {
    written = write(stop_.get(), &one, sizeof(one));
  } while (written < 0 && errno == EINTR);
  thread_.join();
  listener_.sockets.clear();
}

void Acceptor::Run() {
  std::vector<pollfd> watched = {{stop_.get(), POLLIN, 0}};
  for (const UniqueFd& socket : listener_.sockets) {
    watched.push_back({socket.get(), POLLIN, 0});
  }
  bool paused = false;
  for (;;) {
    // While paused the sockets would be readable all the time.
    poll(watched.data(), paused ? 1 : watched.size(),
         paused ? kPauseMillis : -1);
    if (watched[0].revents != 0) return;
    paused = false;
    for (size_t i = 1; i < watched.size(); ++i) {
      if (!AcceptAll(watched[i].fd)) paused = true;
    }
  }
}

bool Acceptor::AcceptAll(int listener) {
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    const int fd = accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Accepted(listener, fd, peer);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (IsOutOfSomething(errno)) {
      if (!Shed(listener)) return false;
    } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
      return false;
    }
    // Any other error is one of the connection that was waiting, which is gone
    // with it (accept(2)).
  }
  return true;
}

void Acceptor::Accepted(int listener, int fd, const sockaddr_storage& peer) {
  switch (table_.Admit(fd, peer)) {
    case ConnectionTable::Verdict::kAdmitted:
      return take_(listener, fd);
    case ConnectionTable::Verdict::kTooMany:
      LogRefusal("the server has as many as it takes (limits.connections)");
      break;
    case ConnectionTable::Verdict::kTooManyOfAddress:
      LogRefusal(
          "its address has as many as one may (limits.connections_of_address)");
      break;
  }
  Reset(fd);
}

bool Acceptor::Shed(int listener) {
  LogRefusal("the process has as many files open as it may (ulimit -n)");
  spare_.Close();
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) Reset(fd);
  spare_ = NewSpare();
  return fd >= 0;
}

void Acceptor::LogRefusal(const char* why) {
  if (log_ == nullptr) return;
  const absl::optional<uint64_t> left_out =
      budget_.Take(absl::ToInt64Seconds(clock_->SteadyNow() - SteadyTime()));
  if (!left_out.has_value()) return;
  log_->Warning("a connection was refused",
                {{"why", why}, {"left_out", *left_out}});
}

}  // namespace keyward::rpc
