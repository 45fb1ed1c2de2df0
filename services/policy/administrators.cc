// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/administrators.h"

#include <algorithm>

#include "libs/policy/builtin_roles.h"
#include "libs/policy/proto_time.h"

namespace keyward::policy_service {
namespace {

using policy::v1::Binding;
using policy::v1::DenyRule;

constexpr absl::string_view kSystem = "system";
constexpr char kEveryone[] = "*";
constexpr char kChangePolicy[] = "policy.apply";

// Only a rule on `system` itself refuses anything on `system`.
bool RefusesPolicyChanges(const DenyRule& rule,
                          const policy::ActionCatalog& catalog,
                          absl::Time now) {
  const absl::optional<size_t> change = catalog.Find(kChangePolicy);
  if (!change.has_value() || rule.resource() != kSystem ||
      policy::ExpireTime(rule) <= now) {
    return false;
  }
  return std::any_of(rule.actions().begin(), rule.actions().end(),
                     [&](const std::string& pattern) {
                       return catalog.Expand(pattern).test(*change);
                     });
}

bool Names(const DenyRule& rule, absl::string_view principal) {
  return std::any_of(rule.principals().begin(), rule.principals().end(),
                     [&](const std::string& named) {
                       return named == kEveryone || named == principal;
                     });
}

}  // namespace

std::set<std::string> Administrators(const policy::PolicyState& state,
                                     const policy::ActionCatalog& catalog,
                                     absl::Time now) {
  std::set<std::string> administrators;
  for (const auto& [name, binding] : state.bindings()) {
    if (binding->role() == policy::kSystemAdminRole &&
        binding->resource() == kSystem && policy::ExpireTime(*binding) > now) {
      administrators.insert(binding->principals().begin(),
                            binding->principals().end());
    }
  }
  for (const auto& [name, rule] : state.deny_rules()) {
    if (!RefusesPolicyChanges(*rule, catalog, now)) continue;
    for (auto it = administrators.begin(); it != administrators.end();) {
      it = Names(*rule, *it) ? administrators.erase(it) : std::next(it);
    }
  }
  return administrators;
}

std::vector<std::string> RulesAgainstAdministrator(
    const policy::PolicyState& state, const policy::ActionCatalog& catalog,
    absl::string_view principal, absl::Time now) {
  std::vector<std::string> rules;
  for (const auto& [name, rule] : state.deny_rules()) {
    if (RefusesPolicyChanges(*rule, catalog, now) && Names(*rule, principal)) {
      rules.push_back(name);
    }
  }
  return rules;
}

}  // namespace keyward::policy_service
