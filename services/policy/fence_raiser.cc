// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/fence_raiser.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"

namespace keyward::policy_service {
namespace {

// `fence` is what a service answered when asked for `revision`.
absl::Status CheckFence(uint64_t fence, uint64_t revision) {
  if (fence == revision) return absl::OkStatus();
  if (fence < revision) {
    return MakeError(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                     "a service answered a fence below the one it was asked "
                     "for");
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "policy revision ", fence,
      " has been in force, and policy's folder ends "
      "at revision ",
      revision,
      ": an older folder was put back. Restore all folders of one backup and "
      "start once with --restored, or run `keyward operator recover-admin`"));
}

}  // namespace

absl::Status FenceRaiser::Raise(uint64_t revision, SteadyTime deadline) {
  KEYWARD_FAULT_POINT("policy.fence.before_owners");
  for (size_t i = 0; i < owners_.size(); ++i) {
    if (raised_[i] == revision) continue;
    const absl::StatusOr<uint64_t> fence = owners_[i]->RaiseFence(
        revision, std::min(deadline, clock_->SteadyNow() + kAttempt));
    if (!fence.ok()) return fence.status();
    absl::Status status = CheckFence(*fence, revision);
    if (!status.ok()) return status;
    raised_[i] = revision;
  }
  KEYWARD_FAULT_POINT("policy.fence.owners_raised");
  const absl::StatusOr<uint64_t> fence = audit_->RaiseFence(
      revision, std::min(deadline, clock_->SteadyNow() + kAttempt));
  if (!fence.ok()) return fence.status();
  KEYWARD_FAULT_POINT("policy.fence.audit_raised");
  return CheckFence(*fence, revision);
}

}  // namespace keyward::policy_service
