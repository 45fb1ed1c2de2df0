// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_CHANGE_EXECUTOR_H_
#define KEYWARD_SERVICES_POLICY_CHANGE_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/crypto/random.h"
#include "libs/policy/actions.h"
#include "libs/policy/evaluator.h"
#include "libs/rpc/call.h"
#include "services/policy/change_call.h"
#include "services/policy/change_plan.h"
#include "services/policy/policy_standing.h"
#include "services/policy/policy_storage.h"
#include "services/policy/snapshot_publisher.h"

namespace keyward::policy_service {

// Makes changes of the policy, one at a time, each once and durably or not at
// all (P1, P4), and answers none before its revision is in force (P2).
//
// In this order: an intent that is known answers its stored result; a request
// id that is known answers the first one's; the revision that decided is
// compared with the newest durable one (another starts again at its decision,
// once the newest is in force); the change is planned, made durable
// and published. Then the call waits for the fences. If its deadline comes
// first, the answer is NOT_YET_IN_FORCE with the outcome kApplied: the change
// is made, and only its coming into force is late.
//
// What is refused bars the intent's id durably before it is answered. If that
// cannot be made certain the answer is OUTCOME_UNKNOWN, never a guess.
//
// Deleting a project takes three steps. The project is closed in a revision of
// its own; somebody asks the store once that is in force; FinishDeletion then
// either deletes it under the call's intent, or opens it again and refuses the
// call.
//
// Thread-safe. It has one thread, from Start on. The destructor answers what
// waits.
class ChangeExecutor {
 public:
  struct Parts {
    PolicyStorage* storage;
    PolicyStanding* standing;
    SnapshotPublisher* publisher;
    std::shared_ptr<const policy::ActionCatalog> catalog;
    const Clock* clock;
    Timer* timer;
    crypto::RandomSource* random;
    const Logger* log;
  };

  // Calls that may wait for their turn.
  static constexpr size_t kMaxQueued = 256;

  // Answers about a deadline come this much before it, or a quarter of the
  // time that is left if that is less, so that the gateway can still put them
  // on record and pass them on.
  static constexpr absl::Duration kAnswerMargin = absl::Milliseconds(500);

  // Everything in `parts` outlives the executor.
  explicit ChangeExecutor(Parts parts) : parts_(std::move(parts)) {}
  ~ChangeExecutor();

  ChangeExecutor(const ChangeExecutor&) = delete;
  ChangeExecutor& operator=(const ChangeExecutor&) = delete;

  // Once.
  void Start();

  // Ends the thread and answers what waits; nothing is made afterwards.
  void Stop();

  // Makes the change that the call asks for. As rpc::Owner::Execute.
  void Submit(const rpc::CallContext& context,
              const google::protobuf::Message& request, rpc::CallDone done);

  // Bars the call's intent and answers `status`, as kNotApplied.
  void Reject(const rpc::CallContext& context, absl::Status status,
              rpc::CallDone done);

  // Answers the calls that wait for `revision` and those below.
  void OnInForce(uint64_t revision);

  // Ends the deletion of a closed project of which the store has told how many
  // secrets remain. Blocks until it is done. False if it is still to be done:
  // the store is asked again.
  bool FinishDeletion(const std::string& project, int64_t secrets);

 private:
  // How long policy's own commits, those of no call, may take.
  static constexpr absl::Duration kOwnCommitTime = absl::Seconds(10);
  // How long an idle thread sleeps before it looks at its condition again.
  static constexpr absl::Duration kIdle = absl::Minutes(1);

  struct Deletion {
    std::string project;
    int64_t secrets = 0;
    bool done = false;
    bool ended = false;
  };

  void Run();
  // Takes the next piece of work, waiting for it. False once stopped.
  bool TakeWork(ChangeCallPtr* call, std::shared_ptr<Deletion>* deletion);

  // The steps of one call, on the change thread.
  void Work(const ChangeCallPtr& call);
  bool AnswerKnownIntent(const ChangeCallPtr& call);
  bool AnswerKnownRequestId(const ChangeCallPtr& call);
  absl::StatusOr<ChangePlan> Plan(const ChangeCall& call,
                                  const DurablePolicy& policy);
  void Make(const ChangeCallPtr& call, const DurablePolicy& policy,
            ChangePlan plan);
  void Close(const ChangeCallPtr& call, const DurablePolicy& policy,
             ChangePlan plan);
  bool Finish(const Deletion& deletion);
  // The call that waits for the deletion, in the phase kWorking; null if none
  // does any more.
  ChangeCallPtr TakeDeleting(const std::string& project);
  bool FinishDeleted(const DurablePolicy& policy, const DeletionRecord& record);
  bool Reopen(const DurablePolicy& policy, const DeletionRecord& record,
              int64_t secrets);

  // Commits, and installs what became durable.
  kv::CommitResult CommitAndInstall(const DurablePolicy& policy,
                                    StorageChange change, SteadyTime deadline);
  // Answers a call whose commit did not apply.
  void AnswerFailedCommit(const ChangeCallPtr& call,
                          const kv::CommitResult& result);
  // Reads again what is durable, after an outcome that was not known. True if
  // that succeeded.
  bool Reload();
  absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>> Compiled(
      const DurablePolicy& policy);

  // Ways out of a call. AwaitForce answers `response` once `revision` is in
  // force; without one it refuses the call then, as decided under another
  // policy.
  void AwaitForce(const ChangeCallPtr& call, uint64_t revision,
                  std::unique_ptr<google::protobuf::Message> response);
  void AnswerStored(const ChangeCallPtr& call, const std::string& stored);
  void Refuse(const ChangeCallPtr& call, absl::Status status,
              rpc::Refusal refusal,
              std::unique_ptr<google::protobuf::Message> response = nullptr);
  void AnswerUnknown(const ChangeCallPtr& call);
  void AnswerBarred(const ChangeCallPtr& call, rpc::Outcome outcome);
  void Answer(const ChangeCallPtr& call, rpc::CallResult result);
  void Expire(const ChangeCallPtr& call);

  // Counts what may still touch this object from another thread.
  void BeginOutside();
  void EndOutside();

  const Parts parts_;
  std::thread thread_;

  // Only on the change thread.
  std::shared_ptr<const policy::PolicySnapshot> compiled_;

  Mutex mu_;
  CondVar work_;
  CondVar ended_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  // What is in memory may not be what is durable.
  bool stale_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<ChangeCallPtr> queue_ ABSL_GUARDED_BY(mu_);
  std::deque<std::shared_ptr<Deletion>> deletions_ ABSL_GUARDED_BY(mu_);
  // Calls in the phases kAwaitingForce and kDeleting.
  std::set<ChangeCallPtr> waiting_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, ChangeCallPtr> deleting_ ABSL_GUARDED_BY(mu_);
  size_t outside_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_CHANGE_EXECUTOR_H_
