// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_ACCEPTOR_H_
#define KEYWARD_LIBS_RPC_ACCEPTOR_H_

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/log_budget.h"
#include "libs/rpc/connection_table.h"
#include "libs/rpc/listener.h"

namespace keyward::rpc {

// Accepts the connections of a server, on a thread of its own, and gives on
// those for which there is room.
//
// gRPC 1.51 could accept them itself, but it takes as many as come, and stops
// for good when one cannot be accepted: a stranger who opens a thousand
// connections would end a server's service until it is started again (P8). Here
// what is too much is reset at once, and nothing ends the accepting: without a
// free descriptor a connection is taken on a spare one, and reset.
//
// Thread-safe.
class Acceptor {
 public:
  // Descriptors that the process keeps for all but connections: files of
  // databases, above all, whose failure costs more than a caller's.
  static constexpr size_t kOtherFiles = 256;

  // Takes the connection that is accepted as `fd`, which does not block, and
  // closes it some day. Called on the acceptor's thread; must not block.
  using Take = absl::AnyInvocable<void(int listener, int fd)>;

  // Accepts from now on. The limits are lowered to what the process's limit of
  // open files allows, which is raised as far as it may be. RESOURCE_EXHAUSTED
  // without a descriptor for its own. `clock` and `log`, which may be null,
  // outlive the object.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Create(
      Listener listener, ConnectionLimits limits, const Clock* clock,
      const Logger* log, Take take);

  // The limits for a process that may have so many files open.
  static ConnectionLimits FittingInto(size_t files, ConnectionLimits limits);

  // As Stop.
  ~Acceptor();

  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Listens no longer. When it returns, nothing is taken any more. May be
  // called more than once, by one thread at a time.
  void Stop();

 private:
  // Refused connections that are logged a second; the others are counted.
  static constexpr int kLinesPerSecond = 1;

  Acceptor(Listener listener, ConnectionLimits limits, const Clock* clock,
           const Logger* log, Take take);

  void Run();
  // Accepts what waits on a socket. False if accepting fails for want of
  // something that may come back by itself.
  bool AcceptAll(int listener);
  void Accepted(int listener, int fd, const sockaddr_storage& peer);
  // Without a free descriptor: takes one connection, to reset it. False if not
  // even that can be done.
  bool Shed(int listener);
  void LogRefusal(const char* why);

  Listener listener_;
  ConnectionTable table_;
  const Clock* const clock_;
  const Logger* const log_;
  Take take_;
  LogBudget budget_{kLinesPerSecond};
  // Open for nothing but to be closed when there is no other.
  UniqueFd spare_;
  // Becomes readable when the thread shall end.
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_ACCEPTOR_H_
