// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The audit log as those who write to it see it: the C++ form of
// internal/audit/v1.

#ifndef KEYWARD_LIBS_RPC_AUDIT_LOG_H_
#define KEYWARD_LIBS_RPC_AUDIT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::rpc {

// Records that become consecutive leaves of one append, accepted or refused
// together; or, without records, a check that a revision is in force.
struct AppendItem {
  // Serialized keyward.audit.v1.AuditEntry: each at most 2 KiB, at most 128.
  std::vector<std::string> entries;
  // If set, the records are decisions under this revision and are accepted
  // only while it is exactly the fence.
  std::optional<uint64_t> fenced_revision;
  // Not taken up after this moment.
  SteadyTime deadline;
};

enum class AppendStatus {
  // Durable (or, for a check: the revision is in force).
  kAccepted,
  // Not appended: another revision is in force.
  kFence,
  // Not appended: the intent already has its closing outcome.
  kIntentClosed,
  // Certainly not appended; `error` says why.
  kFailed,
  // It may be in the log and may not.
  kUnknown,
};

struct AppendResult {
  AppendStatus status = AppendStatus::kFailed;
  // kAccepted: the index of the first record, which for an intent is its id.
  uint64_t first_index = 0;
  // The revision in force, as of this answer; 0 if audit did not say.
  uint64_t fence = 0;
  // Set when the item held an intent: a signed note that covers it.
  std::string checkpoint;
  // kIntentClosed: the outcome that closed the intent first.
  keyward::audit::v1::AuditEntry closing_outcome;
  // kFailed and kUnknown: UNAVAILABLE or INVALID_ARGUMENT with the details of
  // libs/base/error.h.
  absl::Status error;
};

struct LogState {
  // The policy revision in force; 0 before genesis.
  uint64_t fence = 0;
  // How many entries the log has.
  uint64_t size = 0;
  // Intents without a closing outcome.
  uint64_t open_intents = 0;
};

using AppendDone = absl::AnyInvocable<void(AppendResult)>;

// An item and who is told what became of it.
struct Appending {
  AppendItem item;
  AppendDone done;
};

// Thread-safe.
class AuditLog {
 public:
  virtual ~AuditLog() = default;

  // Makes the item's records durable. `done` is called exactly once, at the
  // latest soon after the deadline, on any thread, possibly before Append
  // returns; it must not block for long.
  virtual void Append(AppendItem item, AppendDone done) = 0;

  // Items that came together. Each is answered by itself, as by Append; a log
  // that writes on its caller's thread takes all of them before it writes any,
  // so that they share a sync.
  virtual void AppendAll(std::vector<Appending> items) {
    for (Appending& each : items) {
      Append(std::move(each.item), std::move(each.done));
    }
  }

  // Puts `revision` in force by appending the in-force record. Answers the
  // fence, which never goes down. Blocks until the deadline at the latest.
  // UNAVAILABLE if it could not be raised in time: it may still be later.
  virtual absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                              SteadyTime deadline) = 0;

  // What is in force and how long the log is. Blocks until the deadline at the
  // latest.
  virtual absl::StatusOr<LogState> GetLogState(SteadyTime deadline) = 0;
};

// The newest checkpoint with a proof that it extends an older tree.
struct CheckpointAnswer {
  std::string checkpoint;
  std::vector<std::string> consistency_proof;
  std::string verifier_key;
};

// Leaves that became durable, consecutive from first_index on.
struct EntryRange {
  uint64_t first_index = 0;
  std::vector<std::string> leaves;
};

// A stream of leaves. Destroying it ends the stream: a Next that waits is
// dropped without an answer, and its callback destroyed; one that is being
// answered on another thread just then may still be. Thread-safe.
class EntryFollower {
 public:
  virtual ~EntryFollower() = default;

  // Calls `done` once, with the next leaves (at most 256) when there are any;
  // with an empty range after at most 10 s without any; or with UNAVAILABLE.
  // One call at a time.
  virtual void Next(
      absl::AnyInvocable<void(absl::StatusOr<EntryRange>)> done) = 0;
};

// What the gateway's tail needs beside Owner::Execute.
class AuditFeed {
 public:
  virtual ~AuditFeed() = default;

  // Follows the log from `start_index`, or from its end.
  virtual std::unique_ptr<EntryFollower> FollowEntries(
      std::optional<uint64_t> start_index) = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_AUDIT_LOG_H_
