// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Puts refusals before authentication on record without letting strangers
// fill the audit log: up to 10 a peer and minute singly, then one count a
// minute. These refusals alone may be answered before their record is durable.
//
// What gRPC and TLS refuse before there is a call has no record, since nobody
// is told of it: handshakes that fail, headers and messages above their bounds,
// and compressed messages.

#ifndef KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_
#define KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
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
#include "services/gateway/owed_counts.h"

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

  // One refusal. Does not wait for the log; what the log does not take is part
  // of a later count. `method` is one of ours, or empty.
  void Record(const rpc::PeerFacts& peer, absl::string_view request_id,
              absl::string_view method, const absl::Status& status);

  // Records the counts of peers whose minute is over, and those that the log
  // did not take. Called every now and then.
  void Flush();

  // Records all counts, as far as they have come: before the gateway stops.
  void FlushAll();

  // Everything is on record.
  bool settled() const;
  // How many refusals are not.
  uint64_t owed() const;

  // A peer without its port ("ipv4:10.0.0.1:5123" -> "ipv4:10.0.0.1"): a
  // caller gets a new port with every connection.
  static absl::string_view PeerAddress(absl::string_view peer);

 private:
  struct Minute {
    SteadyTime start;
    uint64_t seen = 0;
  };

  // Moves the counts of minutes that began before `begin` to what is owed.
  void Close(SteadyTime begin);

  const Clock* const clock_;
  const std::shared_ptr<OwedCounts> counts_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Minute> minutes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_REFUSAL_RECORDER_H_
