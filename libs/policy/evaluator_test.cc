// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/evaluator.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"

namespace keyward::policy {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
constexpr char kAlice[] = "spiffe://example.org/alice";
constexpr char kBob[] = "oidc:corp:bob";

std::shared_ptr<const PolicySnapshot> Compile(
    std::shared_ptr<const PolicyState> state) {
  return PolicySnapshot::Compile(std::move(state), PublicActions().value())
      .value();
}

template <typename... Entries>
std::shared_ptr<const PolicySnapshot> SnapshotOf(Entries... entries) {
  return Compile(TestState(7, std::move(entries)...));
}

bool Allows(const PolicySnapshot& snapshot, absl::string_view principal,
            absl::string_view action, absl::string_view resource) {
  return snapshot
      .Decide({principal, "cred-1"}, action, TestName(resource), kNow)
      .allowed;
}

TEST(EvaluatorTest, P8_RefusesEverythingWithoutAPolicy) {
  const auto snapshot = SnapshotOf();
  const Decision decision = snapshot->Decide(
      {kAlice, ""}, "secrets.access", TestName("projects/abc/secrets/s"), kNow);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.rule, "");
  EXPECT_EQ(decision.revision, 7u);
}

TEST(EvaluatorTest, NamesTheBindingAndRoleThatAllow) {
  const auto snapshot = SnapshotOf(TestBinding(
      "projects/abc/bindings/read", "roles/secrets.accessor", {kBob, kAlice},
      "projects/abc/secrets/pay-*", kNow + absl::Hours(1)));
  const Decision decision = snapshot->Decide(
      {kAlice, ""}, "secrets.access",
      TestName("projects/abc/secrets/pay-db/versions/3"), kNow);
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.rule, "projects/abc/bindings/read");
  EXPECT_EQ(decision.role, "roles/secrets.accessor");
  EXPECT_EQ(decision.expire_time, kNow + absl::Hours(1));
}

TEST(EvaluatorTest, ABindingGivesNothingBeyondPrincipalActionAndScope) {
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/read", "roles/secrets.accessor",
                             {kAlice}, "projects/abc/secrets/s"));
  EXPECT_TRUE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abc/secrets/s"));
  EXPECT_FALSE(
      Allows(*snapshot, kBob, "secrets.access", "projects/abc/secrets/s"));
  EXPECT_FALSE(
      Allows(*snapshot, "", "secrets.access", "projects/abc/secrets/s"));
  EXPECT_FALSE(
      Allows(*snapshot, kAlice, "secrets.delete", "projects/abc/secrets/s"));
  EXPECT_FALSE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abc/secrets/st"));
  EXPECT_FALSE(Allows(*snapshot, kAlice, "secrets.access", "projects/abc"));
  EXPECT_FALSE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abd/secrets/s"));
}

TEST(EvaluatorTest, P8_RefusesAnActionThatNoContractNames) {
  const auto snapshot = SnapshotOf(TestBinding(
      "system/bindings/admin", "roles/system.admin", {kAlice}, "system"));
  EXPECT_TRUE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abc/secrets/s"));
  for (const char* action : {"", "*", "secrets.*", "secrets.nosuch"}) {
    EXPECT_FALSE(Allows(*snapshot, kAlice, action, "projects/abc/secrets/s"))
        << action;
  }
}

TEST(EvaluatorTest, ADenyRuleWinsOverAnyBinding) {
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/admin", "roles/system.admin",
                             {kAlice}, "system"),
                 TestDenyRule("projects/abc/denyRules/no", {kAlice},
                              {"secrets.*"}, "projects/abc/secrets/prod-*"));
  const Decision decision =
      snapshot->Decide({kAlice, ""}, "secrets.access",
                       TestName("projects/abc/secrets/prod-db"), kNow);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.rule, "projects/abc/denyRules/no");
  EXPECT_EQ(decision.role, "");
  EXPECT_TRUE(Allows(*snapshot, kAlice, "versions.get",
                     "projects/abc/secrets/prod-db"));
  EXPECT_TRUE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abc/secrets/dev"));
}

TEST(EvaluatorTest, ADenyRuleOnEveryoneRefusesEveryone) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/admin", "roles/system.admin", {kAlice, kBob},
                  "system"),
      TestDenyRule("system/denyRules/freeze", {"*"}, {"*"}, "projects/abc"));
  EXPECT_FALSE(Allows(*snapshot, kAlice, "secrets.get", "projects/abc/keys/k"));
  EXPECT_FALSE(Allows(*snapshot, kBob, "policy.get", "projects/abc"));
  EXPECT_TRUE(Allows(*snapshot, kBob, "policy.get", "system"));
}

TEST(EvaluatorTest, ADenyRuleOnACredentialRefusesThatCredentialAlone) {
  v1::DenyRule rule =
      TestDenyRule("system/denyRules/stolen", {}, {"*"}, "system");
  rule.add_credential_ids("sha256:aa");
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/b", "roles/system.admin",
                             {kAlice}, "system"),
                 rule);
  const ResourceName name = TestName("projects/abc/secrets/s");
  EXPECT_FALSE(
      snapshot->Decide({kAlice, "sha256:aa"}, "secrets.get", name, kNow)
          .allowed);
  EXPECT_TRUE(snapshot->Decide({kAlice, "sha256:ab"}, "secrets.get", name, kNow)
                  .allowed);
  EXPECT_TRUE(
      snapshot->Decide({kAlice, ""}, "secrets.get", name, kNow).allowed);
}

TEST(EvaluatorTest, BindingsAndDenyRulesEndAtTheirTime) {
  const absl::Time end = kNow + absl::Seconds(10);
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/secrets.accessor", {kAlice},
                  "system", end),
      TestBinding("system/bindings/b", "roles/secrets.accessor", {kBob},
                  "system"),
      TestDenyRule("system/denyRules/d", {kBob}, {"*"}, "system", end));
  const ResourceName name = TestName("projects/abc/secrets/s");
  const auto at = [&](absl::string_view who, absl::Time now) {
    return snapshot->Decide({who, ""}, "secrets.access", name, now).allowed;
  };
  EXPECT_TRUE(at(kAlice, end - absl::Nanoseconds(1)));
  EXPECT_FALSE(at(kAlice, end));
  EXPECT_FALSE(at(kBob, end - absl::Nanoseconds(1)));
  EXPECT_TRUE(at(kBob, end));
}

TEST(EvaluatorTest, TheLatestEndDecidesWithinAScope) {
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/a", "roles/secrets.accessor",
                             {kAlice}, "system", kNow + absl::Seconds(1)),
                 TestBinding("system/bindings/b", "roles/secrets.accessor",
                             {kAlice}, "system", kNow + absl::Seconds(2)),
                 TestBinding("system/bindings/c", "roles/system.admin",
                             {kAlice}, "system", kNow + absl::Seconds(1)));
  EXPECT_EQ(snapshot
                ->Decide({kAlice, ""}, "secrets.access",
                         TestName("projects/abc"), kNow)
                .rule,
            "system/bindings/b");
  EXPECT_EQ(
      snapshot
          ->Decide({kAlice, ""}, "policy.get", TestName("projects/abc"), kNow)
          .rule,
      "system/bindings/c");
}

TEST(EvaluatorTest, CustomRolesGiveTheirActions) {
  const auto snapshot = SnapshotOf(
      TestRole("projects/abc/roles/r", {"secrets.get", "versions.*"}),
      TestBinding("projects/abc/bindings/b", "projects/abc/roles/r", {kAlice},
                  "projects/abc"));
  EXPECT_TRUE(
      Allows(*snapshot, kAlice, "secrets.get", "projects/abc/secrets/s"));
  EXPECT_TRUE(
      Allows(*snapshot, kAlice, "versions.destroy", "projects/abc/secrets/s"));
  EXPECT_FALSE(
      Allows(*snapshot, kAlice, "secrets.access", "projects/abc/secrets/s"));
}

TEST(EvaluatorTest, P8_ABindingOfAMissingRoleGivesNothing) {
  const auto snapshot = SnapshotOf(TestBinding(
      "system/bindings/b", "system/roles/gone", {kAlice}, "system"));
  EXPECT_FALSE(Allows(*snapshot, kAlice, "secrets.get", "projects/abc"));
}

TEST(EvaluatorTest, P8_RefusesToCompileADenyRuleThatItCannotRead) {
  const auto state = TestState(
      1, TestDenyRule("system/denyRules/d", {"*"}, {"*"}, "galaxies/one"));
  EXPECT_EQ(
      PolicySnapshot::Compile(state, PublicActions().value()).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(EvaluatorTest, HoldsAnywhereUnderFindsWhatIsAboveAndBelow) {
  const auto snapshot =
      SnapshotOf(TestBinding("projects/abc/bindings/a", "roles/secrets.viewer",
                             {kAlice}, "projects/abc/secrets/pay-*"),
                 TestBinding("system/bindings/b", "roles/secrets.viewer",
                             {kBob}, "projects/ab*"));
  const auto holds = [&](absl::string_view who, absl::string_view parent) {
    return snapshot->HoldsAnywhereUnder({who, ""}, "secrets.list",
                                        TestName(parent), kNow);
  };
  EXPECT_TRUE(holds(kAlice, "projects/abc"));
  EXPECT_TRUE(holds(kAlice, "system"));
  EXPECT_FALSE(holds(kAlice, "projects/abd"));
  EXPECT_TRUE(holds(kBob, "projects/abd"));
  EXPECT_FALSE(holds(kBob, "projects/acc"));
  EXPECT_FALSE(snapshot->HoldsAnywhereUnder({kAlice, ""}, "secrets.delete",
                                            TestName("projects/abc"), kNow));
}

TEST(EvaluatorTest, HoldsNowhereUnderWhatIsDeniedAsAWhole) {
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/a", "roles/secrets.viewer",
                             {kAlice}, "system"),
                 TestDenyRule("system/denyRules/whole", {kAlice},
                              {"secrets.list"}, "projects/abc"),
                 TestDenyRule("system/denyRules/part", {kAlice},
                              {"secrets.list"}, "projects/abd/secrets/x"));
  EXPECT_FALSE(snapshot->HoldsAnywhereUnder({kAlice, ""}, "secrets.list",
                                            TestName("projects/abc"), kNow));
  EXPECT_TRUE(snapshot->HoldsAnywhereUnder({kAlice, ""}, "secrets.list",
                                           TestName("projects/abd"), kNow));
}

// What `caller` may grant on `scope`, as names.
std::vector<std::string> Grantable(const PolicySnapshot& snapshot,
                                   absl::string_view caller,
                                   absl::string_view scope) {
  const ActionSet set = snapshot.EffectiveActions(
      {caller, "cred-1"}, Scope::Parse(scope, "resource").value(), kNow);
  std::vector<std::string> names;
  for (size_t i = 0; i < snapshot.catalog().actions().size(); ++i) {
    if (set.test(i)) names.push_back(snapshot.catalog().actions()[i]);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(EvaluatorTest, EffectiveActionsAreThoseHeldOnTheWholeScope) {
  const auto snapshot = SnapshotOf(
      TestBinding("projects/abc/bindings/a", "roles/secrets.accessor", {kAlice},
                  "projects/abc/secrets/pay-*"));
  const Names held = {"secrets.access", "secrets.watch"};
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abc/secrets/pay-db"), held);
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abc/secrets/pay-*"), held);
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abc/secrets/pay*"), Names{});
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abc"), Names{});
  EXPECT_EQ(Grantable(*snapshot, kBob, "projects/abc/secrets/pay-db"), Names{});
}

TEST(EvaluatorTest, WhatIsRefusedToTheCallerAnywhereInAScopeIsNotGrantable) {
  const auto snapshot =
      SnapshotOf(TestBinding("system/bindings/a", "roles/secrets.accessor",
                             {kAlice}, "system"),
                 TestDenyRule("system/denyRules/d", {kAlice},
                              {"secrets.access"}, "projects/abc/secrets/prod"),
                 TestDenyRule("system/denyRules/all", {"*"}, {"secrets.watch"},
                              "projects/abc"));
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abc"),
            Names{"secrets.watch"});
  EXPECT_EQ(Grantable(*snapshot, kAlice, "projects/abd"),
            (Names{"secrets.access", "secrets.watch"}));
  const auto usable = [&](absl::string_view scope) {
    return snapshot->UsableActions(
        {kAlice, "cred-1"}, Scope::Parse(scope, "resource").value(), kNow);
  };
  EXPECT_TRUE(usable("projects/abc").none());
  EXPECT_EQ(usable("projects/abd").count(), 2u);
}

TEST(EvaluatorTest, TheAdministratorIsBoundToItsRoleOnSystem) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/system.admin", {kAlice},
                  "system"),
      TestBinding("system/bindings/b", "roles/system.admin", {kBob},
                  "projects/abc"),
      TestBinding("system/bindings/c", "roles/policy.admin", {kBob}, "system"),
      TestBinding("system/bindings/d", "roles/system.admin", {"oidc:corp:old"},
                  "system", kNow));
  EXPECT_TRUE(snapshot->IsSystemAdministrator({kAlice, ""}, kNow));
  EXPECT_FALSE(snapshot->IsSystemAdministrator({kBob, ""}, kNow));
  EXPECT_FALSE(snapshot->IsSystemAdministrator({"oidc:corp:old", ""}, kNow));
}

TEST(EvaluatorTest, WhoIsRefusedPolicyChangesIsNoAdministrator) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/system.admin", {kAlice, kBob},
                  "system"),
      TestDenyRule("system/denyRules/d", {kAlice}, {"policy.*"}, "system"));
  EXPECT_FALSE(snapshot->IsSystemAdministrator({kAlice, ""}, kNow));
  EXPECT_TRUE(snapshot->IsSystemAdministrator({kBob, ""}, kNow));
}

// Whoever may change a project's policy could else lock it for ever.
TEST(EvaluatorTest, P8_NoRuleMadeInAProjectKeepsAnAdministratorFromMendingIt) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/system.admin", {kAlice},
                  "system"),
      TestBinding("projects/abc/bindings/b", "roles/project.admin", {kBob},
                  "projects/abc"),
      TestDenyRule("projects/abc/denyRules/all", {"*"}, {"*"}, "projects/abc"),
      TestDenyRule("projects/abc/denyRules/alice", {kAlice}, {"policy.*"},
                   "projects/abc"),
      [] {
        v1::DenyRule rule = TestDenyRule("projects/abc/denyRules/credential",
                                         {}, {"policy.*"}, "projects/abc");
        rule.add_credential_ids("cred-1");
        return rule;
      }());
  const ResourceName project = TestName("projects/abc");
  for (const char* action : {"policy.get", "policy.apply"}) {
    const Decision mended =
        snapshot->Decide({kAlice, "cred-1"}, action, project, kNow);
    EXPECT_TRUE(mended.allowed) << action;
    EXPECT_EQ(mended.rule, "system/bindings/a");
    EXPECT_EQ(mended.passed_over, "projects/abc/denyRules/all");
    // The project's own administrators it binds as everyone.
    EXPECT_FALSE(snapshot->Decide({kBob, ""}, action, project, kNow).allowed);
    EXPECT_TRUE(
        snapshot->HoldsAnywhereUnder({kAlice, ""}, action, project, kNow));
  }
  for (const char* action :
       {"secrets.access", "projects.delete", "policy.explain"}) {
    const Decision refused =
        snapshot->Decide({kAlice, ""}, action, project, kNow);
    EXPECT_FALSE(refused.allowed) << action;
    EXPECT_EQ(refused.passed_over, "");
  }
}

TEST(EvaluatorTest, RulesMadeInSystemBindAdministratorsInFull) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/system.admin", {kAlice, kBob},
                  "system"),
      TestDenyRule("system/denyRules/abc", {"*"}, {"policy.*"}, "projects/abc"),
      TestDenyRule("system/denyRules/bob", {kBob}, {"policy.apply"}, "system"),
      TestDenyRule("projects/abd/denyRules/all", {"*"}, {"*"}, "projects/abd"));
  EXPECT_FALSE(
      snapshot
          ->Decide({kAlice, ""}, "policy.apply", TestName("projects/abc"), kNow)
          .allowed);
  // Who is no administrator any more is bound by rules of projects too.
  EXPECT_FALSE(
      snapshot->Decide({kBob, ""}, "policy.get", TestName("projects/abd"), kNow)
          .allowed);
}

TEST(EvaluatorTest, AnExpiredAdministratorIsBoundByRulesOfProjects) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/a", "roles/system.admin", {kAlice}, "system",
                  kNow),
      TestBinding("system/bindings/b", "roles/policy.admin", {kAlice},
                  "system"),
      TestDenyRule("projects/abc/denyRules/all", {"*"}, {"*"}, "projects/abc"));
  EXPECT_FALSE(
      snapshot
          ->Decide({kAlice, ""}, "policy.apply", TestName("projects/abc"), kNow)
          .allowed);
}

TEST(EvaluatorTest, CallerBindingsAreTheUnexpiredOnesByName) {
  const auto snapshot = SnapshotOf(
      TestBinding("system/bindings/z", "roles/auditor", {kAlice}, "system"),
      TestBinding("projects/abc/bindings/a", "roles/secrets.viewer", {kAlice},
                  "projects/abc/secrets/pay-*", kNow + absl::Hours(1)),
      TestBinding("system/bindings/old", "roles/auditor", {kAlice}, "system",
                  kNow),
      TestBinding("system/bindings/bob", "roles/auditor", {kBob}, "system"));
  const auto bindings = snapshot->CallerBindings(kAlice, kNow);
  ASSERT_EQ(bindings.size(), 2u);
  EXPECT_EQ(bindings[0].name(), "projects/abc/bindings/a");
  EXPECT_EQ(bindings[0].resource(), "projects/abc/secrets/pay-*");
  EXPECT_EQ(FromTimestamp(bindings[0].expire_time()), kNow + absl::Hours(1));
  EXPECT_EQ(bindings[1].role(), "roles/auditor");
  EXPECT_FALSE(bindings[1].has_expire_time());
  EXPECT_EQ(snapshot->CallerBindings(kAlice, kNow, 1).size(), 1u);
  EXPECT_TRUE(snapshot->CallerBindings("oidc:corp:eve", kNow).empty());
}

TEST(EvaluatorTest, KnowsTheProjectsFacts) {
  const auto snapshot = SnapshotOf(
      TestProject("abc"), TestProject("old", v1::PROJECT_STATE_DELETED));
  EXPECT_EQ(snapshot->ProjectUid(TestName("projects/abc/secrets/s")),
            "uid-of-abc");
  EXPECT_EQ(snapshot->ProjectUid(TestName("projects/old")), "");
  EXPECT_EQ(snapshot->ProjectUid(TestName("projects/none")), "");
  EXPECT_EQ(snapshot->ProjectUid(TestName("system")), "");
  EXPECT_EQ(snapshot->FindProject("old").uid, "uid-of-old");
  EXPECT_EQ(snapshot->FindProject("old").state, v1::PROJECT_STATE_DELETED);
  EXPECT_EQ(snapshot->FindProject("none").state, v1::PROJECT_STATE_UNSPECIFIED);
}

TEST(EvaluatorTest, NothingIsCreatedInAProjectThatIsNotActive) {
  const auto snapshot = SnapshotOf(
      TestProject("abc"), TestProject("closing", v1::PROJECT_STATE_CLOSING),
      TestProject("old", v1::PROJECT_STATE_DELETED));
  const auto check = [&](absl::string_view name, bool creates) {
    return snapshot->CheckProject(TestName(name), creates);
  };
  EXPECT_TRUE(check("projects/abc/secrets/s", true).ok());
  EXPECT_TRUE(check("projects/closing/secrets/s", false).ok());
  EXPECT_EQ(check("projects/closing/secrets/s", true).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(check("projects/closing/secrets/s", true)),
            kProjectClosing);
  EXPECT_EQ(check("projects/old/secrets/s", false).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(check("projects/none/secrets/s", true).code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(check("system", true).ok());
}

TEST(EvaluatorTest, TheDeniedCallerLearnsTheActionAndNothingElse) {
  const absl::Status status = DeniedError("secrets.access");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(status), kPermissionDenied);
  EXPECT_EQ(status.message(),
            "the action secrets.access is missing on this resource, or there "
            "is no such resource");
}

}  // namespace
}  // namespace keyward::policy
