// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/grant_check.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"

namespace keyward::policy_service {
namespace {

using policy::TestBinding;
using policy::TestDenyRule;
using policy::TestEntry;
using policy::TestRole;

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
// Changes the policy of projects/abc, and reads its secrets that begin with
// pay-.
constexpr char kPat[] = "oidc:corp:pat";
constexpr char kEve[] = "oidc:corp:eve";

class GrantCheckTest : public testing::Test {
 protected:
  GrantCheckTest() {
    Add(TestBinding("system/bindings/admin", "roles/system.admin",
                    {"oidc:corp:admin"}, "system"));
    Add(TestBinding("projects/abc/bindings/pat-policy", "roles/policy.admin",
                    {kPat}, "projects/abc"));
    Add(TestBinding("projects/abc/bindings/pat-read", "roles/secrets.accessor",
                    {kPat}, "projects/abc/secrets/pay-*"));
  }

  template <typename Entry>
  void Add(Entry entry) {
    ASSERT_TRUE(state_.Put(TestEntry(std::move(entry))).ok());
  }

  // Whether `caller` may make the entries what they are given as.
  template <typename... Entries>
  absl::Status Check(absl::string_view caller, Entries... entries) {
    policy::PolicyDelta delta;
    (void)std::initializer_list<int>{
        (*delta.add_entries() = TestEntry(std::move(entries)), 0)...};
    return CheckDelta(caller, std::move(delta));
  }

  absl::Status CheckRemoval(absl::string_view caller, const std::string& name) {
    policy::PolicyDelta delta;
    delta.add_removed(name);
    return CheckDelta(caller, std::move(delta));
  }

  absl::Status CheckDelta(absl::string_view caller, policy::PolicyDelta delta) {
    state_.set_revision(1);
    delta.set_revision(2);
    policy::PolicyState after = state_;
    EXPECT_TRUE(after.Apply(delta).ok());
    const auto current =
        policy::PolicySnapshot::Compile(
            std::make_shared<const policy::PolicyState>(state_),
            policy::PublicActions().value())
            .value();
    return CheckGrants(*current, after, delta, {caller, "cred-1"}, kNow);
  }

  static policy::v1::Binding Read(const std::string& principal,
                                  const std::string& resource,
                                  absl::Time end = absl::InfiniteFuture()) {
    return TestBinding("projects/abc/bindings/new", "roles/secrets.accessor",
                       {principal}, resource, end);
  }

  policy::PolicyState state_;
};

TEST_F(GrantCheckTest, WhatIsHeldOnTheWholeResourceCanBeGranted) {
  EXPECT_TRUE(Check(kPat, Read(kEve, "projects/abc/secrets/pay-db")).ok());
  EXPECT_TRUE(Check(kPat, Read(kEve, "projects/abc/secrets/pay-*")).ok());
}

TEST_F(GrantCheckTest, MoreThanThatCannot) {
  for (const char* resource :
       {"projects/abc", "projects/abc/secrets/*", "projects/abc/secrets/pay*",
        "projects/abc/secrets/other"}) {
    const absl::Status status = Check(kPat, Read(kEve, resource));
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << resource;
    EXPECT_TRUE(absl::StrContains(status.message(), "secrets.access"));
  }
}

TEST_F(GrantCheckTest, NobodyGrantsItselfMore) {
  EXPECT_EQ(Check(kPat, Read(kPat, "projects/abc")).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(
      Check(kPat, TestBinding("projects/abc/bindings/x", "roles/project.admin",
                              {kPat}, "projects/abc"))
          .code(),
      absl::StatusCode::kPermissionDenied);
}

TEST_F(GrantCheckTest, TheAdministratorGrantsAnything) {
  EXPECT_TRUE(Check("oidc:corp:admin", Read(kEve, "projects/abc")).ok());
}

TEST_F(GrantCheckTest, TheErrorNamesNoRuleAndNoPrincipal) {
  const absl::Status status = Check(kPat, Read(kEve, "projects/abc"));
  for (const char* text : {"bindings", "eve", "admin", "projects/abc"}) {
    EXPECT_FALSE(absl::StrContains(status.message(), text)) << text;
  }
}

TEST_F(GrantCheckTest, AChangedBindingIsCheckedWhereItGivesMore) {
  const absl::Time end = kNow + absl::Hours(1);
  Add(Read(kEve, "projects/abc/secrets/other", end));
  // Pat does not hold what this binding gives, and may still make it less.
  EXPECT_TRUE(Check(kPat, Read(kEve, "projects/abc/secrets/other",
                               kNow + absl::Minutes(1)))
                  .ok());
  const absl::Status later = Check(
      kPat, Read(kEve, "projects/abc/secrets/other", end + absl::Hours(1)));
  EXPECT_EQ(later.code(), absl::StatusCode::kPermissionDenied);
  policy::v1::Binding more = Read(kEve, "projects/abc/secrets/other", end);
  more.add_principals(kPat);
  EXPECT_EQ(Check(kPat, more).code(), absl::StatusCode::kPermissionDenied);
  policy::v1::Binding role = Read(kEve, "projects/abc/secrets/other", end);
  role.set_role("roles/secrets.admin");
  EXPECT_EQ(Check(kPat, role).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, Read(kEve, "projects/abc", end)).code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(GrantCheckTest, AnExpiredBindingGrantsNothing) {
  EXPECT_TRUE(Check(kPat, Read(kEve, "projects/abc", kNow)).ok());
}

TEST_F(GrantCheckTest, ARoleThatGainsActionsIsCheckedWhereverItIsBound) {
  Add(TestRole("projects/abc/roles/r", {"policy.get"}));
  Add(TestBinding("projects/abc/bindings/r", "projects/abc/roles/r", {kPat},
                  "projects/abc"));
  EXPECT_EQ(Check(kPat, TestRole("projects/abc/roles/r",
                                 {"policy.get", "secrets.access"}))
                .code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, TestRole("projects/abc/roles/r", {"secrets.*"})).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Check(kPat, TestRole("projects/abc/roles/r",
                                   {"policy.get", "policy.explain"}))
                  .ok());
}

TEST_F(GrantCheckTest, ARoleAndItsBindingInOneChangeAreNoWayAround) {
  EXPECT_EQ(Check(kPat, TestRole("projects/abc/roles/r", {"secrets.access"}),
                  TestBinding("projects/abc/bindings/r", "projects/abc/roles/r",
                              {kPat}, "projects/abc"))
                .code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(GrantCheckTest, AnUnboundRoleGrantsNothing) {
  EXPECT_TRUE(
      Check(kPat, TestRole("projects/abc/roles/r", {"secrets.access"})).ok());
}

TEST_F(GrantCheckTest, WhatADenyRuleTakesFromTheCallerItCannotGrant) {
  Add(TestDenyRule("system/denyRules/d", {kPat}, {"secrets.access"},
                   "projects/abc/secrets/pay-prod"));
  EXPECT_EQ(Check(kPat, Read(kEve, "projects/abc/secrets/pay-*")).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Check(kPat, Read(kEve, "projects/abc/secrets/pay-dev")).ok());
}

// A rule of pay-* that refuses `principal` to read, as the tests weaken it.
policy::v1::DenyRule NoRead(const std::string& principal,
                            absl::Time end = absl::InfiniteFuture()) {
  return TestDenyRule("projects/abc/denyRules/d", {principal},
                      {"secrets.access"}, "projects/abc/secrets/pay-*", end);
}

TEST_F(GrantCheckTest, P8_NobodyWeakensADenyRuleOnItself) {
  const absl::Time end = kNow + absl::Hours(1);
  Add(NoRead(kPat, end));
  EXPECT_EQ(CheckRemoval(kPat, "projects/abc/denyRules/d").code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, NoRead(kEve, end)).code(),
            absl::StatusCode::kPermissionDenied);
  policy::v1::DenyRule other_action = NoRead(kPat, end);
  other_action.set_actions(0, "secrets.watch");
  EXPECT_EQ(Check(kPat, other_action).code(),
            absl::StatusCode::kPermissionDenied);
  policy::v1::DenyRule narrower = NoRead(kPat, end);
  narrower.set_resource("projects/abc/secrets/pay-db");
  EXPECT_EQ(Check(kPat, narrower).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, NoRead(kPat, end - absl::Seconds(1))).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, NoRead(kPat, kNow)).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(CheckRemoval("oidc:corp:admin", "projects/abc/denyRules/d").ok());
}

TEST_F(GrantCheckTest, P8_NobodyWeakensADenyRuleOnEveryoneOrItsCredential) {
  Add(NoRead("*"));
  EXPECT_EQ(CheckRemoval(kPat, "projects/abc/denyRules/d").code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(kPat, NoRead(kEve)).code(),
            absl::StatusCode::kPermissionDenied);
  policy::v1::DenyRule credential = NoRead(kEve);
  credential.clear_principals();
  credential.add_credential_ids("cred-1");
  Add(credential);
  EXPECT_EQ(CheckRemoval(kPat, "projects/abc/denyRules/d").code(),
            absl::StatusCode::kPermissionDenied);
  credential.set_credential_ids(0, "cred-2");
  EXPECT_EQ(Check(kPat, credential).code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(GrantCheckTest, WhoCanDoItItselfMayLiftItsRefusalToOthers) {
  Add(NoRead(kEve));
  EXPECT_TRUE(CheckRemoval(kPat, "projects/abc/denyRules/d").ok());
  EXPECT_TRUE(Check(kPat, NoRead("oidc:corp:mallory")).ok());
}

TEST_F(GrantCheckTest, WhatTheCallerCannotDoItCannotStopRefusing) {
  policy::v1::DenyRule rule = NoRead(kEve);
  rule.set_resource("projects/abc");
  Add(rule);
  const absl::Status status = CheckRemoval(kPat, rule.name());
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "you can weaken a deny rule only where you can do what it refuses "
            "yourself: the action secrets.access is missing");
  // Only what is lifted counts: the rest may be what the caller cannot do.
  rule.add_actions("policy.get");
  Add(rule);
  rule.mutable_actions()->RemoveLast();
  EXPECT_TRUE(Check(kPat, rule).ok());
}

TEST_F(GrantCheckTest, StrengtheningADenyRuleNeedsNoRight) {
  const absl::Time end = kNow + absl::Hours(1);
  policy::v1::DenyRule rule = NoRead(kPat, end);
  rule.add_credential_ids("cred-2");
  Add(rule);
  policy::v1::DenyRule stronger =
      TestDenyRule(rule.name(), {kEve, kPat}, {"secrets.*"},
                   "projects/abc/secrets/*", end + absl::Hours(1));
  stronger.add_credential_ids("cred-2");
  EXPECT_TRUE(Check(kPat, stronger).ok());
  EXPECT_TRUE(
      Check(kPat, TestDenyRule(rule.name(), {"*"}, {"*"}, "projects/abc"))
          .ok());
}

TEST_F(GrantCheckTest, AnExpiredDenyRuleCanBeRemoved) {
  Add(NoRead(kPat, kNow));
  EXPECT_TRUE(CheckRemoval(kPat, "projects/abc/denyRules/d").ok());
}

TEST_F(GrantCheckTest, DenyRulesNeedNoRightOfTheirOwn) {
  EXPECT_TRUE(Check(kPat, TestDenyRule("projects/abc/denyRules/d", {kEve},
                                       {"*"}, "projects/abc"))
                  .ok());
}

}  // namespace
}  // namespace keyward::policy_service
