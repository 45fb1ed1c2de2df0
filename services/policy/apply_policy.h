// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_APPLY_POLICY_H_
#define KEYWARD_SERVICES_POLICY_APPLY_POLICY_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/policy/evaluator.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/change_plan.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

// The bounds of ApplyPolicy in policy_service.proto.
inline constexpr size_t kMaxApplyEntries = 1000;
inline constexpr size_t kMaxApplyBytes = size_t{768} << 10;

// Plans ApplyPolicy on the newest policy, of which `current` is the compiled
// form. Pure.
//
// Errors, in this order of checks:
//   INVALID_ARGUMENT     a field, named; a name twice in the request
//   NOT_FOUND            no such parent; a removed entry that does not exist
//   ABORTED              the etag is another
//   FAILED_PRECONDITION  the project is closing; a binding names a role that
//                        does not exist, or a removed one; nobody would be
//                        administrator of `system`
//   PERMISSION_DENIED    the caller would grant what it does not hold
//   RESOURCE_EXHAUSTED   the policy would be too large (policy_size.h)
absl::StatusOr<ChangePlan> PlanApplyPolicy(
    const DurablePolicy& policy, const policy::PolicySnapshot& current,
    const policy::Caller& caller, const policy::v1::ApplyPolicyRequest& request,
    absl::Time now);

// OK if entries can be added to and read from `parent`: NOT_FOUND for a
// project that is deleted or never was.
absl::Status CheckParent(const policy::PolicyState& state,
                         const std::string& parent);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_APPLY_POLICY_H_
