// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/grant_check.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/expire_time.h"
#include "libs/policy/scope.h"

namespace keyward::policy_service {
namespace {

using policy::ActionCatalog;
using policy::ActionSet;
using policy::PolicyState;
using policy::v1::Binding;
using policy::v1::DenyRule;

constexpr char kEveryone[] = "*";

ActionSet RoleActions(const PolicyState& state, const ActionCatalog& catalog,
                      const std::string& name) {
  ActionSet actions;
  if (const policy::BuiltinRole* builtin = policy::FindBuiltinRole(name)) {
    for (const absl::string_view pattern : builtin->actions) {
      actions |= catalog.Expand(pattern);
    }
  } else if (const policy::v1::Role* role = state.FindRole(name)) {
    for (const std::string& pattern : role->actions()) {
      actions |= catalog.Expand(pattern);
    }
  }
  return actions;
}

// Every one of `some` is in `all`.
template <typename Names>
bool AreAmong(const Names& some, const Names& all) {
  return std::all_of(some.begin(), some.end(), [&all](const auto& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  });
}

// `after` gives nobody anything that `before` did not, its role's actions
// being the same.
bool GivesNothingNew(const Binding* before, const Binding& after) {
  return before != nullptr && before->role() == after.role() &&
         before->resource() == after.resource() &&
         policy::ExpireTime(*before) >= policy::ExpireTime(after) &&
         AreAmong(after.principals(), before->principals());
}

ActionSet RuleActions(const ActionCatalog& catalog, const DenyRule& rule) {
  ActionSet actions;
  for (const std::string& pattern : rule.actions()) {
    actions |= catalog.Expand(pattern);
  }
  return actions;
}

// `after` refuses its actions to all whom `before` refuses something, where
// and as long as that does.
bool BindsAsMany(const DenyRule& before, const policy::Scope& before_scope,
                 const DenyRule& after) {
  const absl::StatusOr<policy::Scope> after_scope =
      policy::Scope::Parse(after.resource(), "resource");
  if (!after_scope.ok() || !after_scope->Covers(before_scope) ||
      policy::ExpireTime(after) < policy::ExpireTime(before)) {
    return false;
  }
  const bool binds_everyone =
      std::find(after.principals().begin(), after.principals().end(),
                kEveryone) != after.principals().end();
  return binds_everyone ||
         (AreAmong(before.principals(), after.principals()) &&
          AreAmong(before.credential_ids(), after.credential_ids()));
}

absl::Status Missing(const ActionCatalog& catalog, const ActionSet& missing,
                     absl::string_view rule) {
  size_t first = 0;
  while (!missing.test(first)) ++first;
  return MakeError(absl::StatusCode::kPermissionDenied, kPermissionDenied,
                   absl::StrCat(rule, ": the action ", catalog.actions()[first],
                                " is missing"),
                   {{"action", catalog.actions()[first]}});
}

// OK if `caller` can do itself what the rule `name` refuses in `current` and
// no more in `after`.
absl::Status CheckWeakened(const policy::PolicySnapshot& current,
                           const PolicyState& after, absl::string_view name,
                           const policy::Caller& caller, absl::Time now) {
  const DenyRule* rule = current.state().FindDenyRule(name);
  if (rule == nullptr || policy::ExpireTime(*rule) <= now) {
    return absl::OkStatus();
  }
  const absl::StatusOr<policy::Scope> scope =
      policy::Scope::Parse(rule->resource(), "resource");
  if (!scope.ok()) return scope.status();
  ActionSet lifted = RuleActions(current.catalog(), *rule);
  const DenyRule* left = after.FindDenyRule(name);
  if (left != nullptr && BindsAsMany(*rule, *scope, *left)) {
    lifted &= ~RuleActions(current.catalog(), *left);
  }
  const ActionSet missing =
      lifted & ~current.UsableActions(caller, *scope, now);
  if (missing.none()) return absl::OkStatus();
  return Missing(current.catalog(), missing,
                 "you can weaken a deny rule only where you can do what it "
                 "refuses yourself");
}

// OK if `caller` holds what bindings, new, changed or of changed roles, give.
absl::Status CheckGiven(const policy::PolicySnapshot& current,
                        const PolicyState& after,
                        const policy::PolicyDelta& delta,
                        const policy::Caller& caller, absl::Time now) {
  const ActionCatalog& catalog = current.catalog();
  // What each binding gives that it did not give before.
  std::map<std::string, ActionSet> given;
  std::map<std::string, ActionSet> gained_by_role;
  for (const policy::PolicyEntry& entry : delta.entries()) {
    if (entry.has_role()) {
      const std::string& role = entry.role().name();
      gained_by_role[role] = RoleActions(after, catalog, role) &
                             ~RoleActions(current.state(), catalog, role);
    } else if (entry.has_binding()) {
      const Binding& binding = entry.binding();
      if (GivesNothingNew(current.state().FindBinding(binding.name()),
                          binding)) {
        continue;
      }
      given[binding.name()] = RoleActions(after, catalog, binding.role());
    }
  }
  for (const auto& [name, binding] : after.bindings()) {
    const auto role = gained_by_role.find(binding->role());
    if (role != gained_by_role.end()) given[name] |= role->second;
  }
  for (const auto& [name, actions] : given) {
    const Binding& binding = *after.FindBinding(name);
    if (policy::ExpireTime(binding) <= now) continue;
    const absl::StatusOr<policy::Scope> scope =
        policy::Scope::Parse(binding.resource(), "resource");
    if (!scope.ok()) return scope.status();
    const ActionSet missing =
        actions & ~current.EffectiveActions(caller, *scope, now);
    if (missing.none()) continue;
    return Missing(catalog, missing,
                   "you can grant only what you hold on the whole resource "
                   "yourself");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckGrants(const policy::PolicySnapshot& current,
                         const PolicyState& after,
                         const policy::PolicyDelta& delta,
                         const policy::Caller& caller, absl::Time now) {
  if (current.IsSystemAdministrator(caller, now)) return absl::OkStatus();
  for (const std::string& name : delta.removed()) {
    absl::Status status = CheckWeakened(current, after, name, caller, now);
    if (!status.ok()) return status;
  }
  for (const policy::PolicyEntry& entry : delta.entries()) {
    if (!entry.has_deny_rule()) continue;
    absl::Status status =
        CheckWeakened(current, after, entry.deny_rule().name(), caller, now);
    if (!status.ok()) return status;
  }
  return CheckGiven(current, after, delta, caller, now);
}

}  // namespace keyward::policy_service
