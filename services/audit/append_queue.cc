// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/append_queue.h"

#include <algorithm>

#include "libs/audit/append_plan.h"
#include "libs/audit/batch.h"
#include "services/audit/unavailable.h"

namespace keyward::audit_service {
namespace {

rpc::AppendResult NotAppended(rpc::AppendStatus status, absl::Status error) {
  rpc::AppendResult result;
  result.status = status;
  result.error = std::move(error);
  return result;
}

// What a group would put into one batch.
class Load {
 public:
  // Adds `pending` if it still fits.
  bool Take(const PendingAppend& pending) {
    // A raised fence divides what was decided before from what was after it.
    if (alone_ || (pending.raise_to.has_value() && items_ > 0)) return false;
    const size_t leaves = leaves_ + pending.item.leaves.size();
    const size_t bytes = bytes_ + pending.item.leaf_bytes;
    const size_t operations = operations_ + pending.item.intent_operations();
    if (leaves > audit::kMaxBatchLeaves || bytes > audit::kMaxBatchLeafBytes ||
        operations > audit::kMaxIntentOperations) {
      return false;
    }
    leaves_ = leaves;
    bytes_ = bytes;
    operations_ = operations;
    ++items_;
    alone_ = pending.raise_to.has_value();
    return true;
  }

 private:
  size_t items_ = 0;
  size_t leaves_ = 0;
  size_t bytes_ = 0;
  size_t operations_ = 0;
  bool alone_ = false;
};

rpc::AppendResult Failed(absl::string_view why) {
  return NotAppended(rpc::AppendStatus::kFailed, AuditUnavailable(why));
}

}  // namespace

AppendQueue::AppendQueue(const Options& options, const Clock* clock,
                         Timer* timer)
    : options_(options), clock_(clock), timer_(timer) {}

AppendQueue::~AppendQueue() {
  Close();
  MutexLock l(&mu_);
  // A tick that could not be cancelled is running and ends soon: it blocks on
  // nothing but callbacks.
  if (tick_ != 0 && timer_->Cancel(tick_)) tick_ = 0;
  while (tick_ != 0) ticked_.WaitFor(&mu_, absl::Seconds(1));
}

bool AppendQueue::Submit(std::unique_ptr<PendingAppend> pending) {
  const char* refusal = nullptr;
  bool lead = false;
  {
    MutexLock l(&mu_);
    if (closed_) {
      refusal = "it is shutting down";
    } else if (waiting_.size() >= options_.max_waiting) {
      refusal = "too many records wait";
    } else {
      waiting_.push_back(std::move(pending));
      lead = !leading_;
      leading_ = true;
      ArmTick();
    }
  }
  if (refusal != nullptr) pending->done(Failed(refusal));
  return lead;
}

bool AppendQueue::NextGroup() {
  Answers expired;
  bool leads = true;
  {
    MutexLock l(&mu_);
    submitted_ = false;
    Expire(clock_->SteadyNow(), &expired);
    // Checks have no leaves; their number bounds the group too.
    Load load;
    while (!waiting_.empty() && group_.size() < audit::kMaxBatchLeaves &&
           load.Take(*waiting_.front())) {
      group_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    // Decided under the lock: from here on somebody else may lead.
    leads = !group_.empty();
    leading_ = leads;
  }
  Run(std::move(expired));
  return leads;
}

size_t AppendQueue::waiting() const {
  MutexLock l(&mu_);
  return waiting_.size();
}

const AppendQueue::Group& AppendQueue::group() const {
  MutexLock l(&mu_);
  return group_;
}

void AppendQueue::MarkSubmitted() {
  MutexLock l(&mu_);
  submitted_ = true;
}

void AppendQueue::AnswerDecided() {
  Answers answers;
  {
    MutexLock l(&mu_);
    Group awaiting;
    for (auto& pending : group_) {
      if (pending->awaits_commit) {
        awaiting.push_back(std::move(pending));
      } else if (pending->done) {
        answers.emplace_back(std::move(pending->done),
                             std::move(pending->result));
      }
    }
    group_ = std::move(awaiting);
  }
  Run(std::move(answers));
}

AppendQueue::Answers AppendQueue::TakeAnswers() {
  Group group;
  {
    MutexLock l(&mu_);
    group.swap(group_);
  }
  // Out of the timer's reach: the rest needs no lock.
  Answers answers;
  answers.reserve(group.size());
  for (auto& pending : group) {
    if (!pending->done) continue;
    answers.emplace_back(std::move(pending->done), std::move(pending->result));
  }
  return answers;
}

void AppendQueue::FailGroup(rpc::AppendStatus status,
                            const absl::Status& error) {
  Answers answers;
  {
    MutexLock l(&mu_);
    for (auto& pending : group_) {
      if (!pending->done) continue;
      answers.emplace_back(std::move(pending->done),
                           NotAppended(status, error));
    }
    group_.clear();
  }
  Run(std::move(answers));
}

void AppendQueue::RequeueGroup() {
  MutexLock l(&mu_);
  for (auto it = group_.rbegin(); it != group_.rend(); ++it) {
    if (!(*it)->done) continue;
    (*it)->awaits_commit = false;
    (*it)->result = {};
    waiting_.push_front(std::move(*it));
  }
  group_.clear();
  submitted_ = false;
}

SteadyTime AppendQueue::GroupDeadline() const {
  MutexLock l(&mu_);
  SteadyTime latest = SteadyTime::InfinitePast();
  for (const auto& pending : group_) {
    latest = std::max(latest, pending->item.deadline);
  }
  return latest;
}

void AppendQueue::Close() {
  Answers answers;
  {
    MutexLock l(&mu_);
    closed_ = true;
    for (auto& pending : waiting_) {
      answers.emplace_back(std::move(pending->done),
                           Failed("it is shutting down"));
    }
    waiting_.clear();
    for (auto& pending : group_) {
      if (!pending->done) continue;
      answers.emplace_back(
          std::move(pending->done),
          NotAppended(rpc::AppendStatus::kUnknown,
                      AuditUnknown("the log is shutting down")));
      pending->done = nullptr;
    }
  }
  Run(std::move(answers));
}

bool AppendQueue::closed() const {
  MutexLock l(&mu_);
  return closed_;
}

void AppendQueue::Expire(SteadyTime now, Answers* answers) {
  std::deque<std::unique_ptr<PendingAppend>> kept;
  for (auto& pending : waiting_) {
    if (pending->item.deadline > now) {
      kept.push_back(std::move(pending));
    } else {
      answers->emplace_back(std::move(pending->done),
                            Failed("the record was not taken up in time"));
    }
  }
  waiting_ = std::move(kept);
  if (!submitted_) return;
  for (auto& pending : group_) {
    if (!pending->done || pending->item.deadline > now) continue;
    answers->emplace_back(
        std::move(pending->done),
        NotAppended(rpc::AppendStatus::kUnknown,
                    AuditUnknown("it did not become durable in time")));
    pending->done = nullptr;
  }
}

void AppendQueue::ArmTick() {
  if (tick_ != 0) return;
  tick_ =
      timer_->RunAt(clock_->SteadyNow() + options_.tick, [this] { Tick(); });
}

void AppendQueue::Tick() {
  Answers answers;
  {
    MutexLock l(&mu_);
    Expire(clock_->SteadyNow(), &answers);
  }
  Run(std::move(answers));
  MutexLock l(&mu_);
  tick_ = 0;
  if (!closed_ && (!waiting_.empty() || !group_.empty())) ArmTick();
  ticked_.SignalAll();
}

void AppendQueue::Run(Answers answers) {
  for (auto& [done, result] : answers) {
    // Freed one by one, as each has run.
    rpc::AppendDone call = std::move(done);
    call(std::move(result));
  }
}

}  // namespace keyward::audit_service
