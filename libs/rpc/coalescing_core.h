// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The inside of coalescing_client.h: queue, batches, deadlines.

#ifndef KEYWARD_LIBS_RPC_COALESCING_CORE_H_
#define KEYWARD_LIBS_RPC_COALESCING_CORE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/rpc/batch_transport.h"

namespace keyward::rpc::coalescing {

// Owned by the client and by the callbacks of batches in flight. Thread-safe.
//
// Nothing is called while mu_ is held: a locked step collects what there is to
// do in a Work, which runs after the lock is released.
template <typename Traits>
class CoalescingCore
    : public std::enable_shared_from_this<CoalescingCore<Traits>> {
 public:
  using Item = typename Traits::Item;
  using Answer = typename Traits::Answer;
  using Transport = BatchTransport<Item, Answer>;

  struct Result {
    Delivery delivery = Delivery::kUnsent;
    // kAnswered: the peer's answer to this item.
    Answer answer;
    // Otherwise: why. UNAVAILABLE with the options' reason, or with
    // RESPONSE_MISMATCH; INVALID_ARGUMENT for an item that no batch can hold.
    absl::Status error;
  };
  using Done = absl::AnyInvocable<void(Result)>;

  CoalescingCore(CoalescingOptions options,
                 std::unique_ptr<Transport> transport, const Clock* clock,
                 Timer* timer)
      : options_(std::move(options)),
        transport_(std::move(transport)),
        clock_(clock),
        timer_(timer) {}

  void Submit(Item item, SteadyTime deadline, Done done);

  // Answers everything that is open and refuses what comes later. When it
  // returns, no callback runs any more.
  void Close();

 private:
  using Expectation = typename Traits::Expectation;

  // An item between Submit and its answer.
  struct Open {
    // Until it is sent.
    std::optional<Item> item;
    Expectation expectation;
    size_t bytes = 0;
    size_t units = 0;
    SteadyTime deadline;
    Done done;
  };

  // A batch that the peer has not answered. `items` says what was sent, also
  // of items that have expired since: the answers must match all of them.
  struct Batch {
    SteadyTime deadline;
    std::vector<std::pair<uint64_t, Expectation>> items;
  };

  // What to do once the lock is released.
  struct Work {
    struct Sending {
      uint64_t batch = 0;
      std::vector<Item> items;
      SteadyTime deadline;
    };
    std::vector<std::pair<Done, Result>> answers;
    std::vector<Sending> sendings;

    bool empty() const { return answers.empty() && sendings.empty(); }
  };

  // How long Close waits for callbacks that run on other threads; they do not
  // block.
  static constexpr absl::Duration kCallbackTime = absl::Seconds(10);

  static Result Failure(Delivery delivery, absl::Status error) {
    Result result;
    result.delivery = delivery;
    result.error = std::move(error);
    return result;
  }

  absl::Status Away(absl::string_view what) const {
    return MakeError(absl::StatusCode::kUnavailable, options_.reason,
                     absl::StrCat(options_.peer, " ", what));
  }

  // Why an item cannot be taken now; OK if it can.
  absl::Status Admit(size_t bytes, size_t units, SteadyTime deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Takes an item out of the open ones and answers it.
  void Answered(uint64_t id, Result result, Work* work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Sends what may be sent now, and refuses what waits if nothing may be for
  // longer than `hold`.
  void Advance(Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeBatch(Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool Stuck() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return batches_.size() >= options_.max_in_flight && !holding_.has_value();
  }

  // Keeps the timer armed for the next deadline or hold.
  void Arm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTimer(SteadyTime due);
  void Expire(SteadyTime now, Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void OnReply(uint64_t batch_id, BatchReply<Answer> reply);
  // Gives each open item of the batch its answer or why there is none; the
  // cause if there is none for all of them.
  absl::Status Distribute(const Batch& batch, BatchReply<Answer>* reply,
                          Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether the answers are exactly those of the batch, each once; fills
  // `order` with the place in the batch of each answer.
  static bool Match(const Batch& batch, const std::vector<Answer>& answers,
                    std::vector<size_t>* order);

  // Called with the lock before it is released to Run the work.
  void Begin(const Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!work.empty()) ++running_;
  }
  void Run(Work work);

  const CoalescingOptions options_;
  const std::unique_ptr<Transport> transport_;
  const Clock* const clock_;
  Timer* const timer_;

  Mutex mu_;
  CondVar ran_;
  // Works between Begin and the end of Run.
  size_t running_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, Open> open_ ABSL_GUARDED_BY(mu_);
  // By deadline: queued and sent items.
  std::set<std::pair<SteadyTime, uint64_t>> deadlines_ ABSL_GUARDED_BY(mu_);
  // Items that wait, in order; ids that are no longer open are skipped.
  std::deque<uint64_t> queue_ ABSL_GUARDED_BY(mu_);
  size_t queued_items_ ABSL_GUARDED_BY(mu_) = 0;
  size_t queued_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, Batch> batches_ ABSL_GUARDED_BY(mu_);
  // The newest batch and until when it holds back the next.
  std::optional<std::pair<uint64_t, SteadyTime>> holding_ ABSL_GUARDED_BY(mu_);
  std::optional<std::pair<Timer::Id, SteadyTime>> armed_ ABSL_GUARDED_BY(mu_);
};

template <typename Traits>
void CoalescingCore<Traits>::Submit(Item item, SteadyTime deadline, Done done) {
  const size_t bytes = Traits::Bytes(item);
  const size_t units = Traits::Units(item);
  Expectation expectation = Traits::Expect(item);
  Work work;
  absl::Status refusal;
  {
    MutexLock lock(&mu_);
    refusal = Admit(bytes, units, deadline);
    if (refusal.ok()) {
      const uint64_t id = ++last_id_;
      open_.emplace(id, Open{std::move(item), std::move(expectation), bytes,
                             units, deadline, std::move(done)});
      deadlines_.emplace(deadline, id);
      queue_.push_back(id);
      ++queued_items_;
      queued_bytes_ += bytes;
      Advance(&work);
      Arm();
      Begin(work);
    }
  }
  if (!refusal.ok()) {
    Traits::Wipe(&item);
    done(Failure(Delivery::kUnsent, std::move(refusal)));
  }
  Run(std::move(work));
}

template <typename Traits>
absl::Status CoalescingCore<Traits>::Admit(size_t bytes, size_t units,
                                           SteadyTime deadline) const {
  if (closed_) return Away("is not called any more: this process is ending");
  if (bytes > options_.max_bytes || units > options_.max_units) {
    return FieldError("request", absl::StrCat("must have at most ",
                                              options_.max_bytes, " bytes"));
  }
  if (deadline <= clock_->SteadyNow()) return Away("was not asked in time");
  if (Stuck()) return Away("does not answer");
  if (queued_items_ >= options_.max_queued_items ||
      queued_bytes_ + bytes > options_.max_queued_bytes) {
    return Away("has more calls waiting than it can answer");
  }
  return absl::OkStatus();
}

template <typename Traits>
void CoalescingCore<Traits>::Close() {
  Work work;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    if (armed_.has_value()) timer_->Cancel(armed_->first);
    armed_.reset();
    while (!open_.empty()) {
      const auto first = open_.begin();
      const bool sent = !first->second.item.has_value();
      Answered(first->first,
               Failure(sent ? Delivery::kUnknown : Delivery::kUnsent,
                       Away("is not called any more: this process is ending")),
               &work);
    }
    batches_.clear();
    holding_.reset();
    Begin(work);
  }
  Run(std::move(work));
  const SystemClock clock;
  const SteadyTime end = clock.SteadyNow() + kCallbackTime;
  MutexLock lock(&mu_);
  while (running_ > 0 && ran_.WaitUntil(&mu_, clock, end)) {
  }
}

template <typename Traits>
void CoalescingCore<Traits>::Answered(uint64_t id, Result result, Work* work) {
  const auto found = open_.find(id);
  if (found == open_.end()) {
    Traits::Wipe(&result.answer);
    return;
  }
  Open& open = found->second;
  if (open.item.has_value()) {
    --queued_items_;
    queued_bytes_ -= open.bytes;
    Traits::Wipe(&*open.item);
  }
  deadlines_.erase({open.deadline, id});
  work->answers.emplace_back(std::move(open.done), std::move(result));
  open_.erase(found);
}

template <typename Traits>
void CoalescingCore<Traits>::Advance(Work* work) {
  if (queued_items_ == 0) {
    queue_.clear();
    return;
  }
  if (holding_.has_value()) return;
  if (!Stuck()) {
    TakeBatch(work);
    return;
  }
  while (!queue_.empty()) {
    const auto found = open_.find(queue_.front());
    queue_.pop_front();
    if (found == open_.end()) continue;
    Answered(found->first, Failure(Delivery::kUnsent, Away("does not answer")),
             work);
  }
}

template <typename Traits>
void CoalescingCore<Traits>::TakeBatch(Work* work) {
  const uint64_t batch_id = ++last_id_;
  Batch batch;
  typename Work::Sending sending;
  sending.batch = batch_id;
  size_t bytes = 0;
  size_t units = 0;
  batch.deadline = SteadyTime::InfinitePast();
  while (!queue_.empty()) {
    const auto found = open_.find(queue_.front());
    if (found == open_.end()) {
      queue_.pop_front();
      continue;
    }
    Open& open = found->second;
    bytes += open.bytes;
    units += open.units;
    if (bytes > options_.max_bytes || units > options_.max_units) break;
    queue_.pop_front();
    batch.items.emplace_back(found->first, std::move(open.expectation));
    batch.deadline = std::max(batch.deadline, open.deadline);
    sending.items.push_back(std::move(*open.item));
    open.item.reset();
    --queued_items_;
    queued_bytes_ -= open.bytes;
  }
  sending.deadline = batch.deadline;
  holding_.emplace(batch_id, clock_->SteadyNow() + options_.hold);
  batches_.emplace(batch_id, std::move(batch));
  work->sendings.push_back(std::move(sending));
}

template <typename Traits>
void CoalescingCore<Traits>::Arm() {
  SteadyTime next = SteadyTime::InfiniteFuture();
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (holding_.has_value()) next = std::min(next, holding_->second);
  for (const auto& entry : batches_) {
    next = std::min(next, entry.second.deadline + options_.hold);
  }
  // An earlier alarm is left as it is: it finds nothing and arms this one.
  // Arming anew for each item would wake the timer's thread each time.
  if (next == SteadyTime::InfiniteFuture() || closed_) return;
  if (armed_.has_value() && armed_->second <= next) return;
  if (armed_.has_value()) timer_->Cancel(armed_->first);
  std::weak_ptr<CoalescingCore> weak = this->weak_from_this();
  const Timer::Id id = timer_->RunAt(next, [weak, next] {
    if (auto self = weak.lock()) self->OnTimer(next);
  });
  armed_.emplace(id, next);
}

template <typename Traits>
void CoalescingCore<Traits>::OnTimer(SteadyTime due) {
  Work work;
  {
    MutexLock lock(&mu_);
    if (closed_ || !armed_.has_value() || armed_->second != due) return;
    armed_.reset();
    Expire(clock_->SteadyNow(), &work);
    Advance(&work);
    Arm();
    Begin(work);
  }
  Run(std::move(work));
}

template <typename Traits>
void CoalescingCore<Traits>::Expire(SteadyTime now, Work* work) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t id = deadlines_.begin()->second;
    const bool sent = !open_.at(id).item.has_value();
    Answered(id,
             sent ? Failure(Delivery::kUnknown, Away("did not answer in time"))
                  : Failure(Delivery::kUnsent, Away("was not asked in time")),
             work);
  }
  if (holding_.has_value() && holding_->second <= now) holding_.reset();
  // A transport that never reports must not keep its place for ever.
  for (auto it = batches_.begin(); it != batches_.end();) {
    it = it->second.deadline + options_.hold <= now ? batches_.erase(it)
                                                    : std::next(it);
  }
}

template <typename Traits>
void CoalescingCore<Traits>::OnReply(uint64_t batch_id,
                                     BatchReply<Answer> reply) {
  Work work;
  absl::Status failure;
  {
    MutexLock lock(&mu_);
    const auto found = batches_.find(batch_id);
    if (found != batches_.end()) {
      const Batch batch = std::move(found->second);
      batches_.erase(found);
      if (holding_.has_value() && holding_->first == batch_id) holding_.reset();
      failure = Distribute(batch, &reply, &work);
      Advance(&work);
      Arm();
      Begin(work);
    }
  }
  // What is left was not given to anyone.
  for (Answer& answer : reply.answers) Traits::Wipe(&answer);
  if (!failure.ok() && options_.on_failure) options_.on_failure(failure);
  Run(std::move(work));
}

template <typename Traits>
absl::Status CoalescingCore<Traits>::Distribute(const Batch& batch,
                                                BatchReply<Answer>* reply,
                                                Work* work) {
  std::vector<size_t> order;
  absl::Status failure = reply->status;
  absl::Status told = Away("did not answer");
  Delivery delivery = reply->sent ? Delivery::kUnknown : Delivery::kUnsent;
  if (failure.ok() && !Match(batch, reply->answers, &order)) {
    failure = MakeError(
        absl::StatusCode::kUnavailable, kResponseMismatch,
        absl::StrCat(options_.peer,
                     " gave answers that do not belong to the questions"));
    told = failure;
    delivery = Delivery::kUnknown;
  }
  if (!failure.ok()) {
    for (const auto& item : batch.items) {
      Answered(item.first, Failure(delivery, told), work);
    }
    return failure;
  }
  for (size_t i = 0; i < order.size(); ++i) {
    Result result;
    result.delivery = Delivery::kAnswered;
    result.answer = std::move(reply->answers[i]);
    Answered(batch.items[order[i]].first, std::move(result), work);
  }
  return absl::OkStatus();
}

template <typename Traits>
bool CoalescingCore<Traits>::Match(const Batch& batch,
                                   const std::vector<Answer>& answers,
                                   std::vector<size_t>* order) {
  if (answers.size() != batch.items.size()) return false;
  using Key = decltype(Traits::KeyOf(batch.items.front().second));
  absl::flat_hash_map<Key, size_t> places;
  places.reserve(batch.items.size());
  for (size_t i = 0; i < batch.items.size(); ++i) {
    places.emplace(Traits::KeyOf(batch.items[i].second), i);
  }
  for (const Answer& answer : answers) {
    const auto found = places.find(Traits::KeyOf(answer));
    if (found == places.end()) return false;
    if (!Traits::Matches(batch.items[found->second].second, answer)) {
      return false;
    }
    order->push_back(found->second);
    places.erase(found);
  }
  return true;
}

template <typename Traits>
void CoalescingCore<Traits>::Run(Work work) {
  // Sending first: the peer works while the callers are answered.
  for (typename Work::Sending& sending : work.sendings) {
    transport_->Send(std::move(sending.items), sending.deadline,
                     [self = this->shared_from_this(),
                      batch = sending.batch](BatchReply<Answer> reply) mutable {
                       self->OnReply(batch, std::move(reply));
                     });
  }
  for (auto& answer : work.answers) answer.first(std::move(answer.second));
  if (work.empty()) return;
  MutexLock lock(&mu_);
  if (--running_ == 0) ran_.SignalAll();
}

}  // namespace keyward::rpc::coalescing

#endif  // KEYWARD_LIBS_RPC_COALESCING_CORE_H_
