// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/entry_validation.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"

namespace keyward::policy {
namespace {

const ActionCatalog& Catalog() {
  static const auto& catalog =
      *new std::shared_ptr<const ActionCatalog>(PublicActions().value());
  return *catalog;
}

v1::Role GoodRole() {
  return TestRole("projects/abc/roles/reader.1", {"secrets.get", "versions.*"});
}
v1::Binding GoodBinding() {
  return TestBinding("projects/abc/bindings/b", "roles/auditor",
                     {"oidc:corp:alice"}, "projects/abc/secrets/a*");
}
v1::DenyRule GoodRule() {
  return TestDenyRule("projects/abc/denyRules/d", {"*"}, {"*"}, "projects/abc");
}

absl::Status Check(const v1::Role& role) {
  return ValidateRole(role, "projects/abc", Catalog(), "roles[0]");
}
absl::Status Check(const v1::Binding& binding) {
  return ValidateBinding(binding, "projects/abc", "bindings[0]");
}
absl::Status Check(const v1::DenyRule& rule) {
  return ValidateDenyRule(rule, "projects/abc", Catalog(), "deny_rules[0]");
}

// Refused, with a message that begins with the field.
template <typename Entry>
void ExpectRefused(const Entry& entry, absl::string_view field) {
  const absl::Status status = Check(entry);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StartsWith(status.message(), absl::StrCat(field, ":")))
      << status.message();
}

template <typename Entry>
void ExpectRefused(const Entry& good, absl::string_view field,
                   const std::function<void(Entry*)>& spoil) {
  Entry entry = good;
  spoil(&entry);
  ExpectRefused(entry, field);
}

TEST(EntryValidationTest, AcceptsGoodEntries) {
  EXPECT_TRUE(Check(GoodRole()).ok());
  EXPECT_TRUE(Check(GoodBinding()).ok());
  EXPECT_TRUE(Check(GoodRule()).ok());
}

TEST(EntryValidationTest, RefusesNamesOfOthers) {
  for (const char* name :
       {"", "b", "system/bindings/b", "projects/abd/bindings/b",
        "projects/abc/roles/b", "projects/abc/bindings/B",
        "projects/abc/bindings/b/c", "projects/abc/bindings/"}) {
    ExpectRefused<v1::Binding>(
        GoodBinding(), "bindings[0].name",
        [name](v1::Binding* binding) { binding->set_name(name); });
  }
  ExpectRefused<v1::Role>(GoodRole(), "roles[0].name", [](v1::Role* role) {
    role->set_name("roles/secrets.admin");
  });
  ExpectRefused<v1::DenyRule>(
      GoodRule(), "deny_rules[0].name",
      [](v1::DenyRule* rule) { rule->set_name("projects/abc/bindings/d"); });
}

TEST(EntryValidationTest, RefusesActionsThatDoNotExist) {
  for (const char* action : {"", "*", "secrets.steal", "secret.*", "secrets"}) {
    ExpectRefused<v1::Role>(
        GoodRole(), "roles[0].actions[1]",
        [action](v1::Role* role) { role->set_actions(1, action); });
  }
  ExpectRefused<v1::DenyRule>(
      GoodRule(), "deny_rules[0].actions[0]",
      [](v1::DenyRule* rule) { rule->set_actions(0, "secrets.steal"); });
}

TEST(EntryValidationTest, BoundsTheNumberOfActions) {
  ExpectRefused<v1::Role>(GoodRole(), "roles[0].actions",
                          [](v1::Role* role) { role->clear_actions(); });
  ExpectRefused<v1::Role>(GoodRole(), "roles[0].actions", [](v1::Role* role) {
    for (int i = 0; i < kMaxRoleActions; ++i) {
      role->add_actions(absl::StrCat("secrets.a", i));
    }
  });
}

TEST(EntryValidationTest, AcceptsRolesInReachAlone) {
  for (const char* role :
       {"roles/secrets.admin", "system/roles/r", "projects/abc/roles/r"}) {
    v1::Binding binding = GoodBinding();
    binding.set_role(role);
    EXPECT_TRUE(Check(binding).ok()) << role;
  }
  for (const char* role :
       {"", "secrets.admin", "roles/nosuch", "projects/abd/roles/r",
        "projects/abc/bindings/b", "system", "system/roles/A"}) {
    ExpectRefused<v1::Binding>(
        GoodBinding(), "bindings[0].role",
        [role](v1::Binding* binding) { binding->set_role(role); });
  }
}

TEST(EntryValidationTest, RefusesWhatIsNoPrincipalThatCanBeBound) {
  for (const char* principal :
       {"", "*", "alice", "system:store", "spiffe://example.org/*",
        "spiffe://Example.org/a", "oidc:corp:", "oidc:corp:a b"}) {
    ExpectRefused<v1::Binding>(GoodBinding(), "bindings[0].principals[0]",
                               [principal](v1::Binding* binding) {
                                 binding->set_principals(0, principal);
                               });
  }
  ExpectRefused<v1::DenyRule>(
      GoodRule(), "deny_rules[0].principals[1]",
      [](v1::DenyRule* rule) { rule->add_principals("system:rotation"); });
}

TEST(EntryValidationTest, BoundsTheNumberOfPrincipals) {
  ExpectRefused<v1::Binding>(
      GoodBinding(), "bindings[0].principals",
      [](v1::Binding* binding) { binding->clear_principals(); });
  v1::Binding binding = GoodBinding();
  while (binding.principals_size() < kMaxRulePrincipals) {
    binding.add_principals(
        absl::StrCat("oidc:corp:p", binding.principals_size()));
  }
  EXPECT_TRUE(Check(binding).ok());
  binding.add_principals("oidc:corp:one-more");
  ExpectRefused(binding, "bindings[0].principals");
}

TEST(EntryValidationTest, RefusesToNameSomeoneTwice) {
  ExpectRefused<v1::Binding>(
      GoodBinding(), "bindings[0].principals",
      [](v1::Binding* binding) { binding->add_principals("oidc:corp:alice"); });
}

TEST(EntryValidationTest, RefusesResourcesOutsideOfTheParent) {
  for (const char* resource :
       {"", "system", "projects/abd", "projects/*", "projects/abc*", "*",
        "projects/abc/secrets/a*b", "projects/abc/secrets/s/versions/1",
        "projects/abc/bindings/b"}) {
    ExpectRefused<v1::Binding>(
        GoodBinding(), "bindings[0].resource",
        [resource](v1::Binding* binding) { binding->set_resource(resource); });
  }
  ExpectRefused<v1::DenyRule>(
      GoodRule(), "deny_rules[0].resource",
      [](v1::DenyRule* rule) { rule->set_resource("projects/abcd"); });
}

TEST(EntryValidationTest, EntriesOfSystemReachEverywhere) {
  v1::Binding binding = GoodBinding();
  binding.set_name("system/bindings/b");
  for (const char* resource :
       {"system", "projects/*", "projects/abc", "projects/abc/keys/k"}) {
    binding.set_resource(resource);
    EXPECT_TRUE(ValidateBinding(binding, "system", "bindings[0]").ok())
        << resource;
  }
}

TEST(EntryValidationTest, ADenyRuleNamesSomeone) {
  v1::DenyRule rule = GoodRule();
  rule.clear_principals();
  ExpectRefused(rule, "deny_rules[0].principals");
  rule.add_credential_ids("sha256:00ff");
  EXPECT_TRUE(Check(rule).ok());
}

TEST(EntryValidationTest, RefusesIdsThatNoCredentialHas) {
  for (const std::string& id :
       {std::string(), std::string("a b"), std::string("a\nb"),
        std::string("\x7f"), std::string(257, 'a')}) {
    ExpectRefused<v1::DenyRule>(
        GoodRule(), "deny_rules[0].credential_ids[0]",
        [&id](v1::DenyRule* rule) { rule->add_credential_ids(id); });
  }
}

TEST(EntryValidationTest, RefusesTimesThatAreNone) {
  ExpectRefused<v1::Binding>(GoodBinding(), "bindings[0].expire_time",
                             [](v1::Binding* binding) {
                               binding->mutable_expire_time()->set_nanos(-1);
                             });
  ExpectRefused<v1::DenyRule>(
      GoodRule(), "deny_rules[0].expire_time", [](v1::DenyRule* rule) {
        rule->mutable_expire_time()->set_seconds(int64_t{1} << 60);
      });
}

TEST(EntryValidationTest, CountsCharactersAndNotBytesOfTexts) {
  std::string text;
  for (size_t i = 0; i < kMaxDescriptionChars; ++i) text += "\xc3\xa9";
  v1::Role role = GoodRole();
  role.set_description(text);
  EXPECT_TRUE(Check(role).ok());
  role.set_description(text + "x");
  ExpectRefused(role, "roles[0].description");
}

TEST(EntryValidationTest, RefusesControlCharactersInTexts) {
  ExpectRefused<v1::Binding>(
      GoodBinding(), "bindings[0].description",
      [](v1::Binding* binding) { binding->set_description("\x1b[2J"); });
}

TEST(EntryValidationTest, P8_RefusesFieldsOfALaterRelease) {
  ExpectRefused<v1::Binding>(
      GoodBinding(), "bindings[0]", [](v1::Binding* binding) {
        binding->GetReflection()->MutableUnknownFields(binding)->AddVarint(99,
                                                                           1);
      });
}

TEST(EntryValidationTest, ErrorsNeverRepeatTheValue) {
  v1::Binding binding = GoodBinding();
  binding.set_principals(0, "hunter2-pasted-by-mistake");
  EXPECT_FALSE(absl::StrContains(Check(binding).message(), "hunter2"));
  binding = GoodBinding();
  binding.set_resource("hunter2-pasted-by-mistake");
  EXPECT_FALSE(absl::StrContains(Check(binding).message(), "hunter2"));
}

}  // namespace
}  // namespace keyward::policy
