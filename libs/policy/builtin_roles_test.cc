// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/builtin_roles.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/policy/actions.h"
#include "libs/policy/public_actions.h"

namespace keyward::policy {
namespace {

ActionSet ActionsOf(absl::string_view name) {
  const auto catalog = PublicActions().value();
  ActionSet actions;
  for (const absl::string_view pattern : FindBuiltinRole(name)->actions) {
    actions |= catalog->Expand(pattern);
  }
  return actions;
}

bool Has(absl::string_view role, absl::string_view action) {
  return ActionsOf(role).test(*PublicActions().value()->Find(action));
}

TEST(BuiltinRolesTest, AreTheTenOfTheContractByName) {
  std::vector<std::string> names;
  for (const BuiltinRole& role : BuiltinRoles()) {
    names.emplace_back(role.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "roles/auditor", "roles/keys.admin",
                       "roles/policy.admin", "roles/policy.viewer",
                       "roles/project.admin", "roles/secrets.accessor",
                       "roles/secrets.admin", "roles/secrets.viewer",
                       "roles/secrets.writer", "roles/system.admin"}));
}

TEST(BuiltinRolesTest, NameNoActionThatDoesNotExist) {
  const auto catalog = PublicActions().value();
  for (const BuiltinRole& role : BuiltinRoles()) {
    for (const absl::string_view pattern : role.actions) {
      EXPECT_TRUE(catalog->Expand(pattern).any())
          << role.name << " " << pattern;
    }
    EXPECT_FALSE(role.description.empty());
  }
}

TEST(BuiltinRolesTest, OnlyTheAdministratorHoldsEverything) {
  EXPECT_EQ(ActionsOf(kSystemAdminRole).count(),
            PublicActions().value()->actions().size());
  EXPECT_FALSE(Has("roles/project.admin", "projects.create"));
  EXPECT_FALSE(Has("roles/project.admin", "operator.seal"));
  EXPECT_FALSE(Has("roles/project.admin", "audit.export"));
}

// Whose holders can open a value.
TEST(BuiltinRolesTest, ValuesAreReadByFourRolesAlone) {
  std::set<std::string> readers;
  for (const BuiltinRole& role : BuiltinRoles()) {
    if (Has(role.name, "secrets.access")) readers.emplace(role.name);
  }
  EXPECT_EQ(readers, (std::set<std::string>{
                         "roles/project.admin", "roles/secrets.accessor",
                         "roles/secrets.admin", "roles/system.admin"}));
}

TEST(BuiltinRolesTest, ThePolicyIsChangedByThreeRolesAlone) {
  std::set<std::string> changers;
  for (const BuiltinRole& role : BuiltinRoles()) {
    if (Has(role.name, "policy.apply")) changers.emplace(role.name);
  }
  EXPECT_EQ(changers,
            (std::set<std::string>{"roles/policy.admin", "roles/project.admin",
                                   "roles/system.admin"}));
}

TEST(BuiltinRolesTest, AnAccessorReadsAndWatchesAndNothingElse) {
  EXPECT_EQ(ActionsOf("roles/secrets.accessor").count(), 2u);
  EXPECT_TRUE(Has("roles/secrets.accessor", "secrets.access"));
  EXPECT_TRUE(Has("roles/secrets.accessor", "secrets.watch"));
}

TEST(BuiltinRolesTest, AWriterNeitherReadsNorDestroys) {
  for (const char* action : {"secrets.access", "secrets.delete",
                             "secrets.destroy", "versions.destroy"}) {
    EXPECT_FALSE(Has("roles/secrets.writer", action)) << action;
  }
  EXPECT_TRUE(Has("roles/secrets.writer", "secrets.addVersion"));
}

TEST(BuiltinRolesTest, FindsNoOtherRole) {
  EXPECT_EQ(FindBuiltinRole("roles/owner"), nullptr);
  EXPECT_EQ(FindBuiltinRole("system.admin"), nullptr);
}

}  // namespace
}  // namespace keyward::policy
