// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_RECONCILER_H_
#define KEYWARD_SERVICES_AUDIT_RECONCILER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/owner_control.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "services/audit/audit_core.h"
#include "services/audit/peer.h"

namespace keyward::audit_service {

// Finds the truth about changes whose gateway did not come back to say what
// became of them, so that every intent has an outcome in the end. It asks the
// service that owns the change; what that service has not applied it bars for
// ever before it says so, so the record stays true however late the change
// itself arrives.
//
// It also tells owners below which index all intents are closed, so that they
// can forget them, and hands them checkpoints to hold.
//
// For use by one thread: every step may block on peers.
class Reconciler {
 public:
  // How long an intent is left to its gateway: the longest call. One that is
  // still under way after that has lost its caller.
  static constexpr absl::Duration kIntentAge = absl::Seconds(60);
  // Intents that one run settles at most; more are left to the next.
  static constexpr size_t kMaxIntents = 4096;
  // The bound of OwnerControl::ResolveIntents.
  static constexpr size_t kMaxIntentsACall = 256;
  // How long one call of a peer, or one append, may take.
  static constexpr absl::Duration kCallTime = absl::Seconds(10);

  // What a run did.
  struct Result {
    size_t closed = 0;     // Outcomes recorded.
    size_t unowned = 0;    // Intents of methods that no peer owns.
    size_t unsettled = 0;  // Intents whose owner did not say, or could not.
    uint64_t floor = 0;    // What the owners were told.
  };

  // All outlive the reconciler.
  Reconciler(AuditCore* core, const Clock* clock, const Logger* logger)
      : core_(core), clock_(clock), logger_(logger) {}

  // Does all of the above once. Peers that are away are logged and asked again
  // by the next run. Does nothing while the core does not serve.
  Result RunOnce(SteadyTime now);

 private:
  struct Intent {
    uint64_t index = 0;
    audit::v1::AuditEntry entry;
  };

  std::map<const Peer*, std::vector<Intent>> ByOwner(
      const std::vector<uint64_t>& indexes, Result* result);
  void Settle(const Peer& peer, const std::vector<Intent>& intents,
              Result* result);
  // Appends outcomes; how many closed their intent.
  size_t Record(const std::vector<Intent>& intents,
                const std::vector<rpc::IntentResolution>& resolutions);
  uint64_t RaiseFloors();
  void HoldCheckpoints();

  AuditCore* const core_;
  const Clock* const clock_;
  const Logger* const logger_;
  // The size of the newest checkpoint that each peer was handed.
  std::map<const Peer*, uint64_t> handed_;
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_RECONCILER_H_
