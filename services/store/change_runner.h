// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CHANGE_RUNNER_H_
#define KEYWARD_SERVICES_STORE_CHANGE_RUNNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/lanes.h"
#include "libs/base/mutex.h"
#include "libs/kv/kv.h"
#include "libs/rpc/call.h"
#include "services/store/change.h"
#include "services/store/checkpoint_keeper.h"
#include "services/store/event_numbers.h"
#include "services/store/request_ids.h"

namespace keyward::store {

// Makes a planned change once and durably, or not at all, and knows which
// (P1, P2, P4).
//
// In this order: an intent that is known answers its stored result; a request
// id that is known answers the first one's; the fence, the plan's etag and its
// preconditions are compared. All of it is compared again inside the one
// transaction that makes the change, which also holds the intent's id, the
// request id, the event and the newest checkpoint. If another writer was
// first, everything is read and planned again, a bounded number of times.
//
// What is refused bars the intent's id durably before it is answered: a copy
// of the call that is still under way can then never be applied. If that
// cannot be made certain the answer is OUTCOME_UNKNOWN, never a guess.
//
// Changes of one secret take turns until they are answered, since each rests on
// what the one before left. All others are under way together, and share syncs:
// a change is planned, read and encrypted for itself, and only when it is
// handed to the state layer it has its turn among all, which gives it its
// event's number and orders the checkpoints. See event_numbers.h for what
// becomes of those behind one that fails.
//
// Thread-safe. It has no thread and never blocks, apart from local reads. The
// destructor waits for the calls that are under way, each of which ends soon
// after its deadline.
class ChangeRunner {
 public:
  // How often a change is planned before it is refused as UNAVAILABLE. A
  // conflict means another process, the store's own work, or that a change
  // before it in the same project failed.
  static constexpr int kMaxAttempts = 16;

  // How long after its deadline a call may take to bar its intent.
  static constexpr absl::Duration kSettleGrace = absl::Seconds(1);

  // All must outlive the runner.
  ChangeRunner(kv::KeyValueStore* kv, const Clock* clock,
               const RequestIds* request_ids, CheckpointKeeper* checkpoints)
      : kv_(kv),
        clock_(clock),
        request_ids_(request_ids),
        checkpoints_(checkpoints),
        numbers_(kv) {}
  ChangeRunner(const ChangeRunner&) = delete;
  ChangeRunner& operator=(const ChangeRunner&) = delete;
  ~ChangeRunner();

  // Makes the change that `planner` plans, or answers its error as a refusal.
  // `request_id` is the request's, empty if it has none. `request` and what
  // the planner refers to stay valid until `done` is called.
  void Run(const rpc::CallContext& context,
           const google::protobuf::Message& request,
           const std::string& request_id, absl::StatusOr<Planner> planner,
           rpc::CallDone done);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  // What Attempt does next.
  enum class Next { kGoOn, kAnswered };

  void Attempt(JobPtr job);
  Next AnswerKnownIntent(const JobPtr& job);
  Next AnswerKnownRequestId(const JobPtr& job, absl::Time now);
  void RepeatAnswer(const JobPtr& job, const std::string& key,
                    uint64_t revision, std::string result);
  void Submit(const JobPtr& job, ChangePlan plan, absl::Time now);

  // Hands job->txn to the state layer in a turn that all changes share.
  void HandOver(const JobPtr& job);
  void AwaitSubmission(const JobPtr& job);
  void HandOverInTurn(const JobPtr& job);

  void OnCommitted(const JobPtr& job, kv::CommitResult result);
  void OnConflict(const JobPtr& job, const kv::CommitResult& result);

  // Refuses what there was no room to wait for.
  void RefuseForNow(const JobPtr& job, const absl::Status& why);

  // Settles the intent: bars it and answers `status`; or, if it was applied
  // after all, answers what it stored.
  void Refuse(const JobPtr& job, absl::Status status, rpc::Refusal refusal);

  void AnswerApplied(const JobPtr& job);
  void AnswerStored(const JobPtr& job, const std::string& stored);
  void AnswerBarred(const JobPtr& job, rpc::Outcome outcome);
  void AnswerUnknown(const JobPtr& job);
  void Answer(const JobPtr& job, rpc::CallResult result);

  kv::KeyValueStore* const kv_;
  const Clock* const clock_;
  const RequestIds* const request_ids_;
  CheckpointKeeper* const checkpoints_;

  Mutex mu_;
  CondVar idle_;
  size_t jobs_ ABSL_GUARDED_BY(mu_) = 0;

  EventNumbers numbers_;

  // Last: destroyed first, while the rest is there.
  Lanes submissions_;
  Lanes lanes_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CHANGE_RUNNER_H_
