// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_THREAD_POOL_H_
#define KEYWARD_LIBS_BASE_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "libs/base/mutex.h"

namespace keyward {

// A few threads for work that may block: the transport's own threads are shared
// by all calls of the process, and one that waits for a disk or a peer stalls
// them all.
//
// Thread-safe. A function may submit to the pool that runs it, but not destroy
// it.
class ThreadPool {
 public:
  // `threads` functions run at once, and at most `max_waiting` wait; both at
  // least 1.
  ThreadPool(size_t threads, size_t max_waiting);

  // Runs what waits and returns when all has ended: whoever waits for an answer
  // gets one. Every function must therefore end by itself.
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs `fn` on a thread of the pool, in the order of submission. UNAVAILABLE,
  // with `fn` destroyed without having run, if as many wait as may: a queue
  // without a bound hides that the threads do not come after.
  absl::Status Submit(absl::AnyInvocable<void()> fn);

 private:
  void Loop();

  const size_t max_waiting_;
  Mutex mu_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;  // Last: they use all of the above.
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_THREAD_POOL_H_
