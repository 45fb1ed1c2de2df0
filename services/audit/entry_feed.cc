// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/entry_feed.h"

#include <string>
#include <utility>
#include <vector>

#include "services/audit/unavailable.h"

namespace keyward::audit_service {

class EntryFeed::Follower final : public rpc::EntryFollower {
 public:
  Follower(std::shared_ptr<EntryFeed> feed, std::shared_ptr<Stream> stream)
      : feed_(std::move(feed)), stream_(std::move(stream)) {}
  ~Follower() override { feed_->End(stream_); }

  void Next(Done done) override { feed_->Next(stream_, std::move(done)); }

 private:
  const std::shared_ptr<EntryFeed> feed_;
  const std::shared_ptr<Stream> stream_;
};

std::unique_ptr<rpc::EntryFollower> EntryFeed::Follow(
    std::optional<uint64_t> start_index) {
  auto stream = std::make_shared<Stream>();
  stream->next = start_index.value_or(dependencies_.size());
  {
    MutexLock l(&mu_);
    if (streams_.size() < kMaxFollowers) streams_.insert(stream);
  }
  return std::make_unique<Follower>(shared_from_this(), std::move(stream));
}

void EntryFeed::Next(const std::shared_ptr<Stream>& stream, Done done) {
  const char* refusal = nullptr;
  uint64_t next = 0;
  {
    MutexLock l(&mu_);
    next = stream->next;
    if (closed_) {
      refusal = "it is shutting down";
    } else if (!dependencies_.serving()) {
      refusal = "it has not started";
    } else if (streams_.count(stream) == 0) {
      refusal = "too many streams are open";
    } else if (stream->done) {
      refusal = "the stream has a call already";
    } else {
      stream->done = std::move(done);
      stream->idle_timer = dependencies_.timer->RunAt(
          dependencies_.clock->SteadyNow() + kIdle,
          [self = shared_from_this(), stream] { self->OnIdle(stream); });
    }
  }
  if (refusal != nullptr) {
    done(AuditUnavailable(refusal));
    return;
  }
  if (next < dependencies_.size()) Grown();
}

void EntryFeed::End(const std::shared_ptr<Stream>& stream) {
  Done dropped;
  MutexLock l(&mu_);
  dropped = TakeDone(stream);
  streams_.erase(stream);
}

void EntryFeed::Grown() {
  {
    MutexLock l(&mu_);
    if (closed_ || serving_) return;
    bool waiting = false;
    for (const auto& stream : streams_) waiting = waiting || stream->done;
    if (!waiting) return;
    serving_ = true;
  }
  if (dependencies_.worker->Post(
          [self = shared_from_this()] { self->Serve(); })) {
    return;
  }
  // The streams wait for the next growth, or go away idle and come again.
  MutexLock l(&mu_);
  serving_ = false;
}

void EntryFeed::Serve() {
  std::vector<std::shared_ptr<Stream>> lagging;
  {
    MutexLock l(&mu_);
    // Before the size is read: growth from here on posts another round.
    serving_ = false;
    if (closed_) return;
    const uint64_t size = dependencies_.size();
    for (const auto& stream : streams_) {
      if (!stream->done || stream->reading || stream->next >= size) continue;
      stream->reading = true;
      lagging.push_back(stream);
    }
  }
  for (const auto& stream : lagging) Read(stream);
}

void EntryFeed::Read(const std::shared_ptr<Stream>& stream) {
  // `next` stands still while the call is unanswered, and `reading` keeps the
  // idle timer from answering it.
  absl::StatusOr<std::vector<std::string>> leaves =
      dependencies_.reader->ReadLeaves(stream->next, dependencies_.size());
  absl::StatusOr<rpc::EntryRange> range = AuditUnavailable("it cannot be read");
  if (leaves.ok()) {
    range = rpc::EntryRange{stream->next, *std::move(leaves)};
  }
  Done done;
  {
    MutexLock l(&mu_);
    stream->reading = false;
    if (range.ok()) stream->next += range->leaves.size();
    done = TakeDone(stream);
  }
  if (done) done(std::move(range));
}

void EntryFeed::OnIdle(const std::shared_ptr<Stream>& stream) {
  Done done;
  rpc::EntryRange nothing;
  {
    MutexLock l(&mu_);
    if (stream->reading) return;
    stream->idle_timer = 0;
    nothing.first_index = stream->next;
    done = TakeDone(stream);
  }
  if (done) done(std::move(nothing));
}

EntryFeed::Done EntryFeed::TakeDone(const std::shared_ptr<Stream>& stream) {
  if (stream->idle_timer != 0) {
    dependencies_.timer->Cancel(stream->idle_timer);
    stream->idle_timer = 0;
  }
  return std::exchange(stream->done, nullptr);
}

void EntryFeed::Close() {
  std::vector<Done> waiting;
  {
    MutexLock l(&mu_);
    closed_ = true;
    for (const auto& stream : streams_) {
      if (Done done = TakeDone(stream); done)
        waiting.push_back(std::move(done));
    }
  }
  for (Done& done : waiting) done(AuditUnavailable("it is shutting down"));
}

}  // namespace keyward::audit_service
