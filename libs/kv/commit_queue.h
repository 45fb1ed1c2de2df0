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
// No group is written on the thread of a caller, which may be one of the few
// that carry the network's events: a disk that hangs would keep it from
// sending any answer, also the one that the deadline of a call is over. Two
// threads of the queue's own take turns: one leads, which means that it takes
// all that waits, applies it as one group, gives up the lead and then answers;
// meanwhile the other keeps the deadlines and, once the lead is free, leads
// the next group.
//
// Each work's callback runs exactly once, without locks: with its result, or
// at the latest about kTick after its deadline with kRefused if it was still
// waiting and kUnknown if a leader had taken it. A callback must not block; one
// that waits for other work of the queue slows all of it down.
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

  // Takes `work`, and does not wait for the disk. The callback runs on a thread
  // of the queue, or before this returns if the work is refused at once.
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

  // What each of the two threads runs until Close.
  void Serve();
  // Applies one group and answers it; the caller has set leading_.
  void LeadGroup();
  // Lets others run that are about to submit, as long as some do.
  void AwaitCompany() const;
  // Moves the next group to in_flight_; what is expired goes to `answers`.
  void TakeGroup(Answers* answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The answers to in_flight_, which becomes empty.
  Answers FinishGroup(std::vector<CommitResult> results)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes the lead if there is work and nobody has it.
  bool TryLead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Answers what has expired.
  Answers ExpireAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void Run(Answers answers);

  const Options options_;
  const Clock* const clock_;
  Apply apply_;  // Called only by the leader.

  mutable Mutex mu_;
  CondVar changed_;  // Signals the threads, and Close.
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool leading_ ABSL_GUARDED_BY(mu_) = false;
  // Submitters that are running the callback of what was refused.
  int refusing_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Item> waiting_ ABSL_GUARDED_BY(mu_);
  // Owned here, so that the other thread can answer those whose deadline
  // passes; the leader reads all but `done` without the lock.
  std::vector<Item> in_flight_ ABSL_GUARDED_BY(mu_);

  // Last: they use all of the above.
  std::vector<std::thread> threads_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_COMMIT_QUEUE_H_
