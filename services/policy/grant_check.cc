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
#include "libs/policy/proto_time.h"
#include "libs/policy/scope.h"

namespace keyward::policy_service {
namespace {

using policy::ActionCatalog;
using policy::ActionSet;
using policy::PolicyState;
using policy::v1::Binding;

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

bool NamesNobodyNew(const Binding& before, const Binding& after) {
  return std::all_of(after.principals().begin(), after.principals().end(),
                     [&before](const std::string& principal) {
                       return std::find(before.principals().begin(),
                                        before.principals().end(),
                                        principal) != before.principals().end();
                     });
}

// `after` gives nobody anything that `before` did not, its role's actions
// being the same.
bool GivesNothingNew(const Binding* before, const Binding& after) {
  return before != nullptr && before->role() == after.role() &&
         before->resource() == after.resource() &&
         policy::ExpireTime(*before) >= policy::ExpireTime(after) &&
         NamesNobodyNew(*before, after);
}

}  // namespace

absl::Status CheckGrants(const policy::PolicySnapshot& current,
                         const PolicyState& after,
                         const policy::PolicyDelta& delta,
                         const policy::Caller& caller, absl::Time now) {
  if (current.IsSystemAdministrator(caller, now)) return absl::OkStatus();
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
    size_t first = 0;
    while (!missing.test(first)) ++first;
    return MakeError(
        absl::StatusCode::kPermissionDenied, kPermissionDenied,
        absl::StrCat("you can grant only what you hold on the whole resource "
                     "yourself: the action ",
                     catalog.actions()[first], " is missing"),
        {{"action", catalog.actions()[first]}});
  }
  return absl::OkStatus();
}

}  // namespace keyward::policy_service
