// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_APPEND_QUEUE_H_
#define KEYWARD_SERVICES_AUDIT_APPEND_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/rpc/audit_log.h"
#include "services/audit/checked_item.h"

namespace keyward::audit_service {

// An item on its way into the log.
struct PendingAppend {
  // An item, or a fence to be raised, which is an append by itself.
  CheckedItem item;
  std::optional<uint64_t> raise_to;
  // Called once. Guarded by the queue while the item is in it.
  rpc::AppendDone done;

  // The leader's. What will be answered, and whether that holds only once the
  // group's commit is known to have been applied.
  rpc::AppendResult result;
  bool awaits_commit = false;
};

// Makes groups of concurrent appends, so that they share one commit, and keeps
// every caller's deadline whatever the commit does.
//
// Whoever submits while nobody leads makes a leader begin (LogWriter does it on
// its own thread), who takes group after group until none waits, and commits
// each. The group stays here while it is committed, so that the timer can
// answer the caller whose deadline passes: with kFailed if no commit was
// submitted for it (it never will be), else with kUnknown.
//
// Thread-safe; the methods from NextGroup on are the leader's.
class AppendQueue {
 public:
  struct Options {
    // Beyond this items are refused: at the rates that a log reaches it is a
    // fraction of a second, the longest wait worth having.
    size_t max_waiting = 16384;
    // How often deadlines are looked at while anything is here.
    absl::Duration tick = absl::Milliseconds(20);
  };

  // Both outlive the queue.
  AppendQueue(const Options& options, const Clock* clock, Timer* timer);

  // As Close; the leader must have ended.
  ~AppendQueue();

  AppendQueue(const AppendQueue&) = delete;
  AppendQueue& operator=(const AppendQueue&) = delete;

  // Takes an item. True if the caller has to begin the lead: NextGroup
  // must be called. An item that cannot be taken is answered kFailed at once.
  [[nodiscard]] bool Submit(std::unique_ptr<PendingAppend> pending);

  // Takes the next group: items that fit one batch, or one fence to raise.
  // False if nothing waits, or after Close: the lead has ended, and another
  // thread may have it already, so that nothing here may be touched any more.
  [[nodiscard]] bool NextGroup();

  // Items that no leader has taken yet.
  size_t waiting() const;

  // The group that is led. What of it is the leader's may be changed.
  const std::vector<std::unique_ptr<PendingAppend>>& group() const;

  // From now on an expiring caller of the group is told kUnknown.
  void MarkSubmitted();

  // Answers the items of the group that do not await the commit, and drops
  // them from it.
  void AnswerDecided();

  // What the whole group is to be answered by the items' results, and drops it:
  // Run must follow soon, since nobody keeps these callers' deadlines any more.
  using Answers = std::vector<std::pair<rpc::AppendDone, rpc::AppendResult>>;
  Answers TakeAnswers();
  static void Run(Answers answers);

  // The same, and answers.
  void AnswerGroup() { Run(TakeAnswers()); }

  // Answers the whole group with `status` and `error`, and drops it.
  void FailGroup(rpc::AppendStatus status, const absl::Status& error);

  // Puts the group back to the front, for a new attempt: none of it is in the
  // log. Callers that were told kUnknown meanwhile are not among it.
  void RequeueGroup();

  // The latest deadline of the group.
  SteadyTime GroupDeadline() const;

  // Refuses what waits and all that comes; callers of a group that is being
  // committed are told kUnknown.
  void Close();
  bool closed() const;

 private:
  using Group = std::vector<std::unique_ptr<PendingAppend>>;

  // Answers what has expired by `now`.
  void Expire(SteadyTime now, Answers* answers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tick();

  const Options options_;
  const Clock* const clock_;
  Timer* const timer_;

  mutable Mutex mu_;
  CondVar ticked_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool leading_ ABSL_GUARDED_BY(mu_) = false;
  bool submitted_ ABSL_GUARDED_BY(mu_) = false;
  // The timer's function that will run Tick; 0 if none is armed. It stays set
  // while Tick runs.
  Timer::Id tick_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<std::unique_ptr<PendingAppend>> waiting_ ABSL_GUARDED_BY(mu_);
  // The vector and each `done` are guarded; all else of an item is the
  // leader's, who alone adds and removes.
  Group group_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_APPEND_QUEUE_H_
