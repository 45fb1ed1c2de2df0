// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Puts refusals before authentication on record without letting strangers
// fill the audit log: up to 10 a peer and minute singly, then one count a
// minute. These refusals alone may be answered before their record is durable.

#ifndef KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_
#define KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::gateway {

// Thread-safe. Clock and log must outlive it.
class RefusalRecorder {
 public:
  static constexpr uint64_t kSinglePerMinute = 10;
  // Peers that are told apart; the others share one count.
  static constexpr size_t kMaxPeers = 4096;

  RefusalRecorder(const Clock* clock, rpc::AuditLog* log);
  RefusalRecorder(const RefusalRecorder&) = delete;
  RefusalRecorder& operator=(const RefusalRecorder&) = delete;

  // One refusal. Does not wait for the log.
  void Record(const rpc::PeerFacts& peer, absl::string_view request_id,
              absl::string_view method, const absl::Status& status);

  // Records the counts of peers whose minute is over. Called every now and
  // then, and with InfiniteFuture before the gateway stops.
  void FlushCounts(SteadyTime now);

  // A peer without its port ("ipv4:10.0.0.1:5123" -> "ipv4:10.0.0.1"): a
  // caller gets a new port with every connection.
  static absl::string_view PeerAddress(absl::string_view peer);

 private:
  struct Count {
    SteadyTime minute_start;
    uint64_t seen = 0;
  };

  void Append(audit::v1::AuditEntry entry);

  const Clock* const clock_;
  rpc::AuditLog* const log_;
  Mutex mu_;
  absl::flat_hash_map<std::string, Count> counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_
