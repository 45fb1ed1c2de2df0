// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/apply_policy.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/resource_name.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/entry_validation.h"
#include "services/policy/administrators.h"
#include "services/policy/delta_parts.h"
#include "services/policy/grant_check.h"
#include "services/policy/parent_etag.h"
#include "services/policy/policy_size.h"

namespace keyward::policy_service {
namespace {

using policy::ActionCatalog;
using policy::PolicyDelta;
using policy::PolicyEntry;
using policy::PolicyState;
using policy::v1::ApplyPolicyRequest;
using policy::v1::ApplyPolicyResponse;

std::string Path(absl::string_view field, int i) {
  return absl::StrCat(field, "[", i, "]");
}

absl::Status NoSuch(absl::string_view what) {
  return MakeError(absl::StatusCode::kNotFound, kNotFound,
                   absl::StrCat("there is no such ", what));
}

absl::Status ValidateSize(const ApplyPolicyRequest& request) {
  const size_t entries =
      static_cast<size_t>(request.roles_size() + request.bindings_size() +
                          request.deny_rules_size() + request.removed_size());
  if (entries > kMaxApplyEntries) {
    return FieldError("roles, bindings, deny_rules and removed",
                      absl::StrCat("must have at most ", kMaxApplyEntries,
                                   " elements together"));
  }
  if (request.ByteSizeLong() > kMaxApplyBytes) {
    return FieldError("request", "must be at most 768 KiB long");
  }
  return absl::OkStatus();
}

absl::Status ValidateRemovedName(const std::string& name,
                                 const std::string& parent,
                                 absl::string_view field) {
  const absl::StatusOr<ResourceName> parsed = ResourceName::Parse(name, field);
  if (!parsed.ok()) return parsed.status();
  const bool removable = parsed->kind() == ResourceKind::kRole ||
                         parsed->kind() == ResourceKind::kBinding ||
                         parsed->kind() == ResourceKind::kDenyRule;
  if (removable && policy::ParentOf(name) == parent) return absl::OkStatus();
  return FieldError(field,
                    "must be the name of a role, binding or deny rule under "
                    "parent");
}

// Every entry by itself; the names of all, each once, in `*names`.
absl::Status ValidateEntries(const ApplyPolicyRequest& request,
                             const ActionCatalog& catalog,
                             std::set<std::string>* names) {
  absl::Status status;
  const auto once = [&](const std::string& name, const std::string& field) {
    if (status.ok() && !names->insert(name).second) {
      status = FieldError(field, "must not name an entry twice");
    }
  };
  for (int i = 0; status.ok() && i < request.roles_size(); ++i) {
    status = policy::ValidateRole(request.roles(i), request.parent(), catalog,
                                  Path("roles", i));
    once(request.roles(i).name(), Path("roles", i));
  }
  for (int i = 0; status.ok() && i < request.bindings_size(); ++i) {
    status = policy::ValidateBinding(request.bindings(i), request.parent(),
                                     Path("bindings", i));
    once(request.bindings(i).name(), Path("bindings", i));
  }
  for (int i = 0; status.ok() && i < request.deny_rules_size(); ++i) {
    status = policy::ValidateDenyRule(request.deny_rules(i), request.parent(),
                                      catalog, Path("deny_rules", i));
    once(request.deny_rules(i).name(), Path("deny_rules", i));
  }
  for (int i = 0; status.ok() && i < request.removed_size(); ++i) {
    status = ValidateRemovedName(request.removed(i), request.parent(),
                                 Path("removed", i));
    once(request.removed(i), Path("removed", i));
  }
  return status;
}

// What the request changes, and how much of what.
struct Difference {
  PolicyDelta delta;
  int added = 0;
  int changed = 0;
};

template <typename T>
void Compare(const T& wanted, const T* present,
             T* (PolicyEntry::*mutable_entry)(), Difference* difference) {
  if (present != nullptr &&
      present->SerializeAsString() == wanted.SerializeAsString()) {
    return;
  }
  ++(present == nullptr ? difference->added : difference->changed);
  *(difference->delta.add_entries()->*mutable_entry)() = wanted;
}

template <typename T>
void RemoveOthers(const policy::EntryMap<T>& map, const std::string& parent,
                  const std::set<std::string>& named, PolicyDelta* delta) {
  for (auto it = map.lower_bound(absl::StrCat(parent, "/"));
       it != map.end() && policy::ParentOf(it->first) == parent; ++it) {
    if (named.count(it->first) == 0) delta->add_removed(it->first);
  }
}

absl::StatusOr<Difference> FindDifference(const PolicyState& state,
                                          const ApplyPolicyRequest& request,
                                          const std::set<std::string>& named) {
  Difference difference;
  for (int i = 0; i < request.removed_size(); ++i) {
    const std::string& name = request.removed(i);
    if (state.FindRole(name) == nullptr && state.FindBinding(name) == nullptr &&
        state.FindDenyRule(name) == nullptr) {
      return NoSuch(absl::StrCat("entry: ", Path("removed", i)));
    }
    difference.delta.add_removed(name);
  }
  for (const auto& role : request.roles()) {
    Compare(role, state.FindRole(role.name()), &PolicyEntry::mutable_role,
            &difference);
  }
  for (const auto& binding : request.bindings()) {
    Compare(binding, state.FindBinding(binding.name()),
            &PolicyEntry::mutable_binding, &difference);
  }
  for (const auto& rule : request.deny_rules()) {
    Compare(rule, state.FindDenyRule(rule.name()),
            &PolicyEntry::mutable_deny_rule, &difference);
  }
  if (request.replace_all()) {
    RemoveOthers(state.roles(), request.parent(), named, &difference.delta);
    RemoveOthers(state.bindings(), request.parent(), named, &difference.delta);
    RemoveOthers(state.deny_rules(), request.parent(), named,
                 &difference.delta);
  }
  return difference;
}

// Every binding that the request sets names a role that is there, and no
// binding is left that names a role that is not.
absl::Status CheckRoles(const PolicyState& after,
                        const ApplyPolicyRequest& request,
                        const PolicyDelta& delta) {
  for (int i = 0; i < request.bindings_size(); ++i) {
    const std::string& role = request.bindings(i).role();
    if (policy::FindBuiltinRole(role) == nullptr &&
        after.FindRole(role) == nullptr) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, kNotFound,
          absl::StrCat(Path("bindings", i), ".role: there is no such role"));
    }
  }
  const std::set<std::string> removed(delta.removed().begin(),
                                      delta.removed().end());
  size_t bound = 0;
  for (const auto& [name, binding] : after.bindings()) {
    bound += removed.count(binding->role());
  }
  if (bound == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, kRoleInUse,
                   absl::StrCat("a role that would be removed is still named "
                                "by ",
                                bound, " bindings"));
}

absl::Status CheckAdministrator(const PolicyState& after,
                                const ActionCatalog& catalog, absl::Time now) {
  if (!Administrators(after, catalog, now).empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, kLastAdministrator,
                   "nobody would be left to administer system: keep a binding "
                   "of system.admin on system that has not expired, for a "
                   "principal that no deny rule refuses policy.apply");
}

}  // namespace

absl::Status CheckParent(const PolicyState& state, const std::string& parent) {
  if (parent == "system") return absl::OkStatus();
  const policy::v1::Project* project = state.FindProject(parent);
  if (project == nullptr ||
      project->state() == policy::v1::PROJECT_STATE_DELETED) {
    return NoSuch("project");
  }
  return absl::OkStatus();
}

absl::StatusOr<ChangePlan> PlanApplyPolicy(
    const DurablePolicy& policy, const policy::PolicySnapshot& current,
    const policy::Caller& caller, const ApplyPolicyRequest& request,
    absl::Time now) {
  const PolicyState& state = *policy.state;
  const absl::StatusOr<ResourceName> parent =
      ResourceName::Parse(request.parent(), "parent");
  if (!parent.ok()) return parent.status();
  if (parent->kind() != ResourceKind::kSystem &&
      parent->kind() != ResourceKind::kProject) {
    return FieldError("parent", "must be 'system' or a project");
  }
  std::set<std::string> named;
  absl::Status status = ValidateSize(request);
  if (status.ok()) {
    status = ValidateEntries(request, current.catalog(), &named);
  }
  if (status.ok()) status = CheckParent(state, request.parent());
  if (status.ok()) {
    status =
        CheckParentEtag(request.etag(), ParentEtag(policy, request.parent()));
  }
  if (status.ok() && parent->kind() == ResourceKind::kProject) {
    status = current.CheckProject(*parent, /*creates=*/true);
  }
  if (!status.ok()) return status;

  absl::StatusOr<Difference> difference = FindDifference(state, request, named);
  if (!difference.ok()) return difference.status();
  PolicyDelta& delta = difference->delta;
  delta.set_revision(policy.revision() + 1);
  DurablePolicy next = policy;
  PolicyState after = state;
  status = after.Apply(delta);
  if (status.ok()) status = CheckRoles(after, request, delta);
  if (status.ok()) status = CheckGrants(current, after, delta, caller, now);
  if (status.ok() && parent->kind() == ResourceKind::kSystem) {
    status = CheckAdministrator(after, current.catalog(), now);
  }
  if (status.ok()) status = CheckPolicySize(state, after, request.parent());
  if (!status.ok()) return status;

  const bool changes = !delta.entries().empty() || !delta.removed().empty();
  if (changes) next.generations[request.parent()] = delta.revision();
  auto response = std::make_unique<ApplyPolicyResponse>();
  response->set_added(difference->added);
  response->set_changed(difference->changed);
  response->set_removed(delta.removed_size());
  response->set_revision(changes ? delta.revision() : policy.revision());
  response->set_etag(ParentEtag(next, request.parent()));
  ChangePlan plan;
  plan.validate_only = request.validate_only();
  if (plan.validate_only) {
    // Nothing becomes of it: what is in force is what was.
    response->set_revision(policy.revision());
    response->set_etag(ParentEtag(policy, request.parent()));
  }
  plan.response = std::move(response);
  if (changes) plan.delta = std::move(delta);
  return plan;
}

}  // namespace keyward::policy_service
