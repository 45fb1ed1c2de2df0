// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_FENCE_RAISER_H_
#define KEYWARD_SERVICES_POLICY_FENCE_RAISER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/owner_control.h"

namespace keyward::policy_service {

// Brings a durable revision into force (P2): raises the fence at every service
// that applies changes, and then, last, in audit, whose record of it is the
// moment at which the revision is in force.
//
// The order is the promise. With audit first, a change decided under the old
// policy could still be applied at an owner after the new one is in force.
//
// For use by one thread at a time. Everything passed in outlives it.
class FenceRaiser {
 public:
  // One attempt at one service takes no longer than this, so that a service
  // that hangs is asked again once it has been replaced.
  static constexpr absl::Duration kAttempt = absl::Seconds(5);

  FenceRaiser(std::vector<rpc::OwnerControl*> owners, rpc::AuditLog* audit,
              const Clock* clock)
      : owners_(std::move(owners)),
        audit_(audit),
        clock_(clock),
        raised_(owners_.size(), 0) {}

  // OK if `revision` is in force. UNAVAILABLE if a fence could not be raised
  // by the deadline, or within kAttempt: nothing after it was asked; call
  // again. FAILED_PRECONDITION if a fence is above `revision`: the installation
  // has seen a newer policy than this one, which must not decide anything.
  // Owners that answered once are not asked again for the same revision.
  absl::Status Raise(uint64_t revision, SteadyTime deadline);

 private:
  const std::vector<rpc::OwnerControl*> owners_;
  rpc::AuditLog* const audit_;
  const Clock* const clock_;
  // By owner: the fence that it has answered.
  std::vector<uint64_t> raised_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_FENCE_RAISER_H_
