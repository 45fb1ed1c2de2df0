// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_ERASURE_LOG_H_
#define KEYWARD_LIBS_KV_ERASURE_LOG_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/format.h"

namespace keyward::kv {

// The erasures that the disk still owes, and who waits for them. The durable
// copy is the database's erasure records; this is their order in memory.
// Thread-safe.
class ErasureLog {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  ErasureLog() = default;
  ErasureLog(const ErasureLog&) = delete;
  ErasureLog& operator=(const ErasureLog&) = delete;

  // Adds erasures that were committed at `now`.
  void Add(const std::vector<format::Erasure>& erasures, SteadyTime now);

  // All that were added no later than `until`, oldest first.
  std::vector<format::Erasure> Due(SteadyTime until) const;

  // Notes that the bytes of `erasures` have left the disk; calls, without a
  // lock, those who waited for nothing else.
  void Finish(const std::vector<format::Erasure>& erasures);

  // Calls `done` with OK when no erasure up to `revision` is pending, perhaps
  // at once; with UNAVAILABLE when the log is closed before.
  void Wait(uint64_t revision, Done done);

  // Ends all waits, present and to come.
  void Close();

  uint64_t pending() const;
  // The least revision with a pending erasure; UINT64_MAX if there is none.
  uint64_t oldest() const;

 private:
  using Key = std::pair<uint64_t, std::string>;

  uint64_t OldestLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::map<Key, SteadyTime> pending_ ABSL_GUARDED_BY(mu_);
  std::multimap<uint64_t, Done> waits_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_ERASURE_LOG_H_
