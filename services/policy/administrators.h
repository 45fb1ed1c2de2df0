// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_
#define KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_

#include <set>
#include <string>
#include <vector>

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

// The deny rules of `system` that keep `principal` from administering it.
std::vector<std::string> RulesAgainstAdministrator(
    const policy::PolicyState& state, const policy::ActionCatalog& catalog,
    absl::string_view principal, absl::Time now);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_ADMINISTRATORS_H_
