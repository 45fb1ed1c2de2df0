// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/installation.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"
#include "libs/crypto/fake_random.h"
#include "libs/policy/evaluator.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"
#include "services/policy/policy_storage.h"
#include "services/policy/policy_test_kit.h"

namespace keyward::policy_service {
namespace {

using testing::HasSubstr;

class InstallationTest : public testing::Test {
 protected:
  PolicyTestKit kit_;
};

TEST_F(InstallationTest, BeginsOnRecordBeforeItIsInForce) {
  kit_.StartFresh();
  EXPECT_THAT(kit_.journal.events()[0],
              HasSubstr("installed with the administrator spiffe://"));
  const auto entries = kit_.audit.entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].kind(), keyward::audit::v1::ENTRY_KIND_INSTALLATION);
  EXPECT_EQ(entries[0].principal(), "system:policy");
  EXPECT_EQ(kit_.audit.fence(), 1u);
}

TEST_F(InstallationTest, P8_ANewFolderBesideAnOldLogIsRefused) {
  kit_.audit.Set(12, 3);
  const absl::Status status = kit_.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("recover-admin"));
  EXPECT_EQ(kit_.core->newest_revision(), 0u);
}

TEST_F(InstallationTest, P8_AnOlderFolderPutBackIsRefused) {
  kit_.StartFresh();
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.audit.Set(12, 8);
  EXPECT_EQ(kit_.Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(kit_.core->ready());
}

TEST_F(InstallationTest, RefusesAnAdministratorThatCannotBeOne) {
  for (const char* principal : {"", "admin", "system:policy", "*"}) {
    kit_.options.bootstrap_administrator = principal;
    ASSERT_TRUE(kit_.Restart().ok());
    EXPECT_FALSE(kit_.Start().ok()) << principal;
    EXPECT_EQ(kit_.core->newest_revision(), 0u);
  }
}

TEST_F(InstallationTest,
       P1_ABeginningThatIsNotOnRecordYetIsRecordedAtTheNextStart) {
  kit_.audit.append_gate.Set(Mood::kRefusing);
  EXPECT_EQ(kit_.Start().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(kit_.core->newest_revision(), 1u);
  EXPECT_EQ(kit_.audit.fence(), 0u);
  ASSERT_TRUE(kit_.PowerCut().ok());
  kit_.audit.append_gate.Set(Mood::kWilling);
  kit_.StartFresh();
  EXPECT_EQ(kit_.audit.entries().size(), 1u);
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.StartFresh();
  EXPECT_EQ(kit_.audit.entries().size(), 1u);
}

TEST_F(InstallationTest, P2_NothingButTheCheckpointAnswersBeforeStart) {
  kit_.StartFresh();
  kit_.audit.gate.Set(Mood::kRefusing);
  ASSERT_TRUE(kit_.Restart().ok());
  // Both come from an audit that starts, which policy's own start waits for.
  const audit::CheckpointsForTesting log;
  EXPECT_TRUE(
      kit_.core->HoldCheckpoint({log.Note(3), log.key()}, kit_.Deadline())
          .ok());
  EXPECT_EQ(kit_.core->GetHeldCheckpoint(kit_.Deadline()).value(), log.Note(3));
  policy::v1::GetProjectRequest get;
  get.set_name("projects/default");
  EXPECT_EQ(kit_.Call("GetProject", get).status.code(),
            absl::StatusCode::kUnavailable);
  const rpc::CallResult& change =
      kit_.Call("CreateProject", CreateProject("payments"));
  EXPECT_EQ(change.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(change.outcome, rpc::Outcome::kNotApplied);
  EXPECT_FALSE(kit_.core->ResolveIntents({1}, kit_.Deadline()).ok());
  EXPECT_FALSE(kit_.core->RaiseFloor(1, kit_.Deadline()).ok());
  EXPECT_FALSE(
      kit_.core->HoldCheckpoint({"", log.key()}, kit_.Deadline()).ok());
}

// A revision that was durable and not in force when policy stopped.
TEST_F(InstallationTest, P2_AStartThatCannotRaiseTheFencesAnswersNothing) {
  kit_.StartFresh();
  kit_.audit.gate.Set(Mood::kRefusing);
  kit_.Execute(kit_.Context("CreateProject"), CreateProject("payments"));
  kit_.AwaitDurable(2);
  ASSERT_TRUE(kit_.Restart().ok());
  const SteadyTime soon = kit_.clock.SteadyNow() + absl::Milliseconds(10);
  EXPECT_EQ(kit_.core->Start(soon).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(kit_.core->ready());
  EXPECT_EQ(kit_.audit.fence(), 1u);
  policy::v1::GetProjectRequest get;
  get.set_name("projects/default");
  EXPECT_EQ(kit_.Call("GetProject", get).status.code(),
            absl::StatusCode::kUnavailable);
  // The same core starts once audit is back.
  kit_.audit.gate.Set(Mood::kWilling);
  kit_.StartFresh();
  EXPECT_EQ(kit_.audit.fence(), 2u);
  EXPECT_TRUE(kit_.Call("GetProject", get).status.ok());
}

TEST_F(InstallationTest, P2_ARestoredPolicyUsesNoRevisionOfItsLostHistory) {
  kit_.StartFresh();
  ASSERT_TRUE(
      kit_.Call("CreateProject", CreateProject("payments")).status.ok());
  // The restored log and store may have been behind policy, or ahead of it.
  uint64_t before = 2;
  for (const int64_t ahead : {-1, 0, 7}) {
    const uint64_t fence = before + static_cast<uint64_t>(ahead);
    kit_.options.restored = true;
    ASSERT_TRUE(kit_.Restart().ok());
    kit_.audit.Set(20, fence);
    kit_.store.set_fence(fence);
    kit_.StartFresh();
    const uint64_t after = kit_.core->newest_revision();
    EXPECT_GE(after, std::max(before, fence) + Installation::kRestoreJump);
    EXPECT_EQ(kit_.audit.fence(), after);
    EXPECT_EQ(kit_.store.fence(), after);
    EXPECT_EQ(kit_.core->revision_in_force(), after);
    // Once, however often the start is tried.
    EXPECT_TRUE(kit_.Start().ok());
    EXPECT_EQ(kit_.core->newest_revision(), after);
    kit_.options.restored = false;
    ASSERT_TRUE(kit_.Restart().ok());
    kit_.StartFresh();
    EXPECT_EQ(kit_.core->newest_revision(), after);
    policy::v1::GetProjectRequest get;
    get.set_name("projects/payments");
    EXPECT_TRUE(kit_.Call("GetProject", get).status.ok());
    before = after;
  }
}

TEST_F(InstallationTest, P2_TheSameBackupRestoredTwiceGoesOnElsewhere) {
  std::set<uint64_t> revisions;
  crypto::FakeRandom random;
  for (int i = 0; i < 3; ++i) {
    PolicyTestKit kit;
    kit.StartFresh();
    kit.options.restored = true;
    ASSERT_TRUE(kit.Restart().ok());
    char bytes[8];
    ASSERT_TRUE(random.Fill(absl::MakeSpan(bytes)).ok());
    kit.random.Queue({bytes, sizeof(bytes)});
    ASSERT_TRUE(kit.Start().ok());
    revisions.insert(kit.core->newest_revision());
  }
  EXPECT_EQ(revisions.size(), 3u);
}

TEST_F(InstallationTest, P1_ARestoreIsOnRecordBeforeItIsDurable) {
  kit_.StartFresh();
  kit_.options.restored = true;
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.audit.append_gate.Set(Mood::kRefusing);
  EXPECT_EQ(kit_.Start().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(kit_.core->newest_revision(), 1u);
  kit_.audit.append_gate.Set(Mood::kWilling);
  ASSERT_TRUE(kit_.Start().ok());
  const auto entry = kit_.audit.entries().back();
  EXPECT_EQ(entry.principal(), "system:operator");
  EXPECT_EQ(entry.policy_revision(), kit_.core->newest_revision());
  EXPECT_THAT(entry.detail(), HasSubstr("from a backup of revision 1"));
}

TEST_F(InstallationTest, P8_AnEmptyFolderIsNoRestoredOne) {
  kit_.options.restored = true;
  ASSERT_TRUE(kit_.Restart().ok());
  const absl::Status status = kit_.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("backup"));
  EXPECT_EQ(kit_.core->newest_revision(), 0u);
}

TEST_F(InstallationTest, RecoveringIsOnRecordBeforeItIsInForce) {
  kit_.StartFresh();
  ASSERT_TRUE(kit_.Restart().ok());
  ASSERT_TRUE(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).ok());
  const std::vector<std::string> events = kit_.journal.events();
  EXPECT_THAT(events[events.size() - 4], HasSubstr("record: recovered"));
  EXPECT_EQ(events.back(), "audit fence 2");
  EXPECT_EQ(kit_.audit.entries().back().principal(), "system:operator");
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.StartFresh();
  EXPECT_TRUE(
      kit_.Call("CreateProject", CreateProject("payments"), "oidc:corp:new")
          .status.ok());
}

TEST_F(InstallationTest, RecoveringRemovesTheDenyRulesThatWouldUndoIt) {
  kit_.StartFresh();
  policy::v1::ApplyPolicyRequest deny;
  deny.set_parent("system");
  *deny.add_deny_rules() = policy::TestDenyRule(
      "system/denyRules/new", {"oidc:corp:new"}, {"policy.apply"}, "system");
  *deny.add_deny_rules() = policy::TestDenyRule(
      "system/denyRules/other", {"oidc:corp:eve"}, {"policy.apply"}, "system");
  ASSERT_TRUE(kit_.Call("ApplyPolicy", deny).status.ok());
  ASSERT_TRUE(kit_.Restart().ok());
  ASSERT_TRUE(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).ok());
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.StartFresh();
  policy::v1::GetPolicyRequest get;
  get.set_parent("system");
  const auto policy = kit_.Get<policy::v1::GetPolicyResponse>("GetPolicy", get);
  ASSERT_EQ(policy.deny_rules_size(), 1);
  EXPECT_EQ(policy.deny_rules(0).name(), "system/denyRules/other");
}

TEST_F(InstallationTest, RecoveringOpensNothingButChangesOfThePolicy) {
  kit_.StartFresh();
  ASSERT_TRUE(kit_.Call("CreateProject", CreateProject("abc")).status.ok());
  policy::v1::ApplyPolicyRequest deny;
  deny.set_parent("system");
  *deny.add_deny_rules() = policy::TestDenyRule(
      "system/denyRules/frozen", {"*"}, {"*", "secrets.*"}, "projects/abc");
  *deny.add_deny_rules() = policy::TestDenyRule(
      "system/denyRules/new", {"oidc:corp:new"}, {"policy.*"}, "system");
  ASSERT_TRUE(kit_.Call("ApplyPolicy", deny).status.ok());
  policy::v1::ApplyPolicyRequest lock;
  lock.set_parent("projects/default");
  *lock.add_deny_rules() = policy::TestDenyRule(
      "projects/default/denyRules/lock", {"*"}, {"*"}, "projects/default");
  ASSERT_TRUE(kit_.Call("ApplyPolicy", lock).status.ok());
  ASSERT_TRUE(kit_.Restart().ok());
  ASSERT_TRUE(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).ok());
  EXPECT_THAT(kit_.audit.entries().back().detail(),
              HasSubstr("out of 2 deny rules"));

  const auto catalog = policy::PublicActions().value();
  const auto policy =
      policy::PolicySnapshot::Compile(
          PolicyStorage::Create(kit_.kv.store(), &kit_.clock, kit_.Deadline())
              .value()
              ->Load()
              .value()
              .state,
          catalog)
          .value();
  for (const std::string& action : catalog->actions()) {
    const bool spared = action == "policy.apply" || action == "policy.get";
    for (const char* project : {"projects/abc", "projects/default"}) {
      EXPECT_EQ(policy
                    ->Decide({"oidc:corp:new", ""}, action,
                             policy::TestName(project), kit_.clock.Now())
                    .allowed,
                spared)
          << action << " on " << project;
    }
  }
}

TEST_F(InstallationTest, RecoveringGoesAboveEveryFenceThatEverWas) {
  kit_.audit.Set(500, 41);
  ASSERT_TRUE(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).ok());
  EXPECT_EQ(kit_.audit.fence(), 42u);
  ASSERT_TRUE(kit_.Restart().ok());
  kit_.StartFresh();
  EXPECT_EQ(kit_.core->revision_in_force(), 42u);
}

TEST_F(InstallationTest, RecoveringRefusesWhereThereIsNothingOrAServiceRuns) {
  EXPECT_EQ(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).code(),
      absl::StatusCode::kFailedPrecondition);
  kit_.StartFresh();
  EXPECT_EQ(
      kit_.core->RecoverAdministrator("oidc:corp:new", kit_.Deadline()).code(),
      absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(kit_.Restart().ok());
  EXPECT_EQ(kit_.core->RecoverAdministrator("new", kit_.Deadline()).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::policy_service
