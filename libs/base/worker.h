// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_WORKER_H_
#define KEYWARD_LIBS_BASE_WORKER_H_

#include <cstddef>
#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "libs/base/mutex.h"

namespace keyward {

// One thread that runs functions in the order in which they came: for work
// that may block and whose caller must not, such as a gRPC callback or the
// timer.
//
// Thread-safe. A function may post others, but not destroy the worker.
class Worker {
 public:
  // At most `capacity` functions wait.
  explicit Worker(size_t capacity);

  // Waits for the function that is running, if any; those that still wait are
  // destroyed without having run.
  ~Worker();

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs `fn` on the thread, when those before it are done. False, and `fn` is
  // not run, if too many wait: say so to whoever waits for it.
  [[nodiscard]] bool Post(absl::AnyInvocable<void()> fn);

 private:
  void Loop();

  const size_t capacity_;
  Mutex mu_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_WORKER_H_
