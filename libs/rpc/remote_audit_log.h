// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REMOTE_AUDIT_LOG_H_
#define KEYWARD_LIBS_RPC_REMOTE_AUDIT_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/rpc/append_codec.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/batch_transport.h"
#include "libs/rpc/coalescing_client.h"
#include "libs/rpc/peer_caller.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {

// How records are batched and matched: see CoalescingClient. Ids are chosen
// here, never used twice by one process, and repeated by audit.
struct AppendTraits {
  struct Item {
    uint64_t id = 0;
    AppendItem item;
  };
  struct Answer {
    keyward::internal::audit::v1::AppendResult result;
    uint64_t fence = 0;
    std::string checkpoint;
  };
  using Expectation = uint64_t;

  static size_t Bytes(const Item& item) { return AppendItemBytes(item.item); }
  // A check leaves no record, but takes part in the batch.
  static size_t Units(const Item& item) {
    return item.item.entries.empty() ? 1 : item.item.entries.size();
  }
  static uint64_t Expect(const Item& item) { return item.id; }
  static uint64_t KeyOf(uint64_t expected) { return expected; }
  static uint64_t KeyOf(const Answer& answer) { return answer.result.id(); }
  static bool Matches(uint64_t, const Answer&) { return true; }
  // Records hold no secret.
  static void Wipe(Item*) {}
  static void Wipe(Answer*) {}
};

// The audit log in another process.
//
// An item that never left this process is kFailed; one that left and got no
// valid answer in time is kUnknown. Both are UNAVAILABLE with the peer's
// reason. Thread-safe.
class RemoteAuditLog final : public AuditLog {
 public:
  // `clock`, `timer` and the peer's channel outlive the object.
  RemoteAuditLog(Peer peer, const Clock* clock, Timer* timer);

  // Answers every item that is open, and every later one at once.
  void Close() { client_.Close(); }

  void Append(AppendItem item, AppendDone done) override;
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<LogState> GetLogState(SteadyTime deadline) override;

  // The newest checkpoint, with the proof that it extends the tree of
  // `old_size` entries. Blocks until the deadline at the latest; UNAVAILABLE.
  absl::StatusOr<CheckpointAnswer> GetCheckpoint(uint64_t old_size,
                                                 SteadyTime deadline);

 private:
  const Peer peer_;
  std::atomic<uint64_t> next_id_{1};
  CoalescingClient<AppendTraits> client_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REMOTE_AUDIT_LOG_H_
