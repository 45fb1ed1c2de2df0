// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/commit_queue.h"

#include <algorithm>

namespace keyward::kv {
namespace {

// This thread's nesting in callbacks, and the queues to lead once they are
// done. Per thread by nature: it describes the call stack, no state of ours.
struct CallbackStack {
  int depth = 0;
  // Set while the outermost frame leads them: a chain of callbacks that each
  // submit again then loops there instead of growing the stack.
  bool draining = false;
  std::vector<CommitQueue*> deferred;
};
thread_local CallbackStack callback_stack;

CommitResult Expired() {
  return CommitResult::Refused(
      absl::DeadlineExceededError("the deadline passed before the commit"));
}

CommitResult ClosedResult() {
  return CommitResult::Refused(absl::UnavailableError("the store is closed"));
}

}  // namespace

CommitQueue::CommitQueue(const Options& options, const Clock* clock,
                         Apply apply)
    : options_(options),
      clock_(clock),
      apply_(std::move(apply)),
      helper_([this] { HelperLoop(); }) {}

CommitQueue::~CommitQueue() { Close(); }

void CommitQueue::Submit(Item work) {
  Answers refused;
  bool lead = false;
  {
    MutexLock lock(&mu_);
    if (closed_) {
      refused.push_back({std::move(work->done), ClosedResult()});
    } else if (waiting_.size() >= options_.max_waiting) {
      refused.push_back({std::move(work->done),
                         CommitResult::Refused(absl::ResourceExhaustedError(
                             "too many transactions are waiting"))});
    } else {
      waiting_.push_back(std::move(work));
      if (callback_stack.depth == 0) {
        lead = TryLead();
        if (lead) ++busy_;
      } else if (!leading_) {
        std::vector<CommitQueue*>& deferred = callback_stack.deferred;
        if (std::find(deferred.begin(), deferred.end(), this) ==
            deferred.end()) {
          deferred.push_back(this);
          ++busy_;
        }
      }
    }
    if (!refused.empty()) ++busy_;
  }
  if (!refused.empty()) Run(std::move(refused));
  if (!lead) return;
  Lead();
  EndBusy();
}

void CommitQueue::Close() {
  Answers refused;
  {
    MutexLock lock(&mu_);
    if (stop_helper_) return;
    closed_ = true;
    stop_helper_ = true;
    for (Item& item : waiting_) {
      refused.push_back({std::move(item->done), ClosedResult()});
    }
    waiting_.clear();
    ++busy_;
    changed_.SignalAll();
  }
  Run(std::move(refused));
  helper_.join();
  MutexLock lock(&mu_);
  // A stalled sync holds this up for as long as it lasts: what the leader
  // uses cannot be freed under it.
  while (leading_ || busy_ > 0) changed_.WaitFor(&mu_, kTick);
}

size_t CommitQueue::waiting() const {
  MutexLock lock(&mu_);
  return waiting_.size();
}

bool CommitQueue::TryLead() {
  if (leading_ || waiting_.empty()) return false;
  leading_ = true;
  return true;
}

void CommitQueue::Lead() {
  bool go_on = true;
  for (int round = 0; go_on && round < kMaxRounds; ++round) {
    go_on = LeadGroup();
    MutexLock lock(&mu_);
    go_on = go_on && TryLead();
  }
  if (!go_on) return;
  // Still the leader: the helper goes on.
  MutexLock lock(&mu_);
  hand_over_ = true;
  changed_.SignalAll();
}

bool CommitQueue::LeadGroup() {
  Answers answers;
  std::vector<const Work*> group;
  {
    MutexLock lock(&mu_);
    TakeGroup(&answers);
    for (const Item& item : in_flight_) group.push_back(item.get());
    if (group.empty()) leading_ = false;
    ++busy_;
  }
  Outcome outcome;
  if (!group.empty()) {
    outcome = apply_(group);
    MutexLock lock(&mu_);
    Answers finished = FinishGroup(std::move(outcome.results));
    std::move(finished.begin(), finished.end(), std::back_inserter(answers));
    leading_ = false;
  }
  if (outcome.afterwards) {
    // In front of the callbacks, and like them: it may submit.
    answers.insert(answers.begin(),
                   {[&outcome](CommitResult) { outcome.afterwards(); }, {}});
  }
  Run(std::move(answers));
  return !group.empty();
}

void CommitQueue::TakeGroup(Answers* answers) {
  const absl::Time now = clock_->Now();
  size_t bytes = 0;
  while (!waiting_.empty() && in_flight_.size() < options_.max_group &&
         bytes < options_.max_group_bytes) {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    if (item->deadline <= now) {
      answers->push_back({std::move(item->done), Expired()});
      continue;
    }
    bytes += WorkBytes(*item);
    in_flight_.push_back(std::move(item));
  }
}

CommitQueue::Answers CommitQueue::FinishGroup(
    std::vector<CommitResult> results) {
  Answers answers;
  for (size_t i = 0; i < in_flight_.size(); ++i) {
    // Empty if the deadline passed during the write and it was answered so.
    if (!in_flight_[i]->done) continue;
    answers.push_back({std::move(in_flight_[i]->done), std::move(results[i])});
  }
  in_flight_.clear();
  return answers;
}

void CommitQueue::Run(Answers answers) {
  ++callback_stack.depth;
  for (Answer& answer : answers) answer.done(std::move(answer.result));
  // Captures are freed before Close can return: they may refer to its caller.
  answers.clear();
  --callback_stack.depth;
  EndBusy();
  if (callback_stack.depth > 0 || callback_stack.draining) return;
  callback_stack.draining = true;
  while (!callback_stack.deferred.empty()) {
    CommitQueue* queue = callback_stack.deferred.back();
    callback_stack.deferred.pop_back();
    queue->LeadDeferred();
  }
  callback_stack.draining = false;
}

void CommitQueue::LeadDeferred() {
  bool lead = false;
  {
    MutexLock lock(&mu_);
    lead = TryLead();
  }
  if (lead) Lead();
  EndBusy();
}

void CommitQueue::EndBusy() {
  MutexLock lock(&mu_);
  --busy_;
  if (closed_) changed_.SignalAll();
}

CommitQueue::Answers CommitQueue::ExpireAll() {
  Answers answers;
  const absl::Time now = clock_->Now();
  const auto first = std::stable_partition(
      waiting_.begin(), waiting_.end(),
      [now](const Item& item) { return item->deadline > now; });
  for (auto it = first; it != waiting_.end(); ++it) {
    answers.push_back({std::move((*it)->done), Expired()});
  }
  waiting_.erase(first, waiting_.end());
  for (Item& item : in_flight_) {
    if (item->deadline > now || !item->done) continue;
    answers.push_back(
        {std::move(item->done),
         CommitResult::Unknown(absl::DeadlineExceededError(
             "the deadline passed while the commit was being written"))});
    item->done = nullptr;
  }
  return answers;
}

void CommitQueue::HelperLoop() {
  while (true) {
    Answers expired;
    bool lead = false;
    {
      MutexLock lock(&mu_);
      if (!hand_over_ && !stop_helper_) changed_.WaitFor(&mu_, kTick);
      if (hand_over_) {
        hand_over_ = false;
        lead = true;
      } else if (stop_helper_) {
        return;
      } else {
        // Also for work whose submitter blocks inside a callback, against the
        // rules: it gets slow, not stuck.
        lead = TryLead();
      }
      expired = ExpireAll();
      busy_ += 2;
    }
    Run(std::move(expired));
    if (lead) Lead();
    EndBusy();
  }
}

}  // namespace keyward::kv
