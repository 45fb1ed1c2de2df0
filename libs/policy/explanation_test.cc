// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/explanation.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"

namespace keyward::policy {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
constexpr char kAlice[] = "oidc:corp:alice";

template <typename... Entries>
std::string SentenceFor(absl::string_view action, Entries... entries) {
  const auto snapshot =
      PolicySnapshot::Compile(TestState(3, std::move(entries)...),
                              PublicActions().value())
          .value();
  return Explain(*snapshot, {kAlice, ""}, action,
                 TestName("projects/abc/secrets/s"), kNow)
      .sentence;
}

TEST(ExplanationTest, NamesTheBindingThatAllows) {
  EXPECT_EQ(SentenceFor(
                "secrets.access",
                TestBinding("projects/abc/bindings/b", "roles/secrets.accessor",
                            {kAlice}, "projects/abc/secrets/*",
                            absl::FromUnixSeconds(1700000060))),
            "Binding projects/abc/bindings/b gives oidc:corp:alice the role "
            "roles/secrets.accessor on projects/abc/secrets/*, which has "
            "secrets.access until 2023-11-14T22:14:20+00:00.");
}

TEST(ExplanationTest, NamesTheDenyRuleThatRefuses) {
  EXPECT_EQ(SentenceFor("secrets.access",
                        TestDenyRule("system/denyRules/d", {"*"}, {"secrets.*"},
                                     "projects/abc")),
            "Deny rule system/denyRules/d refuses secrets.access on "
            "projects/abc to oidc:corp:alice.");
}

TEST(ExplanationTest, NamesTheDenyRuleThatDoesNotBindAnAdministrator) {
  EXPECT_EQ(
      SentenceFor("policy.apply",
                  TestBinding("system/bindings/b", "roles/system.admin",
                              {kAlice}, "system"),
                  TestDenyRule("projects/abc/denyRules/d", {"*"}, {"*"},
                               "projects/abc")),
      "Binding system/bindings/b gives oidc:corp:alice the role "
      "roles/system.admin on system, which has policy.apply. Deny rule "
      "projects/abc/denyRules/d was made in a project, and so cannot refuse "
      "policy.apply to an administrator of system.");
}

TEST(ExplanationTest, NamesTheBindingThatHasExpired) {
  EXPECT_EQ(
      SentenceFor("secrets.access",
                  TestBinding("system/bindings/b", "roles/secrets.accessor",
                              {kAlice}, "system", kNow)),
      "Binding system/bindings/b gave oidc:corp:alice the role "
      "roles/secrets.accessor, which has secrets.access, and expired at "
      "2023-11-14T22:13:20+00:00.");
}

TEST(ExplanationTest, NamesTheRolesThatWouldDo) {
  EXPECT_EQ(SentenceFor("secrets.access"),
            "No binding gives oidc:corp:alice secrets.access on "
            "projects/abc/secrets/s or above it; these built-in roles have it: "
            "roles/project.admin, roles/secrets.accessor, roles/secrets.admin, "
            "roles/system.admin.");
}

TEST(ExplanationTest, SaysThatAnActionDoesNotExist) {
  EXPECT_EQ(SentenceFor("secrets.steal"), "There is no such action.");
}

TEST(ExplanationTest, CarriesTheDecisionThatItExplains) {
  const auto snapshot =
      PolicySnapshot::Compile(
          TestState(3, TestBinding("system/bindings/b", "roles/auditor",
                                   {kAlice}, "system")),
          PublicActions().value())
          .value();
  const Explanation explanation =
      Explain(*snapshot, {kAlice, ""}, "audit.read", TestName("system"), kNow);
  EXPECT_TRUE(explanation.decision.allowed);
  EXPECT_EQ(explanation.decision.rule, "system/bindings/b");
  EXPECT_EQ(explanation.decision.revision, 3u);
}

}  // namespace
}  // namespace keyward::policy
