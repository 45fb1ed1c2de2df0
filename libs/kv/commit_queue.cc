// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/commit_queue.h"

#include <algorithm>

#include "libs/base/steady_time.h"

namespace keyward::kv {
namespace {

// One that leads and one that runs callbacks or keeps deadlines.
constexpr int kThreads = 2;

// Where processors are scarce, the threads that would submit wait for the one
// that this runs on: each group would be small, and a sync takes as much of a
// processor as many works. Where they are not, this costs a microsecond.
constexpr int kMaxYields = 8;

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
    : options_(options), clock_(clock), apply_(std::move(apply)) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Serve(); });
}

CommitQueue::~CommitQueue() { Close(); }

void CommitQueue::Submit(Item work) {
  CommitResult refusal;
  {
    MutexLock lock(&mu_);
    if (closed_) {
      refusal = ClosedResult();
    } else if (waiting_.size() >= options_.max_waiting) {
      refusal = CommitResult::Refused(
          absl::ResourceExhaustedError("too many transactions are waiting"));
    } else {
      waiting_.push_back(std::move(work));
      // Who leads looks for more work itself.
      if (!leading_) changed_.Signal();
      return;
    }
    ++refusing_;
  }
  work->done(std::move(refusal));
  // Captures are freed before Close can return: they may refer to its caller.
  work.reset();
  MutexLock lock(&mu_);
  --refusing_;
  if (closed_) changed_.SignalAll();
}

void CommitQueue::Close() {
  Answers refused;
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    for (Item& item : waiting_) {
      refused.push_back({std::move(item->done), ClosedResult()});
    }
    waiting_.clear();
    threads.swap(threads_);
    changed_.SignalAll();
  }
  Run(std::move(refused));
  // A stalled sync holds this up for as long as it lasts: what the leader
  // uses cannot be freed under it.
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(&mu_);
  while (refusing_ > 0) changed_.WaitFor(&mu_, kTick);
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

void CommitQueue::Serve() {
  while (true) {
    Answers expired;
    bool lead = false;
    {
      MutexLock lock(&mu_);
      if (leading_ || (!closed_ && waiting_.empty())) {
        changed_.WaitFor(&mu_, kTick);
      }
      // While a group is being written, the other thread stays: the group's
      // deadlines are kept also when the queue is closed.
      if (closed_ && !leading_) return;
      lead = TryLead();
      if (!lead) expired = ExpireAll();
    }
    if (lead) LeadGroup();
    Run(std::move(expired));
  }
}

void CommitQueue::AwaitCompany() const {
  size_t company = waiting();
  for (int i = 0; i < kMaxYields; ++i) {
    std::this_thread::yield();
    const size_t now = waiting();
    if (now <= company) return;
    company = now;
  }
}

void CommitQueue::LeadGroup() {
  AwaitCompany();
  Answers answers;
  std::vector<const Work*> group;
  {
    MutexLock lock(&mu_);
    TakeGroup(&answers);
    for (const Item& item : in_flight_) group.push_back(item.get());
  }
  Outcome outcome;
  if (!group.empty()) outcome = apply_(group);
  {
    MutexLock lock(&mu_);
    Answers finished = FinishGroup(std::move(outcome.results));
    std::move(finished.begin(), finished.end(), std::back_inserter(answers));
    leading_ = false;
    // The other thread leads the next group while this one runs callbacks.
    if (closed_ || !waiting_.empty()) changed_.SignalAll();
  }
  // In front of the callbacks, and like them: it may submit.
  if (outcome.afterwards) outcome.afterwards();
  Run(std::move(answers));
}

void CommitQueue::TakeGroup(Answers* answers) {
  const SteadyTime now = clock_->SteadyNow();
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
  for (Answer& answer : answers) {
    // Freed one by one: what a callback holds, such as a turn that others wait
    // for, is not kept until all have run.
    CommitCallback done = std::move(answer.done);
    done(std::move(answer.result));
  }
}

CommitQueue::Answers CommitQueue::ExpireAll() {
  Answers answers;
  const SteadyTime now = clock_->SteadyNow();
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

}  // namespace keyward::kv
