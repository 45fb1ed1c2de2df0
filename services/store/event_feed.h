// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_FEED_H_
#define KEYWARD_SERVICES_STORE_EVENT_FEED_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/rpc/change_feed.h"
#include "services/store/event_position.h"
#include "services/store/event_reader.h"

namespace keyward::store {

// Lets any number of watchers follow the changes of their projects.
//
// A follower reads the project's events from the store itself; what is here is
// only who waits. One thread serves them: at once the first time, then it wakes
// those of a project when the state layer's feed shows an event of it, and
// those who have waited kIdle with a bookmark.
//
// Thread-safe. Followers must be gone before the feed; one that waits then is
// answered UNAVAILABLE.
class EventFeed final : public rpc::SecretEventFeed {
 public:
  // After so long without an event a follower gets an answer without any.
  static constexpr absl::Duration kIdle = absl::Seconds(10);

  // Starts the thread. All must outlive the feed. Errors of SubscribeFeed and
  // Revision.
  static absl::StatusOr<std::unique_ptr<EventFeed>> Create(
      kv::KeyValueStore* kv, const Clock* clock,
      const EventPositions* positions);
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;
  ~EventFeed() override;

  std::unique_ptr<rpc::EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) override;

 private:
  using Done = absl::AnyInvocable<void(absl::StatusOr<rpc::EventRange>)>;

  class Follower;

  // A follower, as those know it who may outlive it.
  struct Identity {
    // Guarded by mu_.
    bool gone = false;
  };

  // A call of Next that is not answered.
  struct Waiter {
    std::shared_ptr<const Identity> follower;
    std::shared_ptr<EventReader> reader;
    SteadyTime until;
    Done done;
    // Has not been looked for yet.
    bool fresh = false;
  };
  using Waiters = std::list<Waiter>;

  EventFeed(kv::KeyValueStore* kv, const Clock* clock,
            const EventPositions* positions)
      : kv_(kv), clock_(clock), positions_(positions) {}

  void RunThread(uint64_t revision);
  // Waits for something to do. False: stop.
  bool WaitForWork();
  // Answers the followers of projects that have events from `from_revision`
  // on. Returns where to go on.
  uint64_t WakeChanged(uint64_t from_revision);
  // Whether changes came while nobody waited, since the last call.
  bool TakeSkipped();
  void WakeIdle();

  // Moves waiters out of the list, to be answered without the lock.
  Waiters Take(absl::FunctionRef<bool(const Waiter&)> wanted);
  // Takes what waits for a follower that goes.
  Waiters Forget(Identity* follower);
  // Answers waiters; those that still have nothing and time left wait on.
  void Serve(Waiters waiters);
  // Drops the waiter if its follower went while it was served.
  void Wait(Waiter waiter);

  kv::KeyValueStore* const kv_;
  const Clock* const clock_;
  const EventPositions* const positions_;

  Mutex mu_;
  CondVar work_;
  bool changed_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  // The thread waits for work.
  bool idle_ ABSL_GUARDED_BY(mu_) = false;
  bool skipped_ ABSL_GUARDED_BY(mu_) = false;
  Waiters waiting_ ABSL_GUARDED_BY(mu_);

  std::unique_ptr<kv::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_FEED_H_
