// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_POLICY_FOR_TESTING_H_
#define KEYWARD_LIBS_POLICY_POLICY_FOR_TESTING_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/policy_model.h"
#include "proto/keyward/policy/v1/policy.pb.h"

namespace keyward::policy {

// Policies in a line, for tests. What cannot be built aborts.

inline v1::Project TestProject(
    absl::string_view id, v1::ProjectState state = v1::PROJECT_STATE_ACTIVE) {
  v1::Project project;
  project.set_name(absl::StrCat("projects/", id));
  project.set_uid(absl::StrCat("uid-of-", id));
  project.set_state(state);
  return project;
}

inline v1::Role TestRole(absl::string_view name,
                         std::vector<std::string> actions) {
  v1::Role role;
  role.set_name(std::string(name));
  for (std::string& action : actions) role.add_actions(std::move(action));
  return role;
}

inline v1::Binding TestBinding(absl::string_view name, absl::string_view role,
                               std::vector<std::string> principals,
                               absl::string_view resource,
                               absl::Time expire = absl::InfiniteFuture()) {
  v1::Binding binding;
  binding.set_name(std::string(name));
  binding.set_role(std::string(role));
  for (std::string& p : principals) binding.add_principals(std::move(p));
  binding.set_resource(std::string(resource));
  if (expire != absl::InfiniteFuture()) {
    *binding.mutable_expire_time() = ToTimestamp(expire);
  }
  return binding;
}

inline v1::DenyRule TestDenyRule(absl::string_view name,
                                 std::vector<std::string> principals,
                                 std::vector<std::string> actions,
                                 absl::string_view resource,
                                 absl::Time expire = absl::InfiniteFuture()) {
  v1::DenyRule rule;
  rule.set_name(std::string(name));
  for (std::string& p : principals) rule.add_principals(std::move(p));
  for (std::string& action : actions) rule.add_actions(std::move(action));
  rule.set_resource(std::string(resource));
  if (expire != absl::InfiniteFuture()) {
    *rule.mutable_expire_time() = ToTimestamp(expire);
  }
  return rule;
}

inline PolicyEntry TestEntry(v1::Project project) {
  PolicyEntry entry;
  *entry.mutable_project() = std::move(project);
  return entry;
}
inline PolicyEntry TestEntry(v1::Role role) {
  PolicyEntry entry;
  *entry.mutable_role() = std::move(role);
  return entry;
}
inline PolicyEntry TestEntry(v1::Binding binding) {
  PolicyEntry entry;
  *entry.mutable_binding() = std::move(binding);
  return entry;
}
inline PolicyEntry TestEntry(v1::DenyRule rule) {
  PolicyEntry entry;
  *entry.mutable_deny_rule() = std::move(rule);
  return entry;
}

// A policy of these entries at `revision`.
template <typename... Entries>
std::shared_ptr<const PolicyState> TestState(uint64_t revision,
                                             Entries... entries) {
  auto state = std::make_shared<PolicyState>();
  if (!(state->Put(TestEntry(std::move(entries))).ok() && ...)) std::abort();
  state->set_revision(revision);
  return state;
}

inline ResourceName TestName(absl::string_view name) {
  return ResourceName::Parse(name).value();
}

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_POLICY_FOR_TESTING_H_
