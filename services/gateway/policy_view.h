// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Which policy snapshot this gateway may decide under (P2).
//
// A gateway never decides under a revision above the greatest fence that
// audit has told it, and never below it either: it decides under exactly that
// revision or not at all. What policy sends ahead of the fence is staged; if
// audit is ahead of what policy has sent, calls wait. Whether audit itself has
// moved on meanwhile is not this class's business: audit refuses the record of
// every decision that is not at its fence, and the call starts again here.

#ifndef KEYWARD_SERVICES_GATEWAY_POLICY_VIEW_H_
#define KEYWARD_SERVICES_GATEWAY_POLICY_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/policy/evaluator.h"

namespace keyward::gateway {

using SnapshotPtr = std::shared_ptr<const policy::PolicySnapshot>;

// Thread-safe.
class PolicyView {
 public:
  // Calls that may wait for a snapshot at the same time; more are turned away
  // at once, since each holds memory.
  static constexpr size_t kMaxWaiting = 10000;
  // Snapshots that may be staged above the fence. Policy makes one change at a
  // time, so more than a few means that it is not policy that sends them.
  static constexpr size_t kMaxStaged = 16;

  PolicyView() = default;
  PolicyView(const PolicyView&) = delete;
  PolicyView& operator=(const PolicyView&) = delete;

  // The snapshot in force, or null while this gateway does not have it.
  SnapshotPtr Current() const;

  // Calls `done` with the snapshot in force: at once, or when it has arrived;
  // with null after the deadline (by Sweep) or if too many wait.
  void WhenReady(SteadyTime deadline,
                 absl::AnyInvocable<void(SnapshotPtr)> done);

  // A snapshot from policy. One below the fence is dropped.
  void Stage(SnapshotPtr snapshot);

  // Audit has told that `fence` is in force. Lower ones are old news.
  void OnFence(uint64_t fence);

  // The greatest fence that audit has told; 0 before the first.
  uint64_t fence() const;
  // The newest revision that policy has sent; 0 before the first.
  uint64_t newest_staged() const;

  // Gives up calls whose deadline is before `now`.
  void Sweep(SteadyTime now);

  // Runs `changed` after each change of the snapshot in force, on the thread
  // that brought it; it must not block or add listeners. Removal waits for
  // nothing: `changed` may run once more while it is being removed.
  uint64_t AddListener(std::shared_ptr<absl::AnyInvocable<void()>> changed);
  void RemoveListener(uint64_t id);

 private:
  struct Waiter {
    SteadyTime deadline;
    absl::AnyInvocable<void(SnapshotPtr)> done;
  };

  // Puts the staged snapshot of the fence in force, if it is there.
  void Advance(std::list<Waiter>* ready,
               std::vector<std::shared_ptr<absl::AnyInvocable<void()>>>* notify)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Advances and tells everyone, outside the lock.
  void AdvanceAndNotify();

  mutable Mutex mu_;
  uint64_t fence_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t newest_ ABSL_GUARDED_BY(mu_) = 0;
  SnapshotPtr current_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, SnapshotPtr> staged_ ABSL_GUARDED_BY(mu_);
  std::list<Waiter> waiting_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, std::shared_ptr<absl::AnyInvocable<void()>>> listeners_
      ABSL_GUARDED_BY(mu_);
  uint64_t next_listener_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_POLICY_VIEW_H_
