// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/shutdown_signal.h"

#include <pthread.h>

#include <csignal>

#include "absl/time/time.h"

namespace keyward::rpc {

ShutdownSignal::ShutdownSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  std::signal(SIGPIPE, SIG_IGN);
}

ShutdownSignal::~ShutdownSignal() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool ShutdownSignal::WaitFor(absl::Duration timeout) {
  const timespec limit = absl::ToTimespec(timeout);
  // EINTR is another signal's: whoever waits asks again anyway.
  if (sigtimedwait(&signals_, nullptr, &limit) < 0) return false;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  return true;
}

}  // namespace keyward::rpc
