// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_SNAPSHOT_PUBLISHER_H_
#define KEYWARD_SERVICES_POLICY_SNAPSHOT_PUBLISHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "libs/policy/policy_model.h"
#include "libs/rpc/change_feed.h"

namespace keyward::policy_service {

// Hands durable policies to the gateways that follow: whole snapshots in
// chunks to newcomers and to those that fell behind, changes to the others.
//
// Nothing is sent before the first Publish: a policy whose fences are not
// raised yet is not given out. A follower that waits costs no thread; one that
// never asks costs nothing.
//
// A follower that is destroyed drops a Next that waits without answering it; an
// answer that is being given at that moment may still arrive. Followers may
// outlive the publisher: their streams are over then.
//
// Thread-safe.
class SnapshotPublisher final : public rpc::SnapshotFeed {
 public:
  // Changes that are kept for followers, and their serialized size together.
  // Whoever is further behind gets a whole snapshot.
  static constexpr size_t kMaxKeptChanges = 256;
  static constexpr size_t kMaxKeptBytes = size_t{4} << 20;

  SnapshotPublisher();
  ~SnapshotPublisher() override;

  SnapshotPublisher(const SnapshotPublisher&) = delete;
  SnapshotPublisher& operator=(const SnapshotPublisher&) = delete;

  // Makes `state` the newest policy, reached by `delta` from the one before;
  // null if it was not, so that all followers get it whole. Waiting followers
  // are answered on the calling thread, without a lock held.
  void Publish(std::shared_ptr<const policy::PolicyState> state,
               const policy::PolicyDelta* delta);

  // Ends all streams with UNAVAILABLE, for good.
  void Close();

  std::unique_ptr<rpc::SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override;

 private:
  class Follower;
  struct Stream;
  struct Shared;

  static void Deliver(Shared* shared, Stream* stream);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_SNAPSHOT_PUBLISHER_H_
