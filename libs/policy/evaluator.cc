// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/evaluator.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/expire_time.h"

namespace keyward::policy {
namespace {

// Taken from an administrator, this action makes it none.
constexpr char kChangePolicy[] = "policy.apply";
// What it takes to find a deny rule and to take it away.
constexpr absl::string_view kMendingActions[] = {kChangePolicy, "policy.get"};

constexpr absl::string_view kSystem = "system";
constexpr char kEveryone[] = "*";

template <typename Patterns>
ActionSet ExpandAll(const ActionCatalog& catalog, const Patterns& patterns) {
  ActionSet actions;
  for (const auto& pattern : patterns) actions |= catalog.Expand(pattern);
  return actions;
}

template <typename Map>
const RuleIndex* IndexFor(const Map& indexes, absl::string_view key) {
  if (indexes.empty() || key.empty()) return nullptr;
  const auto found = indexes.find(key);
  return found == indexes.end() ? nullptr : &found->second;
}

// The name of the project that `resource` is, or lies in: the beginning of its
// own. Not for resources of no project.
absl::string_view ProjectNameOf(const ResourceName& resource) {
  constexpr absl::string_view kProjects = "projects/";
  return absl::string_view(resource.ToString())
      .substr(0, kProjects.size() + resource.project().size());
}

// What these deny rules refuse on some part of `scope`.
ActionSet RefusedIn(const RuleIndex& index, const Scope& scope,
                    absl::Time now) {
  ActionSet refused;
  index.ForEach([&](const Scope& at, const IndexedRule& rule) {
    if (rule.expire_time > now && at.Overlaps(scope)) refused |= rule.actions;
    return true;
  });
  return refused;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PolicySnapshot>> PolicySnapshot::Compile(
    std::shared_ptr<const PolicyState> state,
    std::shared_ptr<const ActionCatalog> catalog) {
  std::shared_ptr<PolicySnapshot> snapshot = absl::WrapUnique(
      new PolicySnapshot(std::move(state), std::move(catalog)));
  absl::Status status = snapshot->AddDenyRules();
  if (!status.ok()) return status;
  snapshot->AddRoles();
  snapshot->AddBindings();
  snapshot->Build();
  return std::shared_ptr<const PolicySnapshot>(std::move(snapshot));
}

void PolicySnapshot::DenialIndexes::Add(const v1::DenyRule& rule,
                                        const Scope& scope,
                                        const IndexedRule& indexed) {
  for (const std::string& principal : rule.principals()) {
    (principal == kEveryone ? of_all : by_principal[principal])
        .Add(scope, indexed);
  }
  for (const std::string& credential_id : rule.credential_ids()) {
    by_credential[credential_id].Add(scope, indexed);
  }
}

void PolicySnapshot::DenialIndexes::Build() {
  of_all.Build();
  for (RuleIndexes* indexes : {&by_principal, &by_credential}) {
    for (auto& [key, index] : *indexes) index.Build();
  }
}

const IndexedRule* PolicySnapshot::DenialIndexes::Find(
    const Caller& caller, size_t action, const ResourceName& resource,
    absl::Time now) const {
  for (const RuleIndex* index :
       {of_all.empty() ? nullptr : &of_all,
        IndexFor(by_principal, caller.principal),
        IndexFor(by_credential, caller.credential_id)}) {
    if (index == nullptr) continue;
    const IndexedRule* rule = index->Find(action, resource, now);
    if (rule != nullptr) return rule;
  }
  return nullptr;
}

absl::Status PolicySnapshot::AddDenyRules() {
  mending_ = ExpandAll(*catalog_, kMendingActions);
  for (const auto& [name, rule] : state_->deny_rules()) {
    const absl::StatusOr<Scope> scope =
        Scope::Parse(rule->resource(), "resource");
    if (!scope.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "deny rule ", name,
          " holds for a resource that this release does not understand"));
    }
    const IndexedRule indexed = {ExpandAll(*catalog_, rule->actions()),
                                 ExpireTime(*rule), name, ""};
    denials_.Add(*rule, *scope, indexed);
    if (ParentOf(name) == kSystem) {
      administrator_denials_.Add(*rule, *scope, indexed);
    }
  }
  return absl::OkStatus();
}

void PolicySnapshot::AddRoles() {
  for (const BuiltinRole& role : BuiltinRoles()) {
    roles_[role.name] = ExpandAll(*catalog_, role.actions);
  }
  for (const auto& [name, role] : state_->roles()) {
    roles_[name] = ExpandAll(*catalog_, role->actions());
  }
}

void PolicySnapshot::AddBindings() {
  for (const auto& [name, binding] : state_->bindings()) {
    const absl::StatusOr<Scope> scope =
        Scope::Parse(binding->resource(), "resource");
    const auto role = roles_.find(binding->role());
    if (!scope.ok() || role == roles_.end()) continue;
    const IndexedRule indexed = {role->second, ExpireTime(*binding), name,
                                 role->first};
    const bool administers =
        role->first == kSystemAdminRole && binding->resource() == kSystem;
    for (const std::string& principal : binding->principals()) {
      bindings_[principal].Add(*scope, indexed);
      if (!administers) continue;
      absl::Time& until =
          administrators_.try_emplace(principal, absl::InfinitePast())
              .first->second;
      until = std::max(until, indexed.expire_time);
    }
  }
}

void PolicySnapshot::Build() {
  for (auto& [principal, index] : bindings_) index.Build();
  denials_.Build();
  administrator_denials_.Build();
}

const PolicySnapshot::DenialIndexes& PolicySnapshot::DenialsFor(
    const Caller& caller, size_t action, absl::Time now) const {
  return mending_.test(action) && IsSystemAdministrator(caller, now)
             ? administrator_denials_
             : denials_;
}

const IndexedRule* PolicySnapshot::FindDenial(const Caller& caller,
                                              size_t action,
                                              const ResourceName& resource,
                                              absl::Time now) const {
  return DenialsFor(caller, action, now).Find(caller, action, resource, now);
}

Decision PolicySnapshot::Decide(const Caller& caller, absl::string_view action,
                                const ResourceName& resource,
                                absl::Time now) const {
  Decision decision;
  decision.revision = revision();
  const absl::optional<size_t> number = catalog_->Find(action);
  if (!number.has_value()) return decision;
  const IndexedRule* denial = denials_.Find(caller, *number, resource, now);
  const IndexedRule* rule = denial;
  // Most callers are refused by nothing, and nothing more is looked up.
  if (denial != nullptr) rule = FindDenial(caller, *number, resource, now);
  if (rule == nullptr) {
    const RuleIndex* index = IndexFor(bindings_, caller.principal);
    if (index != nullptr) rule = index->Find(*number, resource, now);
    decision.allowed = rule != nullptr;
  }
  if (rule != nullptr) {
    decision.rule = std::string(rule->name);
    decision.role = std::string(rule->role);
    decision.expire_time = rule->expire_time;
  }
  if (decision.allowed && denial != nullptr) {
    decision.passed_over = std::string(denial->name);
  }
  return decision;
}

bool PolicySnapshot::HoldsAnywhereUnder(const Caller& caller,
                                        absl::string_view action,
                                        const ResourceName& parent,
                                        absl::Time now) const {
  const absl::optional<size_t> number = catalog_->Find(action);
  const RuleIndex* index = IndexFor(bindings_, caller.principal);
  if (!number.has_value() || index == nullptr) return false;
  const Scope under = Scope::Of(parent);
  bool holds = false;
  index->ForEach([&](const Scope& scope, const IndexedRule& rule) {
    holds = rule.expire_time > now && rule.actions.test(*number) &&
            scope.Overlaps(under);
    return !holds;
  });
  // What refuses the parent refuses all that lies under it.
  return holds && FindDenial(caller, *number, parent, now) == nullptr;
}

ActionSet PolicySnapshot::EffectiveActions(const Caller& caller,
                                           const Scope& scope,
                                           absl::Time now) const {
  ActionSet held;
  if (const RuleIndex* index = IndexFor(bindings_, caller.principal)) {
    index->ForEach([&](const Scope& at, const IndexedRule& rule) {
      if (rule.expire_time > now && at.Covers(scope)) held |= rule.actions;
      return true;
    });
  }
  for (const RuleIndex* index :
       {IndexFor(denials_.by_principal, caller.principal),
        IndexFor(denials_.by_credential, caller.credential_id)}) {
    if (index != nullptr) held &= ~RefusedIn(*index, scope, now);
  }
  return held;
}

ActionSet PolicySnapshot::UsableActions(const Caller& caller,
                                        const Scope& scope,
                                        absl::Time now) const {
  return EffectiveActions(caller, scope, now) &
         ~RefusedIn(denials_.of_all, scope, now);
}

bool PolicySnapshot::IsSystemAdministrator(const Caller& caller,
                                           absl::Time now) const {
  const auto bound = administrators_.find(caller.principal);
  if (bound == administrators_.end() || bound->second <= now) return false;
  const absl::optional<size_t> change = catalog_->Find(kChangePolicy);
  // No rule made in a project holds for `system`.
  return !change.has_value() ||
         administrator_denials_.Find(caller, *change, ResourceName::System(),
                                     now) == nullptr;
}

std::vector<v1::CallerBinding> PolicySnapshot::CallerBindings(
    absl::string_view principal, absl::Time now, size_t limit) const {
  std::vector<v1::CallerBinding> bindings;
  const RuleIndex* index = IndexFor(bindings_, principal);
  if (index == nullptr) return bindings;
  index->ForEach([&](const Scope& scope, const IndexedRule& rule) {
    if (rule.expire_time <= now) return true;
    v1::CallerBinding& binding = bindings.emplace_back();
    binding.set_name(std::string(rule.name));
    binding.set_role(std::string(rule.role));
    binding.set_resource(scope.ToString());
    if (rule.expire_time != absl::InfiniteFuture()) {
      *binding.mutable_expire_time() = ToTimestamp(rule.expire_time);
    }
    return true;
  });
  std::sort(bindings.begin(), bindings.end(),
            [](const v1::CallerBinding& a, const v1::CallerBinding& b) {
              return a.name() < b.name();
            });
  if (bindings.size() > limit) bindings.resize(limit);
  return bindings;
}

ProjectFacts PolicySnapshot::FindProject(absl::string_view project_id) const {
  return FactsOf(absl::StrCat("projects/", project_id));
}

ProjectFacts PolicySnapshot::FactsOf(absl::string_view project_name) const {
  const v1::Project* project = state_->FindProject(project_name);
  if (project == nullptr) return {};
  return {project->uid(), project->state()};
}

std::string PolicySnapshot::ProjectUid(const ResourceName& resource) const {
  if (resource.project().empty()) return "";
  const ProjectFacts facts = FactsOf(ProjectNameOf(resource));
  return std::string(facts.state == v1::PROJECT_STATE_DELETED ? "" : facts.uid);
}

absl::Status PolicySnapshot::CheckProject(const ResourceName& resource,
                                          bool creates) const {
  if (resource.project().empty()) return absl::OkStatus();
  switch (FactsOf(ProjectNameOf(resource)).state) {
    case v1::PROJECT_STATE_ACTIVE:
      return absl::OkStatus();
    case v1::PROJECT_STATE_CLOSING:
      if (!creates) return absl::OkStatus();
      return MakeError(absl::StatusCode::kFailedPrecondition, kProjectClosing,
                       "the project is being deleted: nothing can be created "
                       "in it");
    default:
      return MakeError(absl::StatusCode::kNotFound, kNotFound,
                       "there is no such project");
  }
}

absl::Status DeniedError(absl::string_view action) {
  return MakeError(absl::StatusCode::kPermissionDenied, kPermissionDenied,
                   absl::StrCat("the action ", action,
                                " is missing on this resource, or there is no "
                                "such resource"),
                   {{"action", std::string(action)}});
}

}  // namespace keyward::policy
