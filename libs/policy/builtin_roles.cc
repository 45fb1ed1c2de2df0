// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/builtin_roles.h"

#include <vector>

namespace keyward::policy {

const std::vector<BuiltinRole>& BuiltinRoles() {
  // Never destroyed: evaluators of other threads may outlive main.
  static const auto& roles = *new std::vector<BuiltinRole>{
      {"roles/auditor",
       {"audit.*", "policy.get", "policy.explain", "projects.get",
        "operator.status"},
       "Reads and exports the audit log, and reads the policy."},
      {"roles/keys.admin",
       {"keys.*", "projects.get"},
       "Manages key-encryption keys."},
      {"roles/policy.admin",
       {"policy.*", "projects.get"},
       "Changes the policy, granting only what it holds itself."},
      {"roles/policy.viewer",
       {"policy.get", "policy.explain", "projects.get"},
       "Reads the policy and asks for explanations."},
      {"roles/project.admin",
       {"projects.get", "projects.delete", "secrets.*", "versions.*", "keys.*",
        "policy.*", "audit.read"},
       "Does everything in a project, deleting it included."},
      {"roles/secrets.accessor",
       {"secrets.access", "secrets.watch"},
       "Reads values of secrets and learns when they change."},
      {"roles/secrets.admin",
       {"secrets.*", "versions.*", "keys.get", "keys.list", "keys.use",
        "projects.get"},
       "Does everything with secrets and their versions."},
      {"roles/secrets.viewer",
       {"secrets.get", "secrets.list", "secrets.watch", "versions.get",
        "versions.list", "projects.get"},
       "Sees secrets and versions, but no values."},
      {"roles/secrets.writer",
       {"secrets.create", "secrets.get", "secrets.list", "secrets.update",
        "secrets.addVersion", "secrets.watch", "versions.get", "versions.list",
        "versions.promote", "projects.get"},
       "Creates secrets and adds versions, but reads no values."},
      {kSystemAdminRole, {"*"}, "Does everything."},
  };
  return roles;
}

const BuiltinRole* FindBuiltinRole(absl::string_view name) {
  for (const BuiltinRole& role : BuiltinRoles()) {
    if (role.name == name) return &role;
  }
  return nullptr;
}

}  // namespace keyward::policy
