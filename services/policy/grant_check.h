// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_GRANT_CHECK_H_
#define KEYWARD_SERVICES_POLICY_GRANT_CHECK_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/policy/evaluator.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {

// Whether `caller` may grant what turning `current` into `after` by `delta`
// grants. Whoever may change a policy must not become more by it: otherwise
// policy.apply on one project would be every action there is.
//
// The administrator of `system` may grant anything. Everyone else must hold,
// on the whole of a binding's resource, every action that the change gives
// somebody there: by a new binding, one with another role, resource or a later
// end, or one that names more principals; and by a role that gained actions,
// wherever it is bound.
//
// To weaken a deny rule is to grant what it refused: by removing it, by an
// earlier end, fewer actions, a narrower resource, or by naming fewer. Whoever
// does that must be able to do those actions on the whole of the rule's
// resource itself, which nobody is whom this rule or another one refuses them.
// So a rule on everyone is weakened by administrators of `system` alone. A
// rule that takes the place of another in the same change is not weighed
// against it: the names tell which was which.
//
// Taking bindings away, and adding or strengthening deny rules, needs no such
// right.
//
// PERMISSION_DENIED otherwise; it names an action that is missing and no rule.
absl::Status CheckGrants(const policy::PolicySnapshot& current,
                         const policy::PolicyState& after,
                         const policy::PolicyDelta& delta,
                         const policy::Caller& caller, absl::Time now);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_GRANT_CHECK_H_
