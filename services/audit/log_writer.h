// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_LOG_WRITER_H_
#define KEYWARD_SERVICES_AUDIT_LOG_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/audit/append_plan.h"
#include "libs/audit/batch.h"
#include "libs/audit/log_reader.h"
#include "libs/audit/note.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/base/worker.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"
#include "libs/rpc/audit_log.h"
#include "services/audit/append_queue.h"
#include "services/audit/batch_builder.h"
#include "services/audit/log_view.h"
#include "services/audit/open_intents.h"

namespace keyward::audit_service {

// Appends to the log: one group of items, one batch, one transaction of the
// store at a time.
//
// What P1 and P2 rest on. A caller is told kAccepted only after the commit was
// answered as applied, so what it holds back until then has its record on the
// disk. The transaction has the preconditions that head and fence are those
// that the batch was built on; so nothing enters the log under another fence,
// even if another process raised it a moment ago, and no two batches take the
// same place. If head or fence are others, the state is read again and the
// group decided anew.
//
// A commit that is not answered leaves the log in an unknown state: nothing
// more is appended until it is settled, and the callers are told kUnknown at
// their deadlines if that takes longer. So a stalled or failing disk makes
// every append fail within its deadline and never lets one through.
//
// All that reads the store or waits for it runs on the writer's own thread,
// never on a caller's, which may carry the network's events: were it held by a
// disk that hangs, the answers that deadlines demand could not be sent. Callers
// are answered on another thread of its own: what they do then, such as making
// the change whose intent is durable, neither keeps the next batch from the
// disk nor waits for it.
//
// Thread-safe.
class LogWriter {
 public:
  struct Dependencies {
    kv::KeyValueStore* store = nullptr;
    const audit::NoteSigner* signer = nullptr;
    const Clock* clock = nullptr;
    Timer* timer = nullptr;
    const Logger* logger = nullptr;
  };

  // Opens the log of the store, or makes an empty one. All dependencies
  // outlive it. Blocks until `deadline` at the latest. DATA_LOSS if the log is
  // damaged; errors of the store.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Open(
      const Dependencies& dependencies, const AppendQueue::Options& options,
      SteadyTime deadline);

  // As Shutdown.
  ~LogWriter();

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // As rpc::AuditLog::Append; an item that CheckItem refuses is kFailed with
  // INVALID_ARGUMENT.
  void Append(rpc::AppendItem item, rpc::AppendDone done);
  // As rpc::AuditLog::AppendAll.
  void AppendAll(std::vector<rpc::Appending> items);

  // Appends the record that puts `revision` in force, and raises the fence
  // with it. kAccepted with the fence, also if that is at or above `revision`.
  void RaiseFence(uint64_t revision, SteadyTime deadline, rpc::AppendDone done);

  // Refuses all that waits and comes.
  void Close() { queue_.Close(); }

  // Closes, and waits until no commit is under way, which the store answers by
  // its deadline, and all are answered: no callback runs afterwards.
  void Shutdown();

  // The newest durable state that this process knows.
  std::shared_ptr<const LogView> view() const;

  const OpenIntents& open_intents() const { return open_intents_; }

  // `grown` is called after each append became durable and the view shows it,
  // on the writer's thread; it must not block. Set before the first append.
  void OnGrowth(absl::AnyInvocable<void()> grown) { grown_ = std::move(grown); }

 private:
  // A batch on its way into the store.
  struct Flight {
    audit::Batch batch;
    audit::AppendPlan plan;
  };

  LogWriter(const Dependencies& dependencies,
            const AppendQueue::Options& options);

  absl::Status Initialize(SteadyTime deadline);
  absl::Status CreateLog(SteadyTime deadline);
  absl::Status BeginSession(SteadyTime deadline);
  absl::Status Reload();

  void Submit(std::unique_ptr<PendingAppend> pending);
  // The item, or null if it was refused and answered.
  static std::unique_ptr<PendingAppend> Check(rpc::AppendItem item,
                                              rpc::AppendDone done);
  // Begins to lead, on the worker.
  void LeadOnWorker();
  void OnWorker(absl::AnyInvocable<void()> fn);
  // What follows runs on the worker.
  // Leads group after group.
  void Lead();
  // Decides and commits one group. True if it is answered, and the next may
  // be led; false if the lead has ended or goes on when the commit is answered.
  bool LeadGroup();
  // Lets others run that are about to append, as long as some do.
  void AwaitCompany() const;
  // Decides the group on the newest state, and confirms what rests on memory.
  absl::StatusOr<audit::Batch> DecideGroup();
  bool CommitBatch(audit::Batch batch);
  // Acts on a commit's answer; the same bool as LeadGroup's.
  bool OnCommitted(const kv::CommitResult& result);
  void OnApplied(uint64_t revision);
  void OnConflict();
  void OnRefused(const absl::Status& status);
  // Asks what became of a commit, again and again, and goes on from there.
  void Settle(const kv::TransactionId& id, absl::Duration pause);
  void OnSettled(const kv::TransactionId& id, absl::Duration pause,
                 const kv::CommitResult& result);
  // Answers the group on the other thread.
  void AnswerGroup();
  // Gives each item that holds an intent a checkpoint that covers it.
  void AttachCheckpoint();
  void EndLead();

  const Dependencies dependencies_;
  const audit::LogReader reader_;
  OpenIntents open_intents_;
  absl::AnyInvocable<void()> grown_;

  // The leader's alone; the next leader sees what the last one did, since the
  // lead passes under the queue's lock.
  std::unique_ptr<kv::WriterSession> session_;
  Flight flight_;
  bool reload_ = false;
  int conflicts_ = 0;

  mutable Mutex mu_;
  CondVar lead_ended_;
  // Leaders that have not ended: one, and for a moment two, when the next one
  // begins before the last one has ended here.
  int leaders_ ABSL_GUARDED_BY(mu_) = 0;
  // Groups that are being answered.
  int answering_ ABSL_GUARDED_BY(mu_) = 0;
  // The timer's function that will ask about an unanswered commit; 0 if none.
  Timer::Id settle_timer_ ABSL_GUARDED_BY(mu_) = 0;
  std::shared_ptr<const LogView> view_ ABSL_GUARDED_BY(mu_);

  AppendQueue queue_;
  // Last: destroyed first, so that nothing posted runs on a half-gone object.
  Worker answerer_;
  Worker worker_;
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_LOG_WRITER_H_
