// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/explanation.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/policy/builtin_roles.h"

namespace keyward::policy {
namespace {

std::string Until(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "";
  return absl::StrCat(" until ", absl::FormatTime(absl::RFC3339_sec, time,
                                                  absl::UTCTimeZone()));
}

// "Deny rule R refuses secrets.access on projects/... to P."
std::string Refused(const PolicySnapshot& snapshot, const Caller& caller,
                    absl::string_view action, const Decision& decision) {
  const v1::DenyRule* rule = snapshot.state().FindDenyRule(decision.rule);
  const absl::string_view where = rule == nullptr
                                      ? absl::string_view("the resource")
                                      : absl::string_view(rule->resource());
  return absl::StrCat("Deny rule ", decision.rule, " refuses ", action, " on ",
                      where, " to ", caller.principal,
                      Until(decision.expire_time), ".");
}

std::string Allowed(const PolicySnapshot& snapshot, const Caller& caller,
                    absl::string_view action, const Decision& decision) {
  const v1::Binding* binding = snapshot.state().FindBinding(decision.rule);
  const absl::string_view where = binding == nullptr
                                      ? absl::string_view("the resource")
                                      : absl::string_view(binding->resource());
  const std::string allowed =
      absl::StrCat("Binding ", decision.rule, " gives ", caller.principal,
                   " the role ", decision.role, " on ", where, ", which has ",
                   action, Until(decision.expire_time), ".");
  if (decision.passed_over.empty()) return allowed;
  return absl::StrCat(allowed, " Deny rule ", decision.passed_over,
                      " was made in a project, and so cannot refuse ", action,
                      " to an administrator of system.");
}

std::string Missing(const PolicySnapshot& snapshot, const Caller& caller,
                    absl::string_view action, const ResourceName& resource) {
  const absl::optional<size_t> number = snapshot.catalog().Find(action);
  if (!number.has_value()) return "There is no such action.";
  // As if nothing ever expired: what allows it then has expired now.
  const Decision past =
      snapshot.Decide(caller, action, resource, absl::InfinitePast());
  if (past.allowed) {
    return absl::StrCat("Binding ", past.rule, " gave ", caller.principal,
                        " the role ", past.role, ", which has ", action,
                        ", and expired at ",
                        absl::FormatTime(absl::RFC3339_sec, past.expire_time,
                                         absl::UTCTimeZone()),
                        ".");
  }
  std::vector<absl::string_view> roles;
  for (const BuiltinRole& role : BuiltinRoles()) {
    for (const absl::string_view pattern : role.actions) {
      if (!snapshot.catalog().Expand(pattern).test(*number)) continue;
      roles.push_back(role.name);
      break;
    }
  }
  return absl::StrCat("No binding gives ", caller.principal, " ", action,
                      " on ", resource.ToString(),
                      " or above it; these built-in roles have it: ",
                      absl::StrJoin(roles, ", "), ".");
}

}  // namespace

Explanation Explain(const PolicySnapshot& snapshot, const Caller& caller,
                    absl::string_view action, const ResourceName& resource,
                    absl::Time now) {
  Explanation result;
  result.decision = snapshot.Decide(caller, action, resource, now);
  if (result.decision.allowed) {
    result.sentence = Allowed(snapshot, caller, action, result.decision);
  } else if (!result.decision.rule.empty()) {
    result.sentence = Refused(snapshot, caller, action, result.decision);
  } else {
    result.sentence = Missing(snapshot, caller, action, resource);
  }
  return result;
}

}  // namespace keyward::policy
