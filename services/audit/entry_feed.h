// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_ENTRY_FEED_H_
#define KEYWARD_SERVICES_AUDIT_ENTRY_FEED_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/audit/log_reader.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/timer.h"
#include "libs/base/worker.h"
#include "libs/rpc/audit_log.h"

namespace keyward::audit_service {

// Streams of leaves as they become durable. A stream that has read everything
// costs no thread: it waits here, and is answered when the log grew or after
// 10 s with nothing.
//
// Thread-safe. Held by shared_ptr, because streams may outlive the core that
// made them: after Close they answer UNAVAILABLE.
class EntryFeed : public std::enable_shared_from_this<EntryFeed> {
 public:
  // The most streams at once: far above what people tail, far below what costs
  // memory.
  static constexpr size_t kMaxFollowers = 1024;
  // How long a stream waits before it says that there is nothing.
  static constexpr absl::Duration kIdle = absl::Seconds(10);

  struct Dependencies {
    const audit::LogReader* reader = nullptr;
    const Clock* clock = nullptr;
    Timer* timer = nullptr;
    // Reads the leaves.
    Worker* worker = nullptr;
    // The number of durable leaves.
    std::function<uint64_t()> size;
    // Whether anything may be shown yet.
    std::function<bool()> serving;
  };

  // All dependencies outlive Close.
  explicit EntryFeed(Dependencies dependencies)
      : dependencies_(std::move(dependencies)) {}

  // As rpc::AuditFeed. Beyond kMaxFollowers the stream's first Next is
  // UNAVAILABLE.
  std::unique_ptr<rpc::EntryFollower> Follow(
      std::optional<uint64_t> start_index);

  // The log has grown. Does not block.
  void Grown();

  // Answers whoever waits, and everyone from now on, UNAVAILABLE.
  void Close();

 private:
  using Done = absl::AnyInvocable<void(absl::StatusOr<rpc::EntryRange>)>;

  // One stream.
  struct Stream {
    uint64_t next = 0;  // Constant while `done` is set.
    Done done;          // Set while a Next is unanswered.
    bool reading = false;
    Timer::Id idle_timer = 0;
  };
  class Follower;

  void Next(const std::shared_ptr<Stream>& stream, Done done);
  void End(const std::shared_ptr<Stream>& stream);
  // Reads and answers streams that lag behind the log.
  void Serve();
  void Read(const std::shared_ptr<Stream>& stream);
  void OnIdle(const std::shared_ptr<Stream>& stream);
  // Takes the stream's `done`, if it is still unanswered.
  Done TakeDone(const std::shared_ptr<Stream>& stream)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Dependencies dependencies_;
  Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool serving_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_ENTRY_FEED_H_
