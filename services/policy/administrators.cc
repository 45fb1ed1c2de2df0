// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/administrators.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "libs/policy/builtin_roles.h"
#include "libs/policy/expire_time.h"

namespace keyward::policy_service {
namespace {

using policy::v1::Binding;
using policy::v1::DenyRule;

constexpr absl::string_view kSystem = "system";
constexpr char kEveryone[] = "*";
constexpr char kChangePolicy[] = "policy.apply";
constexpr char kReadPolicy[] = "policy.get";

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

// `rule` without `spared`: patterns that have none of it stay, others are
// spelled out.
DenyRule Without(const DenyRule& rule, const policy::ActionCatalog& catalog,
                 const policy::ActionSet& spared) {
  DenyRule narrowed = rule;
  narrowed.clear_actions();
  policy::ActionSet kept;
  policy::ActionSet spelled;
  for (const std::string& pattern : rule.actions()) {
    const policy::ActionSet actions = catalog.Expand(pattern);
    if ((actions & spared).any()) {
      spelled |= actions & ~spared;
    } else {
      narrowed.add_actions(pattern);
      kept |= actions;
    }
  }
  for (size_t i = 0; i < catalog.actions().size(); ++i) {
    if (spelled.test(i) && !kept.test(i)) {
      narrowed.add_actions(catalog.actions()[i]);
    }
  }
  return narrowed;
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

policy::PolicyDelta SpareAdministrator(const policy::PolicyState& state,
                                       const policy::ActionCatalog& catalog,
                                       absl::string_view principal,
                                       absl::Time now) {
  const policy::ActionSet spared =
      catalog.Expand(kChangePolicy) | catalog.Expand(kReadPolicy);
  policy::PolicyDelta delta;
  for (const auto& [name, rule] : state.deny_rules()) {
    if (policy::ParentOf(name) != kSystem || policy::ExpireTime(*rule) <= now ||
        !Names(*rule, principal)) {
      continue;
    }
    DenyRule narrowed = Without(*rule, catalog, spared);
    if (narrowed.actions().empty()) {
      delta.add_removed(name);
    } else if (narrowed.SerializeAsString() != rule->SerializeAsString()) {
      *delta.add_entries()->mutable_deny_rule() = std::move(narrowed);
    }
  }
  return delta;
}

}  // namespace keyward::policy_service
