// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_KV_COMMIT_QUEUE_H_
#define KEYWARD_LIBS_KV_COMMIT_QUEUE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/kv/kv.h"
#include "libs/kv/work.h"

namespace keyward::kv {

// Makes groups of concurrent work, so that they share one sync.
//
// There is no commit thread: waking one, and being woken by it, costs more
// than the sync. Whichever thread submits while nobody leads becomes the
// leader: it takes all that waits, applies it as one group, gives up the lead
// and then answers. Threads that submit meanwhile leave their work and return;
// it travels in the next group, which the same leader or the next submitter
// leads. One helper thread, idle otherwise, keeps deadlines and takes over
// from a leader that has served others for long.
//
// Work that is submitted from within a callback is not led at once but when
// the thread has run its callbacks: else 64 callbacks that each submit would
// make 64 groups of one.
//
// Each work's callback runs exactly once, without locks: with its result, or
// at the latest about kTick after its deadline with kRefused if it was still
// waiting and kUnknown if a leader had taken it.
//
// Thread-safe. It knows nothing of the engine.
class CommitQueue {
 public:
  struct Options {
    // Beyond this work is refused with RESOURCE_EXHAUSTED. At the measured
    // rates it is a fraction of a second, the longest wait worth having.
    size_t max_waiting = 16384;
    // A group is closed when it has this many works or about this many bytes,
    // to bound the time and memory of one write.
    size_t max_group = 256;
    size_t max_group_bytes = size_t{4} << 20;
  };

  // How often deadlines are looked at.
  static constexpr absl::Duration kTick = absl::Milliseconds(50);

  // The results of a group, one for each work in order, and what the leader
  // runs before the callbacks, after it gave up the lead; it may be empty.
  struct Outcome {
    std::vector<CommitResult> results;
    absl::AnyInvocable<void()> afterwards;
  };

  // Applies a group. Called by one thread at a time, without locks.
  using Apply =
      absl::AnyInvocable<Outcome(const std::vector<const Work*>& group)>;

  // `clock` measures deadlines and outlives the queue.
  CommitQueue(const Options& options, const Clock* clock, Apply apply);

  // As Close. No callback may destroy the queue.
  ~CommitQueue();

  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Takes `work`; its callback may run before this returns, or on any thread.
  void Submit(std::unique_ptr<Work> work);

  // Refuses (kRefused, UNAVAILABLE) what waits and all that comes, and returns
  // when no group is being applied and no callback runs or will run.
  void Close();

  // The number of works that no leader has taken yet.
  size_t waiting() const;

 private:
  using Item = std::unique_ptr<Work>;
  // A callback that is due, with its result.
  struct Answer {
    CommitCallback done;
    CommitResult result;
  };
  using Answers = std::vector<Answer>;
  class CallbackScope;

  // A leader serves this many groups, then hands the lead to the helper: a
  // thread that brought one work must not serve others for ever.
  static constexpr int kMaxRounds = 8;

  // Leads group after group. The caller has set leading_, and counts as busy
  // until it has returned, so that Close does not free the queue under it.
  void Lead();
  // Applies one group and answers it; false if nothing was waiting, and then
  // the lead is given up.
  bool LeadGroup();
  // Moves the next group to in_flight_; what is expired goes to `answers`.
  void TakeGroup(Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The answers to in_flight_, which becomes empty.
  Answers FinishGroup(std::vector<CommitResult> results)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes the lead if there is work and nobody has it.
  bool TryLead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Runs at the end of a thread's callbacks, for work submitted within them.
  void LeadDeferred();
  // Runs the callbacks of `answers`; the caller has counted it as busy.
  void Run(Answers answers);
  void EndBusy();

  void HelperLoop();
  Answers ExpireAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const Clock* const clock_;
  Apply apply_;  // Called only by the leader.

  mutable Mutex mu_;
  CondVar changed_;  // Signals the helper, and Close.
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool leading_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_helper_ ABSL_GUARDED_BY(mu_) = false;
  bool hand_over_ ABSL_GUARDED_BY(mu_) = false;
  // Calls of EndBusy that threads owe, which lead, run callbacks, or will lead
  // when their callbacks are done. The queue lives until there are none.
  int busy_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Item> waiting_ ABSL_GUARDED_BY(mu_);
  // Owned here, so that the helper can answer those whose deadline passes;
  // the leader reads all but `done` without the lock.
  std::vector<Item> in_flight_ ABSL_GUARDED_BY(mu_);

  std::thread helper_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_COMMIT_QUEUE_H_
