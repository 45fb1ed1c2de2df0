// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/feed_methods.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/mutex.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/incoming_call.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace audit_wire = keyward::internal::audit::v1;
namespace policy_wire = keyward::internal::policy::v1;
namespace store_wire = keyward::internal::store::v1;
using google::protobuf::Message;

std::unique_ptr<Message> ToMessage(EventRange range) {
  auto message = std::make_unique<store_wire::FollowEventsResponse>();
  for (store_wire::StoredEvent& event : range.events) {
    message->add_events()->Swap(&event);
  }
  message->set_next_position(std::move(range.next_position));
  return message;
}

std::unique_ptr<Message> ToMessage(
    policy_wire::FollowSnapshotsResponse update) {
  return std::make_unique<policy_wire::FollowSnapshotsResponse>(
      std::move(update));
}

std::unique_ptr<Message> ToMessage(EntryRange range) {
  auto message = std::make_unique<audit_wire::FollowEntriesResponse>();
  message->set_first_index(range.first_index);
  for (std::string& leaf : range.leaves) message->add_leaves(std::move(leaf));
  return message;
}

// Carries what a follower gives into a stream, one message at a time. Held by
// its own callbacks until the stream is over.
template <typename Follower, typename Value>
class Pump : public std::enable_shared_from_this<Pump<Follower, Value>> {
 public:
  Pump(std::unique_ptr<Follower> follower, std::shared_ptr<StreamWriter> writer)
      : writer_(std::move(writer)), follower_(std::move(follower)) {}

  // A follower that drops its callback must not leave the stream open.
  ~Pump() {
    if (!finished_) writer_->Finish(absl::InternalError("the feed was lost"));
  }

  void Start() {
    // Weak: a handler that waits for the stream's end must not be what keeps
    // it from ending.
    std::weak_ptr<Pump> weak = this->weak_from_this();
    writer_->OnCancel([weak](absl::Status why) {
      if (const std::shared_ptr<Pump> pump = weak.lock()) {
        pump->Cancel(std::move(why));
      }
    });
    Fetch();
  }

 private:
  void Fetch() {
    // Shared, because Cancel may let go of it during this call.
    std::shared_ptr<Follower> follower;
    {
      MutexLock lock(&mu_);
      if (over_) return;
      follower = follower_;
      fetching_ = true;
    }
    follower->Next(
        [self = this->shared_from_this()](absl::StatusOr<Value> next) {
          self->Fetched(std::move(next));
        });
  }

  void Fetched(absl::StatusOr<Value> next) {
    {
      MutexLock lock(&mu_);
      if (over_) return;
      fetching_ = false;
      if (!next.ok()) over_ = true;
    }
    if (!next.ok()) {
      Finish(next.status());
      return;
    }
    writer_->Write(
        ToMessage(*std::move(next)),
        [self = this->shared_from_this()](bool ok) { self->Written(ok); });
  }

  void Written(bool ok) {
    {
      MutexLock lock(&mu_);
      if (!ok) cancelled_ = absl::CancelledError("the peer went away");
      if (cancelled_.has_value()) over_ = true;
    }
    if (ok) Fetch();
    MaybeFinish();
  }

  void Cancel(absl::Status why) {
    {
      MutexLock lock(&mu_);
      cancelled_ = std::move(why);
      // A write in flight ends first.
      if (over_ || !fetching_) return;
      over_ = true;
    }
    MaybeFinish();
  }

  // Ends a stream that was told to, and the follower with it.
  void MaybeFinish() {
    std::shared_ptr<Follower> follower;
    absl::Status why;
    {
      MutexLock lock(&mu_);
      if (!over_ || !cancelled_.has_value() || follower_ == nullptr) return;
      follower = std::move(follower_);
      why = *cancelled_;
    }
    Finish(std::move(why));
  }

  void Finish(absl::Status status) {
    finished_ = true;
    writer_->Finish(std::move(status));
  }

  const std::shared_ptr<StreamWriter> writer_;
  Mutex mu_;
  std::shared_ptr<Follower> follower_ ABSL_GUARDED_BY(mu_);
  bool fetching_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<absl::Status> cancelled_ ABSL_GUARDED_BY(mu_);
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  // By the one thread that ends the stream; read when no other is left.
  bool finished_ = false;
};

template <typename Value, typename Follower>
void StartPump(std::unique_ptr<Follower> follower,
               std::shared_ptr<StreamWriter> writer) {
  std::make_shared<Pump<Follower, Value>>(std::move(follower),
                                          std::move(writer))
      ->Start();
}

}  // namespace

StreamMethod FollowEventsMethod(SecretEventFeed* feed) {
  return [feed](std::unique_ptr<Message> message,
                std::shared_ptr<StreamWriter> writer) {
    const auto& request =
        static_cast<const store_wire::FollowEventsRequest&>(*message);
    StartPump<EventRange>(
        feed->FollowEvents(request.project_uid(), request.position()),
        std::move(writer));
  };
}

StreamMethod FollowSnapshotsMethod(SnapshotFeed* feed) {
  return [feed](std::unique_ptr<Message> message,
                std::shared_ptr<StreamWriter> writer) {
    const auto& request =
        static_cast<const policy_wire::FollowSnapshotsRequest&>(*message);
    StartPump<policy_wire::FollowSnapshotsResponse>(
        feed->FollowSnapshots(request.known_revision()), std::move(writer));
  };
}

StreamMethod FollowEntriesMethod(AuditFeed* feed) {
  return [feed](std::unique_ptr<Message> message,
                std::shared_ptr<StreamWriter> writer) {
    const auto& request =
        static_cast<const audit_wire::FollowEntriesRequest&>(*message);
    std::optional<uint64_t> start;
    if (request.has_start_index()) start = request.start_index();
    StartPump<EntryRange>(feed->FollowEntries(start), std::move(writer));
  };
}

}  // namespace keyward::rpc
