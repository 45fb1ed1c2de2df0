// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_REFERENCE_EVALUATOR_FOR_TESTING_H_
#define KEYWARD_LIBS_POLICY_REFERENCE_EVALUATOR_FOR_TESTING_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/evaluator.h"
#include "libs/policy/expire_time.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy {

// The rules of a decision as policy.proto tells them, by walking every rule:
// slow, and so plain that it can be believed. The compiled evaluator must
// agree with it, also about which rule decides.
class ReferenceEvaluator {
 public:
  explicit ReferenceEvaluator(const PolicyState& state) : state_(state) {}

  Decision Decide(const Caller& caller, absl::string_view action,
                  const ResourceName& resource, absl::Time now) const {
    Decision decision;
    decision.revision = state_.revision();
    const std::vector<Candidate> denials =
        Denials(caller, action, resource, now);
    std::vector<Candidate> found = denials;
    const bool mends = action == "policy.get" || action == "policy.apply";
    if (mends && Administers(caller, now)) {
      found.erase(std::remove_if(found.begin(), found.end(),
                                 [](const Candidate& denial) {
                                   return !absl::StartsWith(denial.name,
                                                            "system/");
                                 }),
                  found.end());
    }
    if (found.empty()) {
      found = Bindings(caller, action, resource, now);
      decision.allowed = !found.empty();
    }
    if (found.empty()) return decision;
    const Candidate& best = *std::min_element(found.begin(), found.end());
    if (decision.allowed && !denials.empty()) {
      decision.passed_over =
          std::min_element(denials.begin(), denials.end())->name;
    }
    decision.rule = best.name;
    decision.role = best.role;
    decision.expire_time = best.expire_time;
    return decision;
  }

 private:
  struct Candidate {
    int whom = 0;  // Everyone, the principal, the credential.
    bool is_prefix = false;
    size_t scope_length = 0;  // The nearest scope has the longest name.
    absl::Time expire_time;
    std::string name;
    std::string role;

    // What decides goes first.
    bool operator<(const Candidate& o) const {
      return std::tie(whom, is_prefix, o.scope_length, o.expire_time, name) <
             std::tie(o.whom, o.is_prefix, scope_length, expire_time, o.name);
    }
  };

  static bool Has(absl::string_view pattern, absl::string_view action) {
    if (pattern == "*" || pattern == action) return true;
    return absl::EndsWith(pattern, ".*") &&
           action.substr(0, action.rfind('.')) ==
               pattern.substr(0, pattern.size() - 2);
  }

  template <typename Patterns>
  static bool HasAny(const Patterns& patterns, absl::string_view action) {
    return std::any_of(
        patterns.begin(), patterns.end(),
        [action](const auto& pattern) { return Has(pattern, action); });
  }

  template <typename Names>
  static bool Lists(const Names& names, absl::string_view name) {
    return !name.empty() &&
           std::find(names.begin(), names.end(), name) != names.end();
  }

  bool RoleHas(absl::string_view role, absl::string_view action) const {
    if (const BuiltinRole* builtin = FindBuiltinRole(role)) {
      return HasAny(builtin->actions, action);
    }
    const v1::Role* custom = state_.FindRole(role);
    return custom != nullptr && HasAny(custom->actions(), action);
  }

  static bool Holds(absl::string_view scope, const ResourceName& resource) {
    const absl::string_view name = resource.ToString();
    if (absl::EndsWith(scope, "*")) {
      return absl::StartsWith(name, scope.substr(0, scope.size() - 1));
    }
    return scope == "system" || name == scope ||
           absl::StartsWith(name, std::string(scope) + "/");
  }

  bool Administers(const Caller& caller, absl::Time now) const {
    const bool bound = std::any_of(
        state_.bindings().begin(), state_.bindings().end(),
        [&](const auto& named) {
          const v1::Binding& binding = *named.second;
          return binding.role() == kSystemAdminRole &&
                 binding.resource() == "system" && ExpireTime(binding) > now &&
                 Lists(binding.principals(), caller.principal);
        });
    return bound &&
           Denials(caller, "policy.apply", ResourceName::System(), now).empty();
  }

  template <typename Rule>
  static Candidate MakeCandidate(int whom, const Rule& rule,
                                 const std::string& role) {
    const std::string& scope = rule.resource();
    Candidate candidate;
    candidate.whom = whom;
    candidate.is_prefix = absl::EndsWith(scope, "*");
    candidate.scope_length = scope == "system" ? 0 : scope.size();
    candidate.expire_time = ExpireTime(rule);
    candidate.name = rule.name();
    candidate.role = role;
    return candidate;
  }

  std::vector<Candidate> Denials(const Caller& caller, absl::string_view action,
                                 const ResourceName& resource,
                                 absl::Time now) const {
    std::vector<Candidate> found;
    for (const auto& [name, rule] : state_.deny_rules()) {
      if (ExpireTime(*rule) <= now || !HasAny(rule->actions(), action) ||
          !Holds(rule->resource(), resource)) {
        continue;
      }
      if (Lists(rule->principals(), "*")) {
        found.push_back(MakeCandidate(0, *rule, ""));
      } else if (Lists(rule->principals(), caller.principal)) {
        found.push_back(MakeCandidate(1, *rule, ""));
      } else if (Lists(rule->credential_ids(), caller.credential_id)) {
        found.push_back(MakeCandidate(2, *rule, ""));
      }
    }
    return found;
  }

  std::vector<Candidate> Bindings(const Caller& caller,
                                  absl::string_view action,
                                  const ResourceName& resource,
                                  absl::Time now) const {
    std::vector<Candidate> found;
    for (const auto& [name, binding] : state_.bindings()) {
      if (ExpireTime(*binding) > now && RoleHas(binding->role(), action) &&
          Lists(binding->principals(), caller.principal) &&
          Holds(binding->resource(), resource)) {
        found.push_back(MakeCandidate(0, *binding, binding->role()));
      }
    }
    return found;
  }

  const PolicyState& state_;
};

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_REFERENCE_EVALUATOR_FOR_TESTING_H_
