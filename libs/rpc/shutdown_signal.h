// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SHUTDOWN_SIGNAL_H_
#define KEYWARD_LIBS_RPC_SHUTDOWN_SIGNAL_H_

#include <csignal>

#include "absl/time/time.h"

namespace keyward::rpc {

// SIGTERM and SIGINT as something that main waits for. No signal handler runs:
// the signals are blocked and taken up by a wait, so nothing is interrupted
// and nothing must be safe to call in one.
//
// Make one at the top of main, before any thread is made: threads inherit what
// is blocked. Only main uses it.
class ShutdownSignal {
 public:
  // Blocks the two signals, and ignores SIGPIPE: a peer that closes a socket
  // must not end the process.
  ShutdownSignal();

  // Gives the signals their usual effect back.
  ~ShutdownSignal();

  ShutdownSignal(const ShutdownSignal&) = delete;
  ShutdownSignal& operator=(const ShutdownSignal&) = delete;

  // Waits until one of the signals comes, at most `timeout`; true if one did.
  // After that they have their usual effect again, so that a second one ends a
  // process whose drain takes too long for whoever sent it.
  bool WaitFor(absl::Duration timeout);

 private:
  sigset_t signals_;
  sigset_t before_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SHUTDOWN_SIGNAL_H_
