// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Changes through the whole core, with time and the services around it in the
// test's hand. policy_core_test.cc has the same against a running clock.

#include "services/policy/change_executor.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/policy/policy_test_kit.h"

namespace keyward::policy_service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kAlice[] = "oidc:corp:alice";

policy::v1::ApplyPolicyRequest Grant(const std::string& id) {
  return Bind("projects/default/bindings/" + id, "roles/secrets.accessor",
              kAlice, "projects/default/secrets/payments-*");
}

class ChangeExecutorTest : public testing::Test {
 protected:
  void SetUp() override { kit_.StartFresh(); }

  // Moves time until every call under way must have been answered.
  void PassDeadlines() { kit_.timer.Advance(absl::Seconds(11)); }

  PolicyTestKit kit_;
};

TEST_F(ChangeExecutorTest, P2_EveryFenceIsRaisedOwnersFirstAndAuditLast) {
  EXPECT_THAT(kit_.journal.events(),
              ElementsAre(HasSubstr("record: installed"), "store fence 1",
                          "rotation fence 1", "audit fence 1"));
  ASSERT_TRUE(kit_.Call("ApplyPolicy", Grant("b")).status.ok());
  const std::vector<std::string> events = kit_.journal.events();
  EXPECT_THAT(
      std::vector<std::string>(events.begin() + 4, events.end()),
      ElementsAre("store fence 2", "rotation fence 2", "audit fence 2"));
}

TEST_F(ChangeExecutorTest, P2_NothingIsAnsweredWhileAnyFenceIsNotRaised) {
  for (Gate* gate : {&kit_.store.gate, &kit_.rotation.gate, &kit_.audit.gate}) {
    const uint64_t revision = kit_.core->newest_revision() + 1;
    gate->Set(Mood::kHanging);
    const auto call = kit_.Execute(kit_.Context("ApplyPolicy"),
                                   Grant("b" + std::to_string(revision)));
    kit_.AwaitDurable(revision);
    EXPECT_FALSE(call->answered());
    EXPECT_EQ(kit_.core->revision_in_force(), revision - 1);
    gate->Set(Mood::kWilling);
    EXPECT_TRUE(call->Wait().status.ok());
    EXPECT_EQ(kit_.audit.fence(), revision);
  }
}

TEST_F(ChangeExecutorTest, P2_AHangingOwnerMakesTheAnswerNotYetInForce) {
  kit_.store.gate.Set(Mood::kHanging);
  const auto call = kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b"));
  kit_.AwaitDurable(2);
  // Early enough that the gateway can still put it on record.
  kit_.timer.Advance(absl::Milliseconds(9500));
  const rpc::CallResult& result = call->Wait();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(result.status), kNotYetInForce);
  EXPECT_THAT(std::string(result.status.message()),
              HasSubstr("durable as revision 2, not yet in force"));
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(kit_.audit.fence(), 1u);
}

TEST_F(ChangeExecutorTest, P8_TheTimeOfDayMovesNoDeadline) {
  for (const absl::Duration step : {-absl::Hours(1), absl::Hours(1)}) {
    kit_.store.gate.Set(Mood::kHanging);
    const uint64_t revision = kit_.core->newest_revision() + 1;
    const auto call = kit_.Execute(kit_.Context("ApplyPolicy"),
                                   Grant("b" + std::to_string(revision)));
    kit_.AwaitDurable(revision);
    kit_.clock.Set(kit_.clock.Now() + step);
    kit_.timer.Advance(absl::Seconds(9));
    EXPECT_FALSE(call->answered()) << step;
    kit_.timer.Advance(absl::Milliseconds(500));
    EXPECT_EQ(ErrorReason(call->Wait().status), kNotYetInForce) << step;
    kit_.store.gate.Set(Mood::kWilling);
    kit_.AwaitForce(revision);
  }
}

TEST_F(ChangeExecutorTest, P2_ARetryIsAnsweredOnlyOnceTheFirstIsInForce) {
  policy::v1::ApplyPolicyRequest request = Grant("b");
  request.set_request_id("once");
  kit_.store.gate.Set(Mood::kRefusing);
  // Decided by the gateway under revision 1, the first time and the second.
  const auto first = kit_.Execute(kit_.Context("ApplyPolicy"), request);
  rpc::CallContext again = kit_.Context("ApplyPolicy");
  kit_.AwaitDurable(2);
  PassDeadlines();
  EXPECT_EQ(ErrorReason(first->Wait().status), kNotYetInForce);

  again.policy_revision = 1;
  again.deadline = kit_.Deadline();
  const auto second = kit_.Execute(again, request);
  kit_.AwaitApplied(*again.intent_id);
  rpc::CallContext third_context = again;
  third_context.intent_id = kit_.next_intent++;
  PassDeadlines();
  EXPECT_EQ(ErrorReason(second->Wait().status), kNotYetInForce);

  kit_.store.gate.Set(Mood::kWilling);
  third_context.deadline = kit_.Deadline();
  const auto third = kit_.Execute(third_context, request);
  const rpc::CallResult& result = third->Wait();
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(kit_.audit.fence(), 2u);
  EXPECT_EQ(
      dynamic_cast<const policy::v1::ApplyPolicyResponse&>(*result.response)
          .revision(),
      2u);
  EXPECT_EQ(kit_.core->newest_revision(), 2u);
}

TEST_F(ChangeExecutorTest, P2_ACheckpointThatCouldNotBeHeldStopsNoRevocation) {
  ASSERT_TRUE(kit_.Call("ApplyPolicy", Grant("b")).status.ok());
  kit_.faults->TearCommits(kv::FaultyKv::Tear::kNotApplied, 1);
  kit_.faults->FailSettles(true);
  const audit::CheckpointsForTesting log;
  EXPECT_EQ(kit_.core->HoldCheckpoint({log.Note(7), log.key()}, kit_.Deadline())
                .code(),
            absl::StatusCode::kUnavailable);
  kit_.faults->FailSettles(false);
  policy::v1::ApplyPolicyRequest revoke;
  revoke.set_parent("projects/default");
  revoke.add_removed("projects/default/bindings/b");
  const rpc::CallResult& revoked = kit_.Call("ApplyPolicy", revoke);
  EXPECT_TRUE(revoked.status.ok()) << revoked.status;
}

TEST_F(ChangeExecutorTest, P2_AStaleDecisionIsSentBackOnceTheNewestIsInForce) {
  kit_.audit.gate.Set(Mood::kHanging);
  rpc::CallContext stale = kit_.Context("ApplyPolicy");
  const auto first = kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b"));
  kit_.AwaitDurable(2);
  const auto second = kit_.Execute(stale, Grant("c"));
  // Sent back now it would be decided under revision 1 again, and again.
  EXPECT_FALSE(second->answered());
  kit_.audit.gate.Set(Mood::kWilling);
  EXPECT_EQ(second->Wait().refusal, rpc::Refusal::kFence);
  EXPECT_EQ(second->Wait().outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(kit_.core->newest_revision(), 2u);
}

TEST_F(ChangeExecutorTest, P8_EveryCallIsAnsweredByItsDeadlineWhateverHangs) {
  kit_.store.gate.Set(Mood::kHanging);
  std::vector<std::shared_ptr<PendingCall>> calls;
  for (int i = 0; i < 20; ++i) {
    rpc::CallContext context = kit_.Context("ApplyPolicy");
    context.policy_revision = 1;
    calls.push_back(kit_.Execute(context, Grant("b" + std::to_string(i))));
  }
  PassDeadlines();
  int applied = 0;
  for (const auto& call : calls) {
    const rpc::CallResult& result = call->Wait();
    EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(result.outcome, rpc::Outcome::kUnknown);
    applied += result.outcome == rpc::Outcome::kApplied;
  }
  EXPECT_LE(applied, 1);
}

TEST_F(ChangeExecutorTest, P8_MoreCallsThanTheQueueHoldsAreRefused) {
  kit_.faults->StallCommits();
  std::vector<std::shared_ptr<PendingCall>> calls;
  for (size_t i = 0; i < ChangeExecutor::kMaxQueued + 8; ++i) {
    calls.push_back(kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b")));
  }
  // Refused when its id is barred, which another thread does.
  EXPECT_THAT(calls.back()->Wait().status.message(), HasSubstr("too many"));
  int busy = 0;
  for (const auto& call : calls) {
    if (!call->answered()) continue;
    busy += absl::StrContains(call->Wait().status.message(), "too many");
    EXPECT_EQ(call->Wait().outcome, rpc::Outcome::kNotApplied);
  }
  EXPECT_GT(busy, 0);
}

TEST_F(ChangeExecutorTest, P4_AnUnknownCommitThatWasMadeComesIntoForce) {
  kit_.faults->TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  kit_.faults->FailSettles(true);
  const auto call = kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b"));
  const rpc::CallResult& result = call->Wait();
  EXPECT_EQ(result.outcome, rpc::Outcome::kUnknown);
  EXPECT_EQ(ErrorReason(result.status), kOutcomeUnknown);
  EXPECT_EQ(kit_.audit.fence(), 1u);
  // Without another call: whoever waits for a grant must not need one.
  kit_.faults->FailSettles(false);
  kit_.AwaitForce(2);
  EXPECT_EQ(kit_.audit.fence(), 2u);
}

TEST_F(ChangeExecutorTest, P4_AnUnknownCommitThatWasNotMadeLeavesNoTrace) {
  kit_.faults->TearCommits(kv::FaultyKv::Tear::kNotApplied, 1);
  kit_.faults->FailSettles(true);
  const auto call = kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b"));
  EXPECT_EQ(call->Wait().outcome, rpc::Outcome::kUnknown);
  kit_.faults->FailSettles(false);
  EXPECT_TRUE(kit_.Call("ApplyPolicy", Grant("c")).status.ok());
  EXPECT_EQ(kit_.core->newest_revision(), 2u);
}

TEST_F(ChangeExecutorTest, P4_ASettledCommitIsAnsweredAsWhatItWas) {
  kit_.faults->TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  const rpc::CallResult& result = kit_.Call("ApplyPolicy", Grant("b"));
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(kit_.audit.fence(), 2u);
}

TEST_F(ChangeExecutorTest, P4_WhatWasAnsweredSurvivesALossOfPower) {
  ASSERT_TRUE(kit_.Call("ApplyPolicy", Grant("b")).status.ok());
  ASSERT_TRUE(kit_.PowerCut().ok());
  kit_.StartFresh();
  policy::v1::GetPolicyRequest get;
  get.set_parent("projects/default");
  const auto policy = kit_.Get<policy::v1::GetPolicyResponse>("GetPolicy", get);
  ASSERT_EQ(policy.bindings_size(), 1);
  EXPECT_EQ(policy.bindings(0).name(), "projects/default/bindings/b");
  EXPECT_EQ(policy.revision(), 2u);
}

TEST_F(ChangeExecutorTest, P1_AFailedCommitBarsTheIntentBeforeItIsAnswered) {
  kit_.faults->FailCommits(absl::UnavailableError("disk"), 1);
  rpc::CallContext context = kit_.Context("ApplyPolicy");
  const rpc::CallResult& result = kit_.Execute(context, Grant("b"))->Wait();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  // A copy that was still on its way changes nothing.
  const rpc::CallResult& copy = kit_.Execute(context, Grant("b"))->Wait();
  EXPECT_EQ(copy.refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(kit_.core->newest_revision(), 1u);
}

TEST_F(ChangeExecutorTest, P1_ARefusalThatCannotBeBarredIsUnknown) {
  kit_.faults->FailSettles(true);
  const rpc::CallResult& result =
      kit_.Call("CreateProject", CreateProject("NOT-AN-ID"));
  EXPECT_EQ(result.outcome, rpc::Outcome::kUnknown);
  EXPECT_EQ(ErrorReason(result.status), kOutcomeUnknown);
}

TEST_F(ChangeExecutorTest, TheSameIntentAnswersItsStoredResult) {
  rpc::CallContext context = kit_.Context("CreateProject");
  const auto& first = dynamic_cast<const policy::v1::CreateProjectResponse&>(
      *kit_.Execute(context, CreateProject("payments"))->Wait().response);
  const rpc::CallResult& again =
      kit_.Execute(context, CreateProject("payments"))->Wait();
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(
      dynamic_cast<const policy::v1::CreateProjectResponse&>(*again.response)
          .project()
          .uid(),
      first.project().uid());
}

TEST_F(ChangeExecutorTest, ARequestIdWithOtherContentIsRefused) {
  policy::v1::ApplyPolicyRequest request = Grant("b");
  request.set_request_id("once");
  ASSERT_TRUE(kit_.Call("ApplyPolicy", request).status.ok());
  request = Grant("c");
  request.set_request_id("once");
  const rpc::CallResult& other = kit_.Call("ApplyPolicy", request);
  EXPECT_EQ(other.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(other.status), kRequestIdReused);
  // Another's id of the same name is another id.
  EXPECT_EQ(kit_.Call("ApplyPolicy", request, "oidc:corp:eve").status.code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(ChangeExecutorTest, ARequestIdIsForgottenAfterADay) {
  policy::v1::CreateProjectRequest request = CreateProject("payments");
  request.set_request_id("once");
  ASSERT_TRUE(kit_.Call("CreateProject", request).status.ok());
  kit_.clock.Advance(absl::Hours(24));
  EXPECT_EQ(kit_.Call("CreateProject", request).status.code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(ChangeExecutorTest, ValidateOnlyChecksAndChangesNothing) {
  policy::v1::ApplyPolicyRequest request = Grant("b");
  request.set_validate_only(true);
  const rpc::CallResult& result = kit_.Call("ApplyPolicy", request);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(
      dynamic_cast<const policy::v1::ApplyPolicyResponse&>(*result.response)
          .added(),
      1);
  EXPECT_EQ(kit_.core->newest_revision(), 1u);
}

TEST_F(ChangeExecutorTest, AStoppingCoreAnswersWhatWaits) {
  kit_.store.gate.Set(Mood::kHanging);
  const auto call = kit_.Execute(kit_.Context("ApplyPolicy"), Grant("b"));
  kit_.AwaitDurable(2);
  kit_.store.gate.Set(Mood::kRefusing);
  kit_.core.reset();
  EXPECT_TRUE(call->answered());
}

// Deleting projects.

class DeletionTest : public ChangeExecutorTest {
 protected:
  void SetUp() override {
    ChangeExecutorTest::SetUp();
    ASSERT_TRUE(
        kit_.Call("CreateProject", CreateProject("payments")).status.ok());
    ASSERT_TRUE(kit_.Call("ApplyPolicy", Bind("projects/payments/bindings/b",
                                              "roles/secrets.accessor", kAlice,
                                              "projects/payments"))
                    .status.ok());
  }

  absl::StatusCode StateOf(const std::string& name) {
    policy::v1::GetProjectRequest get;
    get.set_name(name);
    return kit_.Call("GetProject", get).status.code();
  }
};

TEST_F(DeletionTest, TheStoreIsAskedOnceTheClosingIsInForce) {
  ASSERT_TRUE(kit_.Call("DeleteProject", DeleteProject("projects/payments"))
                  .status.ok());
  const std::vector<std::string> events = kit_.journal.events();
  const std::vector<std::string> last(events.end() - 7, events.end());
  EXPECT_THAT(last,
              ElementsAre("store fence 4", "rotation fence 4", "audit fence 4",
                          "purge payments", "store fence 5", "rotation fence 5",
                          "audit fence 5"));
  EXPECT_EQ(StateOf("projects/payments"), absl::StatusCode::kNotFound);
}

TEST_F(DeletionTest, ADeletedIdIsNeverGivenAgainAndItsBindingsAreGone) {
  ASSERT_TRUE(kit_.Call("DeleteProject", DeleteProject("projects/payments"))
                  .status.ok());
  const rpc::CallResult& again =
      kit_.Call("CreateProject", CreateProject("payments"));
  EXPECT_EQ(again.status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.status.message()),
              HasSubstr("never given again"));
  policy::v1::GetPolicyRequest get;
  get.set_parent("projects/payments");
  EXPECT_EQ(kit_.Call("GetPolicy", get).status.code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DeletionTest, ProjectsWithSecretsOpenAgainAndSayHowMany) {
  kit_.purger.set_secrets(3);
  const rpc::CallResult& result =
      kit_.Call("DeleteProject", DeleteProject("projects/payments"));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(result.status), kProjectNotEmpty);
  EXPECT_THAT(std::string(result.status.message()), HasSubstr("3 secrets"));
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  policy::v1::GetProjectRequest get;
  get.set_name("projects/payments");
  EXPECT_EQ(kit_.Get<policy::v1::GetProjectResponse>("GetProject", get)
                .project()
                .state(),
            policy::v1::PROJECT_STATE_ACTIVE);
}

TEST_F(DeletionTest, NothingIsAddedToAClosingProject) {
  kit_.purger.gate.Set(Mood::kHanging);
  const auto deletion = kit_.Execute(kit_.Context("DeleteProject"),
                                     DeleteProject("projects/payments"));
  kit_.purger.gate.AwaitCalls(1);
  const rpc::CallResult& add =
      kit_.Call("ApplyPolicy",
                Bind("projects/payments/bindings/c", "roles/secrets.accessor",
                     kAlice, "projects/payments"));
  EXPECT_EQ(add.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(add.status), kProjectClosing);
  // Policy is changed elsewhere meanwhile: a store that hangs holds up nobody.
  EXPECT_TRUE(kit_.Call("ApplyPolicy", Grant("b")).status.ok());
  kit_.purger.gate.Set(Mood::kWilling);
  EXPECT_TRUE(deletion->Wait().status.ok());
}

TEST_F(DeletionTest, P8_AStoreThatHangsMakesTheAnswerUnknown) {
  kit_.purger.gate.Set(Mood::kHanging);
  const auto call = kit_.Execute(kit_.Context("DeleteProject"),
                                 DeleteProject("projects/payments"));
  kit_.purger.gate.AwaitCalls(1);
  PassDeadlines();
  EXPECT_EQ(call->Wait().outcome, rpc::Outcome::kUnknown);
  EXPECT_EQ(ErrorReason(call->Wait().status), kOutcomeUnknown);
}

TEST_F(DeletionTest, P1_AnUnfinishedDeletionLeavesItsIntentOpenUntilItIsDone) {
  policy::v1::DeleteProjectRequest request = DeleteProject("projects/payments");
  request.set_request_id("once");
  rpc::CallContext context = kit_.Context("DeleteProject");
  const std::vector<uint64_t> intent = {*context.intent_id};
  kit_.purger.gate.Set(Mood::kRefusing);
  kit_.Execute(context, request);
  kit_.purger.gate.AwaitCalls(1);
  EXPECT_TRUE(
      kit_.core->ResolveIntents(intent, kit_.Deadline()).value().empty());

  ASSERT_TRUE(kit_.Restart().ok());
  kit_.StartFresh();
  kit_.purger.gate.Set(Mood::kWilling);
  // Opened, closed, restarted; gone in the fifth revision.
  kit_.AwaitForce(5);
  EXPECT_EQ(StateOf("projects/payments"), absl::StatusCode::kNotFound);
  const auto resolved =
      kit_.core->ResolveIntents(intent, kit_.Deadline()).value();
  ASSERT_EQ(resolved.size(), 1u);
  EXPECT_EQ(resolved[0].outcome, rpc::Outcome::kApplied);
  EXPECT_TRUE(kit_.Call("DeleteProject", request).status.ok());
}

}  // namespace
}  // namespace keyward::policy_service
