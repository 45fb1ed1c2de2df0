// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_BUILTIN_ROLES_H_
#define KEYWARD_LIBS_POLICY_BUILTIN_ROLES_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace keyward::policy {

// A role that every installation has and nobody can change.
struct BuiltinRole {
  // "roles/secrets.accessor".
  absl::string_view name;
  // Actions and `KIND.*`; `*`, in system.admin alone, is every action.
  std::vector<absl::string_view> actions;
  // One line for people.
  absl::string_view description;
};

// The role that makes its holder on `system` the administrator, who may grant
// what it likes and without whom `system` must never be.
inline constexpr absl::string_view kSystemAdminRole = "roles/system.admin";

// All of them, by name. What each is for, and what it leaves out on purpose:
//
//   role              actions                      never
//   ----------------  ---------------------------  ---------------------------
//   auditor           audit.* policy.get           anything about secrets,
//                     policy.explain projects.get  changes
//                     operator.status
//   keys.admin        keys.* projects.get          secrets, their values
//   policy.admin      policy.* projects.get        values; it grants only what
//                                                  it holds itself
//   policy.viewer     policy.get policy.explain    changes
//                     projects.get
//   project.admin     projects.get projects.delete creating projects, what
//                     secrets.* versions.* keys.*  concerns the installation
//                     policy.* audit.read
//   secrets.accessor  secrets.access secrets.watch listing, metadata, changes
//   secrets.admin     secrets.* versions.*         policy, other changes of
//                     keys.get keys.list keys.use  keys
//                     projects.get
//   secrets.viewer    secrets.get secrets.list     values, changes
//                     secrets.watch versions.get
//                     versions.list projects.get
//   secrets.writer    secrets.create secrets.get   reading values, deleting,
//                     secrets.list secrets.update  destroying
//                     secrets.addVersion
//                     secrets.watch versions.get
//                     versions.list
//                     versions.promote
//                     projects.get
//   system.admin      *                            -
//
// An accessor watches too: whoever reads a credential must learn that it
// changed, and a watch shows names and version numbers of what it may read,
// never values.
const std::vector<BuiltinRole>& BuiltinRoles();

// The role with this name, or null.
const BuiltinRole* FindBuiltinRole(absl::string_view name);

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_BUILTIN_ROLES_H_
