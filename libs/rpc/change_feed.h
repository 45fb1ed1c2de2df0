// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The store's change feed and policy's snapshots, as the gateway follows them.

#ifndef KEYWARD_LIBS_RPC_CHANGE_FEED_H_
#define KEYWARD_LIBS_RPC_CHANGE_FEED_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {

// Events of one project, consecutive, and where to go on after them. Every
// event carries its own position, for a reader that stops in between.
// Positions are the opaque tokens that clients see; the store alone makes and
// reads them.
struct EventRange {
  std::vector<keyward::internal::store::v1::StoredEvent> events;
  std::string next_position;
};

// A stream of events. Destroying it ends the stream: a Next that waits is
// dropped without an answer, and its callback destroyed; one that is being
// answered on another thread just then may still be. Thread-safe.
class EventFollower {
 public:
  virtual ~EventFollower() = default;

  // Calls `done` once: with events when there are any (at most 256); with none
  // after at most 10 s without any (a bookmark); or with an error, after which
  // the stream is over: INVALID_ARGUMENT about `position` if the position is
  // none that the store made for this project; FAILED_PRECONDITION with the
  // reason POSITION_FOREIGN if it is of another incarnation, or
  // POSITION_COMPACTED; UNAVAILABLE. One call at a time.
  virtual void Next(
      absl::AnyInvocable<void(absl::StatusOr<EventRange>)> done) = 0;
};

class SecretEventFeed {
 public:
  virtual ~SecretEventFeed() = default;

  // Follows the project's events after `position` (empty: from this call on).
  // A position that cannot be followed is answered by the first Next.
  virtual std::unique_ptr<EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) = 0;
};

// A stream of policy updates. Destroying it ends the stream. Thread-safe.
class SnapshotFollower {
 public:
  virtual ~SnapshotFollower() = default;

  // Calls `done` once with the next update, or with UNAVAILABLE, after which
  // the stream is over. One call at a time. It may wait for ever: an idle
  // policy sends nothing.
  virtual void Next(
      absl::AnyInvocable<
          void(absl::StatusOr<
               keyward::internal::policy::v1::FollowSnapshotsResponse>)>
          done) = 0;
};

class SnapshotFeed {
 public:
  virtual ~SnapshotFeed() = default;

  // What changed since `known_revision`, or the whole policy if that is 0 or
  // too old, and then every change as soon as it is durable.
  virtual std::unique_ptr<SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_CHANGE_FEED_H_
