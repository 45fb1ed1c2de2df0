// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REMOTE_FEEDS_H_
#define KEYWARD_LIBS_RPC_REMOTE_FEEDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/timer.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/peer_caller.h"

namespace keyward::rpc {

// The feeds of services in other processes. Each follower is one gRPC stream,
// begun at once; a stream that fails is over, and whoever follows begins a new
// one from where it was.
//
// Errors are those of the interfaces. A feed that owes a message every 10 s and
// sends none for 30 s is taken for hung. Thread-safe; `clock`, `timer` and the
// peer's channel outlive the feeds and their followers.

class PeerStreams;

// The store's change feed.
class RemoteEventFeed final : public SecretEventFeed {
 public:
  RemoteEventFeed(Peer store, const Clock* clock, Timer* timer);
  std::unique_ptr<EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) override;

  // Ends all followers, UNAVAILABLE: for a process that stops, so that none
  // waits for a bookmark.
  void EndAll();

 private:
  const Peer peer_;
  const Clock* const clock_;
  Timer* const timer_;
  const std::shared_ptr<PeerStreams> streams_;
};

// Policy's snapshots.
class RemoteSnapshotFeed final : public SnapshotFeed {
 public:
  RemoteSnapshotFeed(Peer policy, const Clock* clock, Timer* timer);
  std::unique_ptr<SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override;

 private:
  const Peer peer_;
  const Clock* const clock_;
  Timer* const timer_;
  const std::shared_ptr<PeerStreams> streams_;
};

// Audit's entries.
class RemoteAuditFeed final : public AuditFeed {
 public:
  RemoteAuditFeed(Peer audit, const Clock* clock, Timer* timer);
  std::unique_ptr<EntryFollower> FollowEntries(
      std::optional<uint64_t> start_index) override;

  // As RemoteEventFeed's.
  void EndAll();

 private:
  const Peer peer_;
  const Clock* const clock_;
  Timer* const timer_;
  const std::shared_ptr<PeerStreams> streams_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REMOTE_FEEDS_H_
