// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/pipeline.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/gateway/pipeline_test_kit.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using audit::v1::ENTRY_KIND_ACCESS;
using audit::v1::ENTRY_KIND_DENIAL;
using audit::v1::ENTRY_KIND_INTENT;
using audit::v1::ENTRY_KIND_INVALID;
using audit::v1::ENTRY_KIND_OUTCOME;
using audit::v1::ENTRY_KIND_REFUSALS;
using audit::v1::ENTRY_KIND_UNAUTHENTICATED;
using testing::HasSubstr;
using testing::Not;

TEST_F(PipelineTest, P1_AReadIsAnsweredOnlyWhenItsRecordIsDurable) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  log_.held = true;
  auto reply = Access(kReader);
  EXPECT_EQ(reply->count, 0);
  log_.Release();
  EXPECT_EQ(reply->count, 1);
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  EXPECT_EQ(PayloadOf(*reply), "plaintext");
}

TEST_F(PipelineTest, P1_ARecordThatFailsMeansThatNothingIsAnswered) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  log_.instead = rpc::AppendResult();  // failed
  auto reply = Access(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P1_ARecordWhoseFateIsUnknownMeansThatNothingIsAnswered) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  log_.instead = rpc::AppendResult();
  log_.instead->status = rpc::AppendStatus::kUnknown;
  auto reply = Access(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P1_ACallerWithoutTheRightNeverReachesTheStore) {
  auto reply = Access(kStranger);
  EXPECT_EQ(reply->status.code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(store_.contexts.empty());
}

TEST_F(PipelineTest, P1_ADenialIsAnsweredOnlyWhenItsRecordIsDurable) {
  log_.held = true;
  auto reply = Access(kStranger);
  EXPECT_EQ(reply->count, 0);
  log_.Release();
  EXPECT_EQ(reply->status.code(), StatusCode::kPermissionDenied);
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_DENIAL).size(), 1u);
}

TEST_F(PipelineTest, P1_TheOwnerIsAskedForAChangeOnlyWhenTheIntentIsDurable) {
  log_.held = true;
  auto reply = Destroy(kReader);
  EXPECT_TRUE(store_.contexts.empty());
  log_.ReleaseOne();
  ASSERT_EQ(store_.contexts.size(), 1u);
  EXPECT_EQ(store_.contexts[0].intent_id, 0u);
}

TEST_F(PipelineTest, P1_AChangeIsAnsweredOnlyWhenItsOutcomeIsDurable) {
  store_.answer = [](auto&, auto&) { return Changed(rpc::Outcome::kApplied); };
  log_.held = true;
  auto reply = Destroy(kReader);
  log_.ReleaseOne();
  EXPECT_EQ(store_.contexts.size(), 1u);
  EXPECT_EQ(reply->count, 0);
  log_.ReleaseOne();
  EXPECT_TRUE(reply->status.ok()) << reply->status;
}

TEST_F(PipelineTest, P1_AnIntentThatFailsMeansThatNothingChanges) {
  log_.instead = rpc::AppendResult();
  auto reply = Destroy(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(store_.contexts.empty());
}

TEST_F(PipelineTest, P1_ARequestThatIsNoRequestIsOnRecordWithoutAResource) {
  auto reply = Access(kReader, "hunter2");
  EXPECT_EQ(reply->status.code(), StatusCode::kInvalidArgument);
  auto records = log_.OfKind(ENTRY_KIND_INVALID);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].resource(), "");
  EXPECT_THAT(records[0].ShortDebugString(), Not(HasSubstr("hunter2")));
}

TEST_F(PipelineTest, P1_UnparsedBytesAreOnRecordUnderTheCallersName) {
  rpc::IncomingCall call = NewCall(kReader, "AccessSecretVersion",
                                   secrets::v1::AccessSecretVersionRequest());
  call.request = nullptr;
  absl::Status answered;
  pipeline_->HandleUnary(std::move(call),
                         [&](absl::Status status, auto) { answered = status; });
  EXPECT_EQ(answered.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(answered), kMalformedRequest);
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_INVALID).size(), 1u);
  EXPECT_EQ(log_.entries[0].principal(), kReader);
}

TEST_F(PipelineTest, ARecordSaysWhoDidWhatAndUnderWhichRule) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  Access(kReader);
  auto records = log_.OfKind(ENTRY_KIND_ACCESS);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].principal(), kReader);
  EXPECT_EQ(records[0].action(), "secrets.access");
  EXPECT_EQ(records[0].resource(), "projects/default/secrets/db/versions/1");
  EXPECT_EQ(records[0].rule(), "projects/default/bindings/b");
  EXPECT_EQ(records[0].policy_revision(), 1u);
  EXPECT_EQ(records[0].code(), 0);
  EXPECT_EQ(records[0].decision(), audit::v1::DECISION_ALLOW);
  EXPECT_EQ(records[0].credential_id(), "certificate:00");
}

TEST_F(PipelineTest, P5_NoRecordHoldsTheValue) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  Access(kReader);
  for (const auto& entry : log_.entries) {
    EXPECT_THAT(entry.ShortDebugString(), Not(HasSubstr("plaintext")));
  }
}

TEST_F(PipelineTest, ADenialNamesTheMissingActionAndNoRule) {
  auto reply = Access(kStranger);
  EXPECT_THAT(std::string(reply->status.message()),
              HasSubstr("secrets.access"));
  EXPECT_THAT(std::string(reply->status.message()), Not(HasSubstr("bindings")));
}

TEST_F(PipelineTest, P2_AReadDecidedUnderAnOlderPolicyIsDecidedAgain) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  Stage(2, {});  // revokes
  log_.held = true;
  auto reply = Access(kReader);
  PutInForce(2);
  log_.Release();
  EXPECT_EQ(reply->status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P2_AnIntentDecidedUnderAnOlderPolicyIsDecidedAgain) {
  Stage(2, {});  // revokes
  log_.held = true;
  auto reply = Destroy(kReader);
  PutInForce(2);
  log_.Release();
  EXPECT_EQ(reply->status.code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(store_.contexts.empty());
}

TEST_F(PipelineTest, P2_NothingFetchedUnderARefusedDecisionIsUsedAgain) {
  int fetches = 0;
  store_.answer = [&](auto&, auto&) {
    return Payload(absl::StrCat("fetch-", ++fetches));
  };
  Stage(2, {kReader});
  log_.held = true;
  auto reply = Access(kReader);
  PutInForce(2);
  log_.Release();
  EXPECT_EQ(PayloadOf(*reply), "fetch-2");
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_ACCESS)[0].policy_revision(), 2u);
}

TEST_F(PipelineTest, P2_AGrantThatIsInForceIsNeverDenied) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  Stage(2, {kStranger});
  PutInForce(2);  // this gateway has not been told
  auto reply = Access(kStranger);
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  EXPECT_TRUE(log_.OfKind(ENTRY_KIND_DENIAL).empty());
}

TEST_F(PipelineTest, P2_AStagedPolicyDecidesNothingBeforeItIsInForce) {
  Stage(2, {kStranger});
  auto reply = Access(kStranger);
  EXPECT_EQ(reply->status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_DENIAL)[0].policy_revision(), 1u);
}

TEST_F(PipelineTest, P2_AGatewayWithoutThePolicyInForceWaitsForIt) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  PutInForce(2);
  auto reply = Access(kReader);
  EXPECT_EQ(reply->count, 0);
  Stage(2, {kReader});
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  EXPECT_EQ(reply->count, 1);
}

TEST_F(PipelineTest, P8_AGatewayWithoutThePolicyInForceRefusesInTime) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  PutInForce(2);
  auto reply = Access(kReader);
  PassTime(absl::Seconds(10));
  EXPECT_EQ(reply->count, 1);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P2_AChangeRefusedByTheOwnersFenceStartsUnderANewIntent) {
  int calls = 0;
  store_.answer = [&](auto&, auto&) {
    if (++calls > 1) return Changed(rpc::Outcome::kApplied);
    rpc::CallResult refused;
    refused.status = absl::AbortedError("fence");
    refused.outcome = rpc::Outcome::kNotApplied;
    refused.refusal = rpc::Refusal::kFence;
    return refused;
  };
  auto reply = Destroy(kReader);
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  ASSERT_EQ(store_.contexts.size(), 2u);
  EXPECT_NE(store_.contexts[0].intent_id, store_.contexts[1].intent_id);
  auto outcomes = log_.OfKind(ENTRY_KIND_OUTCOME);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].outcome(), audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  EXPECT_EQ(outcomes[0].intent_index(), 0u);
  EXPECT_EQ(outcomes[1].outcome(), audit::v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_EQ(outcomes[1].intent_index(), 2u);
}

// Each makes the others' decisions stale: without turns all but one of those
// that start together are decided, put on record and refused in vain.
class PolicyChangesTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    StageAdministrator(1);
  }

  void StageAdministrator(uint64_t revision) {
    pipeline_->view().Stage(
        policy::PolicySnapshot::Compile(
            policy::TestState(
                revision, policy::TestProject("default"),
                policy::TestBinding("projects/default/bindings/b",
                                    "roles/policy.admin", {kReader},
                                    "projects/default")),
            catalog_)
            .value());
  }

  // Makes the change that waits at policy.
  void Make(uint64_t revision) {
    StageAdministrator(revision);
    PutInForce(revision);
    auto done = std::move(policy_.waiting.front());
    policy_.waiting.pop_front();
    done(PolicyChanged());
  }
};

TEST_F(PolicyChangesTest, EachIsDecidedUnderWhatTheOneBeforeHasMade) {
  std::vector<std::shared_ptr<Reply>> replies;
  for (int i = 0; i < 3; ++i) replies.push_back(ApplyPolicy(kReader));
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_EQ(policy_.contexts.size(), i + 1);
    Make(i + 2);
    EXPECT_EQ(replies[i]->count, 1);
    EXPECT_TRUE(replies[i]->status.ok()) << replies[i]->status;
  }
  EXPECT_EQ(policy_.contexts[2].policy_revision, 3u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_INTENT).size(), 3u);
}

TEST_F(PolicyChangesTest, OneThatIsRefusedEndsItsTurn) {
  auto denied = ApplyPolicy(kStranger);
  EXPECT_EQ(denied->status.code(), StatusCode::kPermissionDenied);
  ApplyPolicy(kReader);
  EXPECT_EQ(policy_.contexts.size(), 1u);
}

TEST_F(PolicyChangesTest, P8_ATurnEndsAtItsDeadline) {
  auto hangs = ApplyPolicy(kReader);
  PassTime(absl::Seconds(5));
  auto next = ApplyPolicy(kReader);
  EXPECT_EQ(policy_.contexts.size(), 1u);
  PassTime(absl::Seconds(5));
  EXPECT_EQ(ErrorReason(hangs->status), kOutcomeUnknown);
  ASSERT_EQ(policy_.contexts.size(), 2u);
  policy_.waiting.pop_front();
  Make(2);
  EXPECT_TRUE(next->status.ok()) << next->status;
}

TEST_F(PolicyChangesTest, P8_OneWhoseDeadlinePassesBeforeItsTurnIsNeverSent) {
  auto hangs = ApplyPolicy(kReader);
  auto waits = ApplyPolicy(kReader);
  PassTime(absl::Seconds(10));
  EXPECT_EQ(hangs->count, 1);
  EXPECT_EQ(waits->count, 1);
  EXPECT_EQ(waits->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(policy_.contexts.size(), 1u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_INTENT).size(), 1u);
}

TEST_F(PolicyChangesTest, OthersDoNotWaitForThem) {
  ApplyPolicy(kReader);
  Stage(2, {kReader});
  PutInForce(2);
  Destroy(kReader);
  EXPECT_EQ(store_.contexts.size(), 1u);
}

TEST_F(PipelineTest, P8_APolicyThatNeverSettlesIsAnsweredUnavailable) {
  store_.answer = [&](auto&, auto&) {
    rpc::CallResult refused;
    refused.status = absl::AbortedError("fence");
    refused.outcome = rpc::Outcome::kNotApplied;
    refused.refusal = rpc::Refusal::kFence;
    return refused;
  };
  auto reply = Destroy(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P8_AStoreThatHangsIsAnsweredBeforeTheCallersDeadline) {
  auto reply = Access(kReader);
  PassTime(absl::Seconds(10) - absl::Milliseconds(200));
  EXPECT_EQ(reply->count, 1);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P8_ATimeOfDaySetBackLengthensNoDeadline) {
  auto fetching = Access(kReader);
  log_.held = true;
  auto recording = Access(kStranger);
  clock_.Set(clock_.Now() - absl::Hours(1));
  PassTime(absl::Seconds(10) - absl::Milliseconds(200));
  EXPECT_EQ(fetching->count, 1);
  EXPECT_EQ(fetching->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(recording->count, 1);
  EXPECT_EQ(recording->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P8_ATimeOfDaySetForwardsEndsNothingEarly) {
  auto reply = Access(kReader);
  clock_.Set(clock_.Now() + absl::Hours(1));
  PassTime(absl::Seconds(9));
  EXPECT_EQ(reply->count, 0);
  store_.waiting.front()(Payload("plaintext"));
  EXPECT_EQ(reply->count, 1);
  EXPECT_TRUE(reply->status.ok()) << reply->status;
}

TEST_F(PipelineTest, P8_AnAnswerThatComesTooLateIsDropped) {
  auto reply = Access(kReader);
  PassTime(absl::Seconds(11));
  store_.waiting.front()(Payload("plaintext"));
  EXPECT_EQ(reply->count, 1);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P8_AnAuditThatHangsIsAnsweredInTimeAndReleasesNothing) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  log_.held = true;
  auto reply = Access(kReader);
  PassTime(absl::Seconds(11));
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  log_.Release();
  EXPECT_EQ(reply->count, 1);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P8_AnOwnerThatAnswersNonsenseIsNotPassedOn) {
  store_.answer = [](auto&, auto&) {
    rpc::CallResult result;
    result.response = std::make_unique<secrets::v1::GetSecretResponse>();
    return result;
  };
  EXPECT_EQ(Access(kReader)->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P8_AnOwnerThatAnswersNothingIsNotPassedOn) {
  store_.answer = [](auto&, auto&) { return rpc::CallResult(); };
  EXPECT_EQ(Access(kReader)->status.code(), StatusCode::kUnavailable);
}

TEST_F(PipelineTest, P4_AChangeOfUnknownFateIsCalledSo) {
  store_.answer = [](auto&, auto&) { return Changed(rpc::Outcome::kUnknown); };
  auto reply = Destroy(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(reply->status), kOutcomeUnknown);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_OUTCOME)[0].outcome(),
            audit::v1::CHANGE_OUTCOME_UNKNOWN);
}

TEST_F(PipelineTest, P4_AChangeThatExpiresAtTheOwnerIsOfUnknownFate) {
  auto reply = Destroy(kReader);
  PassTime(absl::Seconds(11));
  EXPECT_EQ(ErrorReason(reply->status), kOutcomeUnknown);
}

TEST_F(PipelineTest, P4_TheOutcomeOfAnExpiredChangeStillGoesOnRecord) {
  auto reply = Destroy(kReader);
  PassTime(absl::Seconds(11));
  store_.waiting.front()(Changed(rpc::Outcome::kApplied));
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_OUTCOME).size(), 1u);
  EXPECT_EQ(reply->count, 1);
}

TEST_F(PipelineTest, P1_AnOutcomeIsAFactWhateverThePolicyIsByThen) {
  auto reply = Destroy(kReader);
  ASSERT_EQ(store_.waiting.size(), 1u);
  Stage(2, {});
  PutInForce(2);
  store_.waiting.front()(Changed(rpc::Outcome::kApplied));
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_OUTCOME).size(), 1u);
}

TEST_F(PipelineTest, P1_AChangeThatExpiresBeforeItsIntentIsNeverMade) {
  log_.held = true;
  auto reply = Destroy(kReader);
  PassTime(absl::Seconds(11));
  EXPECT_NE(ErrorReason(reply->status), kOutcomeUnknown);
  log_.Release();
  EXPECT_TRUE(store_.contexts.empty());
}

TEST_F(PipelineTest, P1_AnOutcomeThatCannotBeRecordedIsNotAnsweredAsDone) {
  store_.answer = [this](auto&, auto&) {
    log_.instead = rpc::AppendResult();
    return Changed(rpc::Outcome::kApplied);
  };
  auto reply = Destroy(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(reply->status), kOutcomeUnknown);
}

TEST_F(PipelineTest, ABarredIntentIsNeverAnsweredAsFinal) {
  store_.answer = [](auto&, auto&) {
    rpc::CallResult barred;
    barred.status = absl::FailedPreconditionError("barred");
    barred.outcome = rpc::Outcome::kNotApplied;
    barred.refusal = rpc::Refusal::kBarred;
    return barred;
  };
  auto reply = Destroy(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(reply->status), kIntentBarred);
}

TEST_F(PipelineTest, WhatAnEngineSaysOfItsFilesIsInTheLogAlone) {
  constexpr char kFile[] = "/var/lib/keyward/data/store/000042.sst";
  store_.answer = [&](auto&, auto&) {
    rpc::CallResult failed;
    failed.status = absl::UnavailableError(absl::StrCat("IO error: ", kFile));
    return failed;
  };
  const auto reply = Access(kReader);
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(reply->status), kInternalError);
  EXPECT_THAT(reply->status.ToString(), Not(HasSubstr("keyward/")));
  const std::string id = log_.OfKind(ENTRY_KIND_ACCESS)[0].request_id();
  EXPECT_THAT(std::string(reply->status.message()), HasSubstr(id));
  ASSERT_EQ(log_lines_.lines().size(), 1u);
  EXPECT_THAT(log_lines_.lines()[0], HasSubstr(kFile));
  EXPECT_THAT(log_lines_.lines()[0], HasSubstr(id));
}

TEST_F(PipelineTest, ACallerWithoutCredentialsIsRefusedAndRecordedTenTimes) {
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(Access("")->status.code(), StatusCode::kUnauthenticated);
  }
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_UNAUTHENTICATED).size(), 10u);
  PassTime(absl::Seconds(61));
  auto counts = log_.OfKind(ENTRY_KIND_REFUSALS);
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].count(), 5u);
  EXPECT_EQ(counts[0].peer(), "ipv4:127.0.0.1");
}

TEST_F(PipelineTest, RefusalsThatAuditDidNotTakeAreCountedWhenItIsBack) {
  log_.instead = rpc::AppendResult();
  for (int i = 0; i < 15; ++i) Access("");
  PassTime(absl::Seconds(61));
  PassTime(absl::Seconds(61));
  EXPECT_TRUE(log_.entries.empty());
  log_.instead.reset();
  PassTime(absl::Seconds(2));
  uint64_t counted = 0;
  for (const auto& entry : log_.OfKind(ENTRY_KIND_REFUSALS)) {
    counted += entry.count();
  }
  EXPECT_EQ(counted, 15u);
  EXPECT_TRUE(log_.OfKind(ENTRY_KIND_UNAUTHENTICATED).empty());
}

TEST_F(PipelineTest, AProjectThatDoesNotExistLooksLikeOneThatIsForbidden) {
  secrets::v1::GetSecretRequest request;
  request.set_name("projects/unknown/secrets/db");
  // Allowed nowhere there: the same answer as for what exists.
  EXPECT_EQ(Call(kReader, "GetSecret", request)->status.code(),
            StatusCode::kPermissionDenied);
}

TEST_F(PipelineTest, ACallerThatCollectsDenialsIsSlowedDownOnRecord) {
  int denied = 0;
  int exhausted = 0;
  for (int i = 0; i < 150; ++i) {
    const StatusCode code = Access(kStranger)->status.code();
    denied += code == StatusCode::kPermissionDenied;
    exhausted += code == StatusCode::kResourceExhausted;
  }
  EXPECT_EQ(denied, 100);
  EXPECT_EQ(exhausted, 50);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_DENIAL).size(), 100u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 1u);
  PassTime(absl::Seconds(1));
  EXPECT_EQ(Access(kStranger)->status.code(), StatusCode::kPermissionDenied);
  PassTime(absl::Seconds(1));
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 2u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS)[1].count(), 50u);
}

// A decision closes no intent: an audit that says so has not recorded it.
TEST_F(PipelineTest, P1_AnAppendAnsweredForAnotherKindReleasesNothing) {
  rpc::AppendResult closed;
  closed.status = rpc::AppendStatus::kIntentClosed;
  log_.instead = closed;
  store_.answer = [](auto&, auto&) { return Payload("hunter2"); };
  auto reply = Access(kReader);
  EXPECT_EQ(reply->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(reply->response, nullptr);
}

TEST_F(PipelineTest, P4_AnOutcomeThatTheLogContradictsIsNotKnown) {
  auto reply = Destroy(kReader);
  ASSERT_EQ(store_.waiting.size(), 1u);
  rpc::AppendResult closed;
  closed.status = rpc::AppendStatus::kIntentClosed;
  closed.closing_outcome.set_outcome(audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  log_.instead = closed;
  store_.waiting[0](Changed(rpc::Outcome::kApplied));
  EXPECT_EQ(reply->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(reply->status), kOutcomeUnknown);
}

// A copy of a call that comes when its intent is closed and forgotten: what
// became of the first copy stands in the log alone.
TEST_F(PipelineTest, P4_ABarredCopyOfAChangeIsAnsweredByTheLog) {
  for (const auto& [closing, reason] :
       {std::pair(audit::v1::CHANGE_OUTCOME_APPLIED, kOutcomeUnknown),
        std::pair(audit::v1::CHANGE_OUTCOME_NOT_APPLIED, kIntentBarred)}) {
    store_.waiting.clear();
    auto reply = Destroy(kReader);
    ASSERT_EQ(store_.waiting.size(), 1u);
    rpc::AppendResult closed;
    closed.status = rpc::AppendStatus::kIntentClosed;
    closed.closing_outcome.set_outcome(closing);
    log_.instead = closed;
    rpc::CallResult answer;
    answer.refusal = rpc::Refusal::kBarred;
    answer.outcome = rpc::Outcome::kUnknown;
    answer.status = absl::UnavailableError("barred");
    store_.waiting[0](std::move(answer));
    EXPECT_EQ(reply->status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ErrorReason(reply->status), reason);
    log_.instead.reset();
  }
}

TEST_F(PipelineTest, P2_TheLimitOfDenialsIsDecidedAtTheFence) {
  PipelineOptions defaults;
  for (int i = 0; i < defaults.denial_limits.burst + 1; ++i) Access(kStranger);
  // The stranger has been granted it, and this gateway has not heard yet.
  Stage(2, {kReader, kStranger});
  PutInForce(2);
  store_.answer = [](auto&, auto&) { return Payload("hunter2"); };
  EXPECT_TRUE(Access(kStranger)->status.ok());
  // Of the two refusals, the one that was not given is not on record.
  PassTime(absl::Minutes(2));
  const auto records = log_.OfKind(ENTRY_KIND_REFUSALS);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].count(), 1u);
}

class LimitedPipelineTest : public PipelineTest {
 protected:
  LimitedPipelineTest() { rate_limits_ = {.per_second = 1, .burst = 2}; }
};

TEST_F(LimitedPipelineTest, BeginAndEndOfRefusalsAreOnRecord) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  EXPECT_TRUE(Access(kReader)->status.ok());
  EXPECT_TRUE(Access(kReader)->status.ok());
  for (int i = 0; i < 3; ++i) {
    auto refused = Access(kReader);
    EXPECT_EQ(refused->status.code(), StatusCode::kResourceExhausted);
    EXPECT_TRUE(RetryAfter(refused->status).has_value());
  }
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 1u);
  PassTime(absl::Seconds(2));
  EXPECT_TRUE(Access(kReader)->status.ok());
  PassTime(absl::Seconds(1));
  auto records = log_.OfKind(ENTRY_KIND_REFUSALS);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].count(), 3u);
  EXPECT_EQ(records[1].principal(), kReader);
  EXPECT_EQ(records[1].detail(), "the refusals for too many calls end");
}

TEST_F(LimitedPipelineTest, ABeginThatCouldNotBeRecordedIsTheNextRefusals) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  Access(kReader);
  Access(kReader);
  log_.instead = rpc::AppendResult();
  EXPECT_EQ(Access(kReader)->status.code(), StatusCode::kUnavailable);
  log_.instead.reset();
  EXPECT_EQ(Access(kReader)->status.code(), StatusCode::kResourceExhausted);
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 1u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS)[0].detail(),
            "refusals for too many calls begin");
}

TEST_F(LimitedPipelineTest, AnEndThatCouldNotBeRecordedIsRecordedLater) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  for (int i = 0; i < 4; ++i) Access(kReader);
  PassTime(absl::Seconds(2));
  EXPECT_TRUE(Access(kReader)->status.ok());
  log_.instead = rpc::AppendResult();
  PassTime(absl::Seconds(1));
  PassTime(absl::Seconds(1));
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 1u);
  log_.instead.reset();
  PassTime(absl::Seconds(1));
  ASSERT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 2u);
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS)[1].count(), 2u);
}

TEST_F(LimitedPipelineTest, WhatIsOwedIsRecordedBeforeTheGatewayStops) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  for (int i = 0; i < 5; ++i) Access(kReader);
  for (int i = 0; i < 12; ++i) Access("");
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 1u);
  pipeline_->FlushRecords(absl::ZeroDuration());
  auto records = log_.OfKind(ENTRY_KIND_REFUSALS);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].peer(), "ipv4:127.0.0.1");
  EXPECT_EQ(records[1].count(), 2u);
  EXPECT_EQ(records[2].principal(), kReader);
  EXPECT_EQ(records[2].count(), 3u);
  // Once.
  pipeline_->FlushRecords(absl::ZeroDuration());
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_REFUSALS).size(), 3u);
}

TEST_F(LimitedPipelineTest, WhatCannotBeRecordedDoesNotHoldUpTheEnd) {
  for (int i = 0; i < 12; ++i) Access("");
  log_.instead = rpc::AppendResult();
  pipeline_->FlushRecords(absl::Milliseconds(20));
  ASSERT_FALSE(log_lines_.lines().empty());
  EXPECT_THAT(log_lines_.lines().back(), testing::HasSubstr("\"refusals\":2"));
}

TEST_F(PipelineTest, ARefusalByTheTransportIsOnRecord) {
  rpc::PeerFacts peer;
  peer.peer = "ipv4:10.0.0.1:99";
  pipeline_->OnRefused(peer, nullptr, absl::UnimplementedError("no method"));
  const auto call = NewCall("", "GetSecret", secrets::v1::GetSecretRequest());
  pipeline_->OnRefused(peer, call.method,
                       absl::ResourceExhaustedError("too many"));
  auto records = log_.OfKind(ENTRY_KIND_UNAUTHENTICATED);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].peer(), peer.peer);
  EXPECT_EQ(records[0].method(), "");
  EXPECT_EQ(records[0].code(), 12);
  EXPECT_NE(records[0].request_id(), "");
  EXPECT_EQ(records[1].method(), "keyward.secrets.v1.SecretService.GetSecret");
  EXPECT_EQ(records[1].code(), 8);
}

class FewCallsPipelineTest : public PipelineTest {
 protected:
  FewCallsPipelineTest() {
    call_limits_.calls_of_principal = 2;
    call_limits_.bytes_of_principal = 1000;
  }

  // As Access, through a transport that keeps what it is given in `kept`.
  std::shared_ptr<Reply> AccessKeeping(
      std::vector<std::shared_ptr<void>>* kept) {
    secrets::v1::AccessSecretVersionRequest request;
    request.set_name(kSecretName);
    rpc::IncomingCall call = NewCall(kReader, "AccessSecretVersion", request);
    call.keep_until_sent = [kept](std::shared_ptr<void> place) {
      kept->push_back(std::move(place));
    };
    return Send(std::move(call));
  }
};

TEST_F(FewCallsPipelineTest, P8_OnePrincipalsOpenCallsAreBounded) {
  Stage(2, {kReader, kStranger});
  pipeline_->view().OnFence(2);
  PutInForce(2);
  const auto first = Access(kReader);
  const auto second = Access(kReader);
  for (int i = 0; i < 3; ++i) {
    const auto third = Access(kReader);
    EXPECT_EQ(third->status.code(), StatusCode::kResourceExhausted);
    EXPECT_EQ(ErrorReason(third->status), kQuotaExceeded);
    EXPECT_EQ(RetryAfter(third->status), absl::Seconds(1));
  }
  const auto others = Access(kStranger);
  EXPECT_EQ(store_.waiting.size(), 3u);
  while (!store_.waiting.empty()) {
    store_.waiting.front()(Payload("plaintext"));
    store_.waiting.pop_front();
  }
  EXPECT_TRUE(first->status.ok() && second->status.ok() && others->status.ok());
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  EXPECT_TRUE(Access(kReader)->status.ok());
  // Begin and end of that are on record.
  PassTime(absl::Minutes(2));
  const auto records = log_.OfKind(ENTRY_KIND_REFUSALS);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].principal(), kReader);
  EXPECT_EQ(records[0].code(), 8);
  EXPECT_EQ(records[0].detail(), "refusals for too many calls at once begin");
  EXPECT_EQ(records[1].count(), 3u);
  EXPECT_EQ(records[1].detail(), "the refusals for too many calls at once end");
}

// A caller that does not read keeps its answers in the transport.
TEST_F(FewCallsPipelineTest, P8_AnAnswerCountsUntilTheTransportIsDoneWithIt) {
  store_.answer = [](auto&, auto&) { return Payload("plaintext"); };
  std::vector<std::shared_ptr<void>> unsent;
  EXPECT_TRUE(AccessKeeping(&unsent)->status.ok());
  EXPECT_TRUE(AccessKeeping(&unsent)->status.ok());
  EXPECT_EQ(Access(kReader)->status.code(), StatusCode::kResourceExhausted);
  ASSERT_EQ(unsent.size(), 2u);
  unsent.pop_back();
  EXPECT_TRUE(Access(kReader)->status.ok());
}

TEST_F(FewCallsPipelineTest, P8_TheBytesOfUnsentAnswersAreBounded) {
  store_.answer = [](auto&, auto&) { return Payload(std::string(600, 'x')); };
  std::vector<std::shared_ptr<void>> unsent;
  EXPECT_TRUE(AccessKeeping(&unsent)->status.ok());
  const auto refused = AccessKeeping(&unsent);
  EXPECT_EQ(refused->status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(refused->response, nullptr);
  // A record may be there for an answer that was not given.
  EXPECT_EQ(log_.OfKind(ENTRY_KIND_ACCESS).size(), 2u);
  unsent.clear();
  EXPECT_TRUE(Access(kReader)->status.ok());
}

TEST_F(FewCallsPipelineTest, P4_AChangeThatWasMadeIsToldWhateverRoomThereIs) {
  auto reply = Destroy(kReader);
  ASSERT_EQ(store_.waiting.size(), 1u);
  rpc::CallResult result = Changed(rpc::Outcome::kApplied);
  auto response = std::make_unique<secrets::v1::DestroySecretVersionResponse>();
  response->mutable_version()->set_name(std::string(2000, 'x'));
  result.response = std::move(response);
  store_.waiting.front()(std::move(result));
  EXPECT_TRUE(reply->status.ok()) << reply->status;
  EXPECT_NE(reply->response, nullptr);
}

TEST_F(FewCallsPipelineTest, P8_ARequestThatIsTooMuchIsRefusedUndone) {
  EXPECT_EQ(Access(kReader, absl::StrCat("projects/default/secrets/",
                                         std::string(1000, 'x')))
                ->status.code(),
            StatusCode::kResourceExhausted);
  EXPECT_TRUE(store_.contexts.empty());
}

}  // namespace
}  // namespace keyward::gateway
