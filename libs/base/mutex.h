// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_MUTEX_H_
#define KEYWARD_LIBS_BASE_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"

namespace keyward {

// A std::mutex with Clang's thread-safety annotations.
//
// Not absl::Mutex: Debian's Abseil is not built for ThreadSanitizer, which
// then reports races that do not exist, and a report that must be ignored
// hides the one that must not.
//
// Not recursive: locking it twice from one thread is undefined behaviour. It
// must outlive every lock on it.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Blocks until the calling thread holds the mutex. Prefer MutexLock.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }

  // Releases the mutex, which the calling thread must hold.
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

  // Takes the mutex if no thread holds it; true if it was taken.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    return mu_.try_lock();
  }

 private:
  friend class CondVar;
  std::mutex mu_;
};

// Holds a Mutex for the length of a scope.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) {
    mu_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }

  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

// A condition variable for Mutex.
//
// There is no wait without a deadline: a wait that nothing ends is a request
// that never answers. A wait may return early without a signal, so every
// caller loops over its own condition:
//
//   MutexLock l(&mu_);
//   while (!ready_) {
//     if (!ready_cv_.WaitUntil(&mu_, *clock_, deadline)) break;
//   }
//
// Safe for concurrent use. All waiters of one CondVar use the same Mutex.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mu`, waits until signalled or until `timeout` has passed, and
  // takes `mu` again. True if it was signalled (or woke for no reason) first,
  // false if the time ran out. A timeout that is not positive returns false
  // without waiting; one above a year is a year. Measured on the monotonic
  // clock: setting the system time neither shortens nor lengthens it.
  bool WaitFor(Mutex* mu, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // The same until `deadline` of `clock`, the one that the deadline was made
  // by; what is left is computed once, when the wait begins, and then measured
  // as WaitFor does.
  bool WaitUntil(Mutex* mu, const Clock& clock, SteadyTime deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Wakes one waiter, if any.
  void Signal() { cv_.notify_one(); }

  // Wakes all waiters.
  void SignalAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_MUTEX_H_
