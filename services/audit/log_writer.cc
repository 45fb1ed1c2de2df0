// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_writer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/audit/checkpoint.h"
#include "libs/audit/log_schema.h"
#include "libs/base/fault_point.h"
#include "services/audit/unavailable.h"

namespace keyward::audit_service {
namespace {

// Each conflict means that another process has appended; losing this often in
// a row means that something else is wrong, and callers are told so.
constexpr int kMaxConflicts = 16;

// How soon after an unanswered commit it is asked about again: often at first,
// since most failures are over in a moment, and never a busy loop.
constexpr absl::Duration kFirstPause = absl::Milliseconds(20);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

// One question of what became of a commit.
constexpr absl::Duration kSettleTime = absl::Seconds(5);

// A leader waits here once at a time; for a moment there are two.
constexpr size_t kWorkerCapacity = 4;

// Where processors are scarce, those that would append wait for the one that
// this runs on: batches would be small, and each costs a signature and a sync.
// Where they are not, this takes a microsecond.
constexpr int kMaxYields = 8;

// Groups that wait to be answered. If there are more, the callers are slower
// than the disk, and the log waits for them.
constexpr size_t kAnswererCapacity = 16;

}  // namespace

LogWriter::LogWriter(const Dependencies& dependencies,
                     const AppendQueue::Options& options)
    : dependencies_(dependencies),
      reader_(dependencies.store),
      queue_(options, dependencies.clock, dependencies.timer),
      answerer_(kAnswererCapacity),
      worker_(kWorkerCapacity) {}

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Open(
    const Dependencies& dependencies, const AppendQueue::Options& options,
    SteadyTime deadline) {
  std::unique_ptr<LogWriter> writer(new LogWriter(dependencies, options));
  if (absl::Status status = writer->Initialize(deadline); !status.ok()) {
    return status;
  }
  return writer;
}

LogWriter::~LogWriter() { Shutdown(); }

void LogWriter::Shutdown() {
  Close();
  MutexLock l(&mu_);
  if (settle_timer_ != 0 && dependencies_.timer->Cancel(settle_timer_)) {
    settle_timer_ = 0;
    --leaders_;
  }
  while (leaders_ > 0 || answering_ > 0) {
    lead_ended_.WaitFor(&mu_, absl::Seconds(1));
  }
}

absl::Status LogWriter::Initialize(SteadyTime deadline) {
  if (absl::Status status = BeginSession(deadline); !status.ok()) {
    return status;
  }
  absl::Status status = Reload();
  if (!absl::IsNotFound(status)) return status;
  status = CreateLog(deadline);
  if (!status.ok()) return status;
  return Reload();
}

absl::Status LogWriter::BeginSession(SteadyTime deadline) {
  absl::StatusOr<std::unique_ptr<kv::WriterSession>> session =
      kv::WriterSession::Begin(dependencies_.store, deadline);
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  return absl::OkStatus();
}

absl::Status LogWriter::CreateLog(SteadyTime deadline) {
  kv::Transaction txn;
  txn.preconditions = {kv::Precondition::Absent(audit::kHeadKey),
                       kv::Precondition::Absent(audit::kFenceKey)};
  txn.puts = audit::PlanNewLog();
  kv::CommitOptions options;
  options.deadline = deadline;
  const kv::CommitResult result =
      session_->CommitAndWait(std::move(txn), options);
  switch (result.outcome) {
    case kv::CommitResult::Outcome::kApplied:
    case kv::CommitResult::Outcome::kAlreadyApplied:
    case kv::CommitResult::Outcome::kConflict:  // Another process made it.
      return absl::OkStatus();
    default:
      return AuditUnavailable("it could not be made");
  }
}

absl::Status LogWriter::Reload() {
  absl::StatusOr<std::shared_ptr<const LogView>> view =
      LoadLogView(*dependencies_.store);
  if (!view.ok()) return view.status();
  if (absl::Status status = open_intents_.Load(reader_, *dependencies_.clock);
      !status.ok()) {
    return status;
  }
  MutexLock l(&mu_);
  view_ = *std::move(view);
  return absl::OkStatus();
}

std::shared_ptr<const LogView> LogWriter::view() const {
  MutexLock l(&mu_);
  return view_;
}

std::unique_ptr<PendingAppend> LogWriter::Check(rpc::AppendItem item,
                                                rpc::AppendDone done) {
  absl::StatusOr<CheckedItem> checked = CheckItem(std::move(item));
  if (!checked.ok()) {
    rpc::AppendResult result;
    result.status = rpc::AppendStatus::kFailed;
    result.error = checked.status();
    done(std::move(result));
    return nullptr;
  }
  auto pending = std::make_unique<PendingAppend>();
  pending->item = *std::move(checked);
  pending->done = std::move(done);
  return pending;
}

void LogWriter::Append(rpc::AppendItem item, rpc::AppendDone done) {
  std::unique_ptr<PendingAppend> pending =
      Check(std::move(item), std::move(done));
  if (pending != nullptr) Submit(std::move(pending));
}

void LogWriter::AppendAll(std::vector<rpc::Appending> items) {
  bool lead = false;
  for (rpc::Appending& each : items) {
    std::unique_ptr<PendingAppend> pending =
        Check(std::move(each.item), std::move(each.done));
    if (pending == nullptr || !queue_.Submit(std::move(pending))) continue;
    // Led once all are in, or each would be a group, and a sync, by itself.
    lead = true;
    MutexLock l(&mu_);
    ++leaders_;
  }
  if (lead) LeadOnWorker();
}

void LogWriter::RaiseFence(uint64_t revision, SteadyTime deadline,
                           rpc::AppendDone done) {
  auto pending = std::make_unique<PendingAppend>();
  pending->raise_to = revision;
  pending->item.deadline = deadline;
  pending->done = std::move(done);
  Submit(std::move(pending));
}

void LogWriter::Submit(std::unique_ptr<PendingAppend> pending) {
  if (!queue_.Submit(std::move(pending))) return;
  {
    MutexLock l(&mu_);
    ++leaders_;
  }
  LeadOnWorker();
}

void LogWriter::Lead() {
  while (LeadGroup()) {
  }
}

void LogWriter::LeadOnWorker() {
  OnWorker([this] { Lead(); });
}

void LogWriter::OnWorker(absl::AnyInvocable<void()> fn) {
  // There is room: only leaders post.
  (void)worker_.Post(std::move(fn));
}

void LogWriter::AwaitCompany() const {
  size_t company = queue_.waiting();
  for (int i = 0; i < kMaxYields; ++i) {
    std::this_thread::yield();
    const size_t now = queue_.waiting();
    if (now <= company) return;
    company = now;
  }
}

bool LogWriter::LeadGroup() {
  AwaitCompany();
  if (!queue_.NextGroup()) {
    EndLead();
    return false;
  }
  absl::StatusOr<audit::Batch> batch = DecideGroup();
  if (!batch.ok()) {
    dependencies_.logger->Error("the audit log cannot be read",
                                {{"error", batch.status()}});
    reload_ = true;
    queue_.FailGroup(rpc::AppendStatus::kFailed,
                     AuditUnavailable("it cannot be read"));
    return true;
  }
  if (batch->leaves.empty()) {
    AnswerGroup();
    return true;
  }
  queue_.AnswerDecided();
  return CommitBatch(*std::move(batch));
}

void LogWriter::EndLead() {
  MutexLock l(&mu_);
  --leaders_;
  lead_ended_.SignalAll();
}

absl::StatusOr<audit::Batch> LogWriter::DecideGroup() {
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    if (reload_) {
      if (absl::Status status = Reload(); !status.ok()) return status;
      reload_ = false;
    }
    const std::shared_ptr<const LogView> view = this->view();
    BatchBuilder builder(view.get(), &open_intents_, &reader_,
                         dependencies_.clock->Now());
    for (const auto& pending : queue_.group()) builder.Add(pending.get());
    if (!builder.needs_fence_confirmed()) return builder.batch();
    absl::StatusOr<uint64_t> fence = reader_.ReadFence();
    if (!fence.ok()) return fence.status();
    if (*fence == view->fence) return builder.batch();
    reload_ = true;
  }
  return AuditUnavailable("its fence does not stand still");
}

bool LogWriter::CommitBatch(audit::Batch batch) {
  const std::shared_ptr<const LogView> view = this->view();
  absl::StatusOr<audit::AppendPlan> plan =
      audit::PlanAppend(view->edge, batch, view->fence);
  if (!plan.ok()) {
    dependencies_.logger->Error("a batch could not be built",
                                {{"error", plan.status()}});
    queue_.FailGroup(rpc::AppendStatus::kFailed,
                     AuditUnavailable("a batch could not be built"));
    return true;
  }
  kv::Transaction txn;
  // Compared by the store, in the step that makes the batch durable: memory
  // alone would not know of a fence that another process has just raised.
  txn.preconditions = {
      kv::Precondition::RevisionIs(audit::kHeadKey, view->head_revision),
      kv::Precondition::NumberAtLeast(audit::kFenceKey, view->fence),
      kv::Precondition::NumberAtMost(audit::kFenceKey, view->fence)};
  txn.puts = std::move(plan->puts);
  txn.deletes = std::move(plan->deletes);
  flight_ = {std::move(batch), *std::move(plan)};
  kv::CommitOptions options;
  options.deadline = queue_.GroupDeadline();
  KEYWARD_FAULT_POINT("audit.append.before_commit");
  queue_.MarkSubmitted();
  session_->Commit(std::move(txn), options,
                   [this](const kv::CommitResult& result) {
                     OnWorker([this, result] {
                       if (OnCommitted(result)) Lead();
                     });
                   });
  return false;
}

bool LogWriter::OnCommitted(const kv::CommitResult& result) {
  switch (result.outcome) {
    case kv::CommitResult::Outcome::kApplied:
    case kv::CommitResult::Outcome::kAlreadyApplied:
      OnApplied(result.revision);
      return true;
    case kv::CommitResult::Outcome::kConflict:
      OnConflict();
      return true;
    case kv::CommitResult::Outcome::kBarred:
      // Settled: it never applied. Whoever still waits gets another attempt.
      reload_ = true;
      queue_.RequeueGroup();
      return true;
    case kv::CommitResult::Outcome::kRefused:
      OnRefused(result.status);
      return true;
    case kv::CommitResult::Outcome::kUnknown:
      dependencies_.logger->Warning("an append was not answered",
                                    {{"error", result.status}});
      Settle(result.id, kFirstPause);
      return false;
  }
  return true;
}

void LogWriter::OnApplied(uint64_t revision) {
  KEYWARD_FAULT_POINT("audit.append.durable");
  auto view = std::make_shared<LogView>();
  view->edge = std::move(flight_.plan.edge);
  view->head = flight_.plan.head;
  view->head_revision = revision;
  view->fence = flight_.batch.fence;
  // Before the view: whoever sees the new size sees the new intents as well.
  open_intents_.Apply(flight_.batch, dependencies_.clock->SteadyNow());
  {
    MutexLock l(&mu_);
    view_ = std::move(view);
  }
  conflicts_ = 0;
  AttachCheckpoint();
  KEYWARD_FAULT_POINT("audit.append.signed");
  AnswerGroup();
  if (grown_) grown_();
}

void LogWriter::AnswerGroup() {
  const auto answers =
      std::make_shared<AppendQueue::Answers>(queue_.TakeAnswers());
  {
    MutexLock l(&mu_);
    ++answering_;
  }
  auto answer = [this, answers] {
    AppendQueue::Run(std::move(*answers));
    MutexLock l(&mu_);
    --answering_;
    lead_ended_.SignalAll();
  };
  if (!answerer_.Post(answer)) answer();
}

void LogWriter::AttachCheckpoint() {
  if (flight_.batch.opened.empty()) return;
  const audit::NoteSigner& signer = *dependencies_.signer;
  absl::StatusOr<std::string> checkpoint = audit::SignCheckpoint(
      signer, {signer.verifier().name(), flight_.plan.head.size,
               flight_.plan.head.root});
  if (!checkpoint.ok()) {
    // The records are durable and said to be; the owner of the change keeps
    // the checkpoint that it has.
    dependencies_.logger->Error("a checkpoint could not be signed",
                                {{"error", checkpoint.status()}});
    return;
  }
  for (const auto& pending : queue_.group()) {
    if (!pending->item.intents.empty() &&
        pending->result.status == rpc::AppendStatus::kAccepted) {
      pending->result.checkpoint = *checkpoint;
    }
  }
}

void LogWriter::OnConflict() {
  reload_ = true;
  if (++conflicts_ <= kMaxConflicts) {
    queue_.RequeueGroup();
    return;
  }
  conflicts_ = 0;
  queue_.FailGroup(rpc::AppendStatus::kFailed,
                   AuditUnavailable("other writers were always faster"));
}

void LogWriter::OnRefused(const absl::Status& status) {
  dependencies_.logger->Error("an append was refused", {{"error", status}});
  if (absl::IsFailedPrecondition(status)) {
    // The session has expired, and with it every id of it. A new one that
    // cannot begin now is tried again by the next append.
    const absl::Status begun =
        BeginSession(dependencies_.clock->SteadyNow() + kSettleTime);
    if (!begun.ok()) {
      dependencies_.logger->Error("no session could be begun",
                                  {{"error", begun}});
    }
  }
  queue_.FailGroup(rpc::AppendStatus::kFailed, AuditFailed(status.message()));
}

void LogWriter::Settle(const kv::TransactionId& id, absl::Duration pause) {
  if (queue_.closed()) {
    queue_.FailGroup(rpc::AppendStatus::kUnknown,
                     AuditUnknown("the log is shutting down"));
    EndLead();
    return;
  }
  MutexLock l(&mu_);
  settle_timer_ = dependencies_.timer->RunAt(
      dependencies_.clock->SteadyNow() + pause, [this, id, pause] {
        {
          MutexLock l(&mu_);
          settle_timer_ = 0;
        }
        kv::CommitOptions options;
        options.deadline = dependencies_.clock->SteadyNow() + kSettleTime;
        session_->Settle(
            id, options, [this, id, pause](const kv::CommitResult& result) {
              OnWorker(
                  [this, id, pause, result] { OnSettled(id, pause, result); });
            });
      });
}

void LogWriter::OnSettled(const kv::TransactionId& id, absl::Duration pause,
                          const kv::CommitResult& result) {
  if (result.outcome == kv::CommitResult::Outcome::kUnknown) {
    Settle(id, std::min(2 * pause, kLongestPause));
    return;
  }
  if (OnCommitted(result)) Lead();
}

}  // namespace keyward::audit_service
