// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/event_feed.h"

#include <set>
#include <utility>

#include "absl/strings/string_view.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/record_keys.h"

namespace keyward::store {
namespace {

// How often idle waiters are looked at. Only while there are any.
constexpr absl::Duration kTick = absl::Milliseconds(200);
// How many of the state layer's events are read at once.
constexpr size_t kFeedPage = 1000;

// The project's uid in the key of an event.
absl::string_view ProjectOf(absl::string_view key) {
  key.remove_prefix(absl::string_view(kEventKeyspace).size());
  return key.substr(0, key.find('/'));
}

absl::Status Ended() {
  return MakeError(absl::StatusCode::kUnavailable, kStoreUnavailable,
                   "the store is stopping");
}

}  // namespace

class EventFeed::Follower final : public rpc::EventFollower {
 public:
  Follower(EventFeed* feed, std::shared_ptr<EventReader> reader)
      : feed_(feed), reader_(std::move(reader)) {}

  ~Follower() override {
    // What waits for it is dropped unanswered, outside the lock.
    const Waiters dropped = feed_->Forget(identity_.get());
  }

  void Next(Done done) override {
    Waiter waiter;
    waiter.follower = identity_;
    waiter.reader = reader_;
    waiter.until = feed_->clock_->SteadyNow() + kIdle;
    waiter.done = std::move(done);
    // Answered by the feed's thread, never from here: a follower that asks
    // again in its answer would otherwise recurse once for each page.
    waiter.fresh = true;
    feed_->Wait(std::move(waiter));
  }

 private:
  EventFeed* const feed_;
  const std::shared_ptr<EventReader> reader_;
  const std::shared_ptr<Identity> identity_ = std::make_shared<Identity>();
};

absl::StatusOr<std::unique_ptr<EventFeed>> EventFeed::Create(
    kv::KeyValueStore* kv, const Clock* clock,
    const EventPositions* positions) {
  std::unique_ptr<EventFeed> feed(new EventFeed(kv, clock, positions));
  EventFeed* const self = feed.get();
  // Subscribed first: what changes before the thread looks is noticed.
  absl::StatusOr<std::unique_ptr<kv::Subscription>> subscription =
      kv->SubscribeFeed(kEventKeyspace, [self](uint64_t) {
        MutexLock l(&self->mu_);
        if (self->idle_ && self->waiting_.empty()) {
          // Nobody waits, nor is being looked for. Whoever comes looks for
          // itself, and the thread need not wake with each commit.
          self->skipped_ = true;
          return;
        }
        self->changed_ = true;
        self->work_.Signal();
      });
  if (!subscription.ok()) return subscription.status();
  feed->subscription_ = *std::move(subscription);
  const absl::StatusOr<uint64_t> revision = kv->Revision();
  if (!revision.ok()) return revision.status();
  feed->thread_ =
      std::thread([self, from = *revision + 1] { self->RunThread(from); });
  return feed;
}

EventFeed::~EventFeed() {
  subscription_.reset();
  {
    MutexLock l(&mu_);
    stop_ = true;
    work_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  for (Waiter& waiter : Take([](const Waiter&) { return true; })) {
    waiter.done(Ended());
  }
}

std::unique_ptr<rpc::EventFollower> EventFeed::FollowEvents(
    const std::string& project_uid, const std::string& position) {
  return std::make_unique<Follower>(
      this,
      std::make_shared<EventReader>(kv_, positions_, project_uid, position));
}

void EventFeed::RunThread(uint64_t revision) {
  while (WaitForWork()) {
    revision = WakeChanged(revision);
    WakeIdle();
  }
}

bool EventFeed::WaitForWork() {
  MutexLock l(&mu_);
  if (!stop_ && !changed_) {
    idle_ = true;
    work_.WaitFor(&mu_, waiting_.empty() ? absl::Minutes(1) : kTick);
    idle_ = false;
  }
  changed_ = false;
  return !stop_;
}

uint64_t EventFeed::WakeChanged(uint64_t from_revision) {
  std::set<std::string> projects;
  bool all = TakeSkipped();
  if (all) {
    // All that wait look for themselves, at no less than this.
    const absl::StatusOr<uint64_t> revision = kv_->Revision();
    if (revision.ok()) from_revision = *revision + 1;
  }
  while (true) {
    const absl::StatusOr<kv::FeedPage> page =
        kv_->ReadFeed(kEventKeyspace, from_revision, kFeedPage);
    if (absl::IsOutOfRange(page.status())) {
      // Compacted under us: whoever waits looks for itself.
      const absl::StatusOr<uint64_t> revision = kv_->Revision();
      if (revision.ok()) from_revision = *revision + 1;
      all = true;
      break;
    }
    // Not readable now. Waiters stay, and the next round asks again.
    if (!page.ok()) break;
    from_revision = page->through_revision + 1;
    if (page->events.empty()) break;
    for (const kv::FeedEvent& event : page->events) {
      projects.emplace(ProjectOf(event.key));
    }
  }
  Serve(Take([&](const Waiter& waiter) {
    return all || waiter.fresh ||
           projects.count(waiter.reader->project_uid()) > 0;
  }));
  return from_revision;
}

bool EventFeed::TakeSkipped() {
  MutexLock l(&mu_);
  return std::exchange(skipped_, false);
}

void EventFeed::WakeIdle() {
  const SteadyTime now = clock_->SteadyNow();
  Serve(Take([now](const Waiter& waiter) { return waiter.until <= now; }));
}

EventFeed::Waiters EventFeed::Take(
    absl::FunctionRef<bool(const Waiter&)> wanted) {
  Waiters taken;
  MutexLock l(&mu_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto next = std::next(it);
    if (wanted(*it)) taken.splice(taken.end(), waiting_, it);
    it = next;
  }
  return taken;
}

EventFeed::Waiters EventFeed::Forget(Identity* follower) {
  {
    MutexLock l(&mu_);
    follower->gone = true;
  }
  return Take([follower](const Waiter& waiter) {
    return waiter.follower.get() == follower;
  });
}

void EventFeed::Wait(Waiter waiter) {
  MutexLock l(&mu_);
  if (waiter.follower->gone) return;
  if (waiter.fresh) {
    changed_ = true;
    work_.Signal();
  }
  waiting_.push_back(std::move(waiter));
}

void EventFeed::Serve(Waiters waiters) {
  for (Waiter& waiter : waiters) {
    absl::StatusOr<rpc::EventRange> events = waiter.reader->Next();
    const bool nothing = events.ok() && events->events.empty();
    if (nothing && clock_->SteadyNow() < waiter.until) {
      waiter.fresh = false;
      Wait(std::move(waiter));
      continue;
    }
    Done done = std::move(waiter.done);
    done(std::move(events));
  }
}

}  // namespace keyward::store
