// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_SIZE_H_
#define KEYWARD_SERVICES_POLICY_POLICY_SIZE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {

// How large a policy may grow. Every gateway holds all of it, so all tenants
// share one bound; the shares below keep one of them from using up what others
// need, a revocation most of all.

// Principals and credential ids that all bindings and deny rules may name
// together: a gateway holds an index entry of about 250 bytes for each. The
// bound of entries is policy::kMaxPolicyEntries.
inline constexpr size_t kMaxPolicyMentions = 1000000;

// Of one project's roles, bindings and deny rules: a tenth of the whole.
inline constexpr size_t kMaxProjectEntries = policy::kMaxPolicyEntries / 10;
inline constexpr size_t kMaxProjectMentions = kMaxPolicyMentions / 10;

// What no project's entries may take: for those of `system`, and for projects
// themselves.
inline constexpr size_t kSystemEntries = policy::kMaxPolicyEntries / 10;
inline constexpr size_t kSystemMentions = kMaxPolicyMentions / 10;

// RESOURCE_EXHAUSTED if a change of the entries of `parent`, from `before` to
// `after`, grows what is above a bound: of the whole policy, and for a
// project's entries of that project and of all projects together. What does
// not grow is never refused, so that a policy that is too large, under a
// release with other bounds, can be made smaller. Linear in the policy.
absl::Status CheckPolicySize(const policy::PolicyState& before,
                             const policy::PolicyState& after,
                             absl::string_view parent);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_SIZE_H_
