// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_
#define KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/policy/actions.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {

// The principals that administer `system` at `now`: bound to system.admin on
// `system` by a binding that has not expired, and not refused policy.apply
// there by a deny rule that names them or everyone. Without one nobody could
// ever change the policy of `system` again. Linear in the policy.
std::set<std::string> Administrators(const policy::PolicyState& state,
                                     const policy::ActionCatalog& catalog,
                                     absl::Time now);

// What deny rules must become so that none takes policy.get or policy.apply
// from `principal` once it is administrator, on whatever resource it holds:
// each that names it or everyone loses those two actions and keeps all others,
// a pattern being spelled out for that, so that nothing else is opened to
// anybody; one that refuses nothing else is removed. Rules made in projects
// stay as they are: they do not bind administrators
// (policy::PolicySnapshot). So do rules that name credentials, since nobody
// can say here whose they are: another credential passes them.
//
// The delta has no revision. Linear in the policy.
policy::PolicyDelta SpareAdministrator(const policy::PolicyState& state,
                                       const policy::ActionCatalog& catalog,
                                       absl::string_view principal,
                                       absl::Time now);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_
