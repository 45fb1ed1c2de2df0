// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_RELOAD_RUNNER_H_
#define KEYWARD_LIBS_AUTH_RELOAD_RUNNER_H_

#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/auth/reloadable_files.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"

namespace keyward::auth {

// Polls sets of files on a thread of its own, and says in the log what becomes
// of them: one line when a set is in force, one when files are refused and one
// when they are repaired, not one at each poll.
//
// Made and destroyed by a main, on one thread. What it polls and the logger
// outlive it.
class ReloadRunner {
 public:
  struct Set {
    // For the log: "tls certificate".
    std::string name;
    ReloadableFiles* files = nullptr;
  };

  // Starts polling every `interval`, the first time after one.
  ReloadRunner(std::vector<Set> sets, absl::Duration interval,
               const Logger* logger);

  // Stops, waiting for the poll that runs, if any.
  ~ReloadRunner();

  ReloadRunner(const ReloadRunner&) = delete;
  ReloadRunner& operator=(const ReloadRunner&) = delete;

  // Polls all sets at once, as the thread does: for SIGHUP, and for tests.
  void PollNow();

 private:
  struct Watched {
    Set set;
    absl::Status last;
  };

  void Loop();
  void PollLocked(Watched* watched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(poll_mu_);

  const absl::Duration interval_;
  const Logger* const logger_;

  // Held while files are read: it keeps polls apart and nobody else waits.
  Mutex poll_mu_;
  std::vector<Watched> watched_ ABSL_GUARDED_BY(poll_mu_);

  Mutex stop_mu_;
  CondVar stopped_;
  bool stop_ ABSL_GUARDED_BY(stop_mu_) = false;

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_RELOAD_RUNNER_H_
