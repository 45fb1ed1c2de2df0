// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/snapshot_publisher.h"

#include <deque>
#include <set>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/policy/snapshot_codec.h"

namespace keyward::policy_service {
namespace {

using policy::PolicyDelta;
using policy::PolicyState;
using policy::PolicyUpdate;
using NextDone = absl::AnyInvocable<void(absl::StatusOr<PolicyUpdate>)>;

absl::Status StreamOver() {
  return MakeError(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                   "the policy service is stopping");
}

}  // namespace

// One follower's place in the stream.
struct SnapshotPublisher::Stream {
  // Taken before Shared::mu.
  Mutex mu;
  // The revision that was sent, or is whole in `chunks`.
  uint64_t sent ABSL_GUARDED_BY(mu) = 0;
  std::deque<policy::SnapshotChunk> chunks ABSL_GUARDED_BY(mu);
  NextDone waiting ABSL_GUARDED_BY(mu);
};

// What the publisher and its followers share.
struct SnapshotPublisher::Shared {
  Mutex mu;
  // Null before the first Publish.
  std::shared_ptr<const PolicyState> newest ABSL_GUARDED_BY(mu);
  // The changes that lead to `newest`, consecutive, oldest first.
  std::deque<PolicyDelta> changes ABSL_GUARDED_BY(mu);
  size_t change_bytes ABSL_GUARDED_BY(mu) = 0;
  std::set<std::shared_ptr<Stream>> streams ABSL_GUARDED_BY(mu);
  bool closed ABSL_GUARDED_BY(mu) = false;
};

class SnapshotPublisher::Follower final : public rpc::SnapshotFollower {
 public:
  Follower(std::shared_ptr<Shared> shared, uint64_t known_revision)
      : shared_(std::move(shared)), stream_(std::make_shared<Stream>()) {
    {
      MutexLock l(&stream_->mu);
      stream_->sent = known_revision;
    }
    MutexLock l(&shared_->mu);
    shared_->streams.insert(stream_);
  }

  ~Follower() override {
    {
      MutexLock l(&shared_->mu);
      shared_->streams.erase(stream_);
    }
    MutexLock l(&stream_->mu);
    stream_->waiting = nullptr;
  }

  void Next(NextDone done) override {
    {
      MutexLock l(&stream_->mu);
      stream_->waiting = std::move(done);
    }
    Deliver(shared_.get(), stream_.get());
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<Stream> stream_;
};

SnapshotPublisher::SnapshotPublisher() : shared_(std::make_shared<Shared>()) {}

SnapshotPublisher::~SnapshotPublisher() { Close(); }

// Answers the Next that waits, if there is something for it.
void SnapshotPublisher::Deliver(Shared* shared, Stream* stream) {
  NextDone done;
  absl::StatusOr<PolicyUpdate> update = StreamOver();
  {
    MutexLock l(&stream->mu);
    if (stream->waiting == nullptr) return;
    bool closed = false;
    std::shared_ptr<const PolicyState> newest;
    absl::optional<PolicyDelta> next;
    {
      MutexLock sl(&shared->mu);
      closed = shared->closed;
      newest = shared->newest;
      for (const PolicyDelta& change : shared->changes) {
        if (change.revision() == stream->sent + 1) next = change;
      }
    }
    if (!closed && stream->chunks.empty()) {
      if (newest == nullptr || newest->revision() == stream->sent) return;
      if (!next.has_value()) {
        for (auto& chunk : policy::EncodeSnapshot(*newest)) {
          stream->chunks.push_back(std::move(chunk));
        }
        stream->sent = newest->revision();
      }
    }
    if (!closed && !stream->chunks.empty()) {
      update = PolicyUpdate();
      *update->mutable_chunk() = std::move(stream->chunks.front());
      stream->chunks.pop_front();
    } else if (!closed) {
      stream->sent = next->revision();
      update = PolicyUpdate();
      *update->mutable_delta() = *std::move(next);
    }
    done = std::move(stream->waiting);
    stream->waiting = nullptr;
  }
  // Without a lock: it may ask for the next one at once.
  done(std::move(update));
}

void SnapshotPublisher::Publish(std::shared_ptr<const PolicyState> state,
                                const PolicyDelta* delta) {
  std::set<std::shared_ptr<Stream>> streams;
  {
    MutexLock l(&shared_->mu);
    if (delta == nullptr) {
      shared_->changes.clear();
      shared_->change_bytes = 0;
    } else {
      shared_->changes.push_back(*delta);
      shared_->change_bytes += delta->ByteSizeLong();
    }
    while (shared_->changes.size() > kMaxKeptChanges ||
           shared_->change_bytes > kMaxKeptBytes) {
      shared_->change_bytes -= shared_->changes.front().ByteSizeLong();
      shared_->changes.pop_front();
    }
    shared_->newest = std::move(state);
    streams = shared_->streams;
  }
  for (const auto& stream : streams) Deliver(shared_.get(), stream.get());
}

void SnapshotPublisher::Close() {
  std::set<std::shared_ptr<Stream>> streams;
  {
    MutexLock l(&shared_->mu);
    shared_->closed = true;
    streams = shared_->streams;
  }
  for (const auto& stream : streams) Deliver(shared_.get(), stream.get());
}

std::unique_ptr<rpc::SnapshotFollower> SnapshotPublisher::FollowSnapshots(
    uint64_t known_revision) {
  return std::make_unique<Follower>(shared_, known_revision);
}

}  // namespace keyward::policy_service
