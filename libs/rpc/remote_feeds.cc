// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/remote_feeds.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/peer_stream.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace audit_wire = keyward::internal::audit::v1;
namespace policy_wire = keyward::internal::policy::v1;
namespace store_wire = keyward::internal::store::v1;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Three times what the feeds owe.
constexpr absl::Duration kMaxSilence = absl::Seconds(30);

template <typename Request>
const MethodDescriptor* Method(const char* name) {
  return Request::descriptor()->file()->service(0)->FindMethodByName(name);
}

// A PeerStream behind one of the followers' interfaces: `kConvert` makes the
// interface's value of the wire's message.
template <typename Follower, typename Wire, typename Value,
          Value (*kConvert)(Wire*)>
class RemoteFollower final : public Follower {
 public:
  template <typename... Args>
  explicit RemoteFollower(Args&&... args)
      : stream_(std::forward<Args>(args)...) {}

  void Next(absl::AnyInvocable<void(absl::StatusOr<Value>)> done) override {
    stream_.Next([done = std::move(done)](
                     absl::StatusOr<std::unique_ptr<Message>> next) mutable {
      if (next.ok()) {
        done(kConvert(static_cast<Wire*>(next->get())));
      } else {
        done(next.status());
      }
    });
  }

 private:
  PeerStream stream_;
};

EventRange ToEvents(store_wire::FollowEventsResponse* wire) {
  EventRange range;
  range.events.assign(wire->events().begin(), wire->events().end());
  range.next_position = wire->next_position();
  return range;
}

policy_wire::FollowSnapshotsResponse ToSnapshot(
    policy_wire::FollowSnapshotsResponse* wire) {
  return std::move(*wire);
}

EntryRange ToEntries(audit_wire::FollowEntriesResponse* wire) {
  EntryRange range;
  range.first_index = wire->first_index();
  range.leaves.assign(wire->leaves().begin(), wire->leaves().end());
  return range;
}

using RemoteEventFollower =
    RemoteFollower<EventFollower, store_wire::FollowEventsResponse, EventRange,
                   ToEvents>;
using RemoteSnapshotFollower =
    RemoteFollower<SnapshotFollower, policy_wire::FollowSnapshotsResponse,
                   policy_wire::FollowSnapshotsResponse, ToSnapshot>;
using RemoteEntryFollower =
    RemoteFollower<EntryFollower, audit_wire::FollowEntriesResponse, EntryRange,
                   ToEntries>;

}  // namespace

RemoteEventFeed::RemoteEventFeed(Peer store, const Clock* clock, Timer* timer)
    : peer_(std::move(store)),
      clock_(clock),
      timer_(timer),
      streams_(std::make_shared<PeerStreams>()) {}

std::unique_ptr<EventFollower> RemoteEventFeed::FollowEvents(
    const std::string& project_uid, const std::string& position) {
  store_wire::FollowEventsRequest request;
  request.set_project_uid(project_uid);
  request.set_position(position);
  return std::make_unique<RemoteEventFollower>(
      peer_, Method<store_wire::FollowEventsRequest>("FollowEvents"), request,
      kMaxSilence, clock_, timer_, streams_);
}

void RemoteEventFeed::EndAll() { streams_->EndAll(); }

RemoteSnapshotFeed::RemoteSnapshotFeed(Peer policy, const Clock* clock,
                                       Timer* timer)
    : peer_(std::move(policy)),
      clock_(clock),
      timer_(timer),
      streams_(std::make_shared<PeerStreams>()) {}

std::unique_ptr<SnapshotFollower> RemoteSnapshotFeed::FollowSnapshots(
    uint64_t known_revision) {
  policy_wire::FollowSnapshotsRequest request;
  request.set_known_revision(known_revision);
  // An idle policy owes nothing; a dead connection is noticed by its pings.
  return std::make_unique<RemoteSnapshotFollower>(
      peer_, Method<policy_wire::FollowSnapshotsRequest>("FollowSnapshots"),
      request, absl::InfiniteDuration(), clock_, timer_, streams_);
}

RemoteAuditFeed::RemoteAuditFeed(Peer audit, const Clock* clock, Timer* timer)
    : peer_(std::move(audit)),
      clock_(clock),
      timer_(timer),
      streams_(std::make_shared<PeerStreams>()) {}

std::unique_ptr<EntryFollower> RemoteAuditFeed::FollowEntries(
    std::optional<uint64_t> start_index) {
  audit_wire::FollowEntriesRequest request;
  if (start_index.has_value()) request.set_start_index(*start_index);
  return std::make_unique<RemoteEntryFollower>(
      peer_, Method<audit_wire::FollowEntriesRequest>("FollowEntries"), request,
      kMaxSilence, clock_, timer_, streams_);
}

void RemoteAuditFeed::EndAll() { streams_->EndAll(); }

}  // namespace keyward::rpc
