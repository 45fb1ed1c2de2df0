// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/change_runner.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/kv/writer_session.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using ChangeRunnerTest = StoreFixture;
namespace secrets = keyward::secrets::v1;
using Tear = kv::FaultyKv::Tear;

bool Ready(std::future<rpc::CallResult>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// A change waits for its turn until the one before it has given it back, which
// it does after its answer and on another thread.
bool AwaitStalledCommit(const kv::FaultyKv& faults) {
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (faults.stalled_commits() == 0 && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  return faults.stalled_commits() == 1;
}

int64_t VersionIn(const rpc::CallResult& result) {
  const auto& name =
      static_cast<const secrets::AddSecretVersionResponse&>(*result.response)
          .version()
          .name();
  return std::stoll(name.substr(name.rfind('/') + 1));
}

TEST_F(ChangeRunnerTest, P1_NoChangeIsAnsweredOrSeenBeforeItIsSynced) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  disk_.StallSyncs();
  // The commit may sync on the thread that asks for it.
  std::future<rpc::CallResult> answer;
  std::thread asker([&] { answer = Begin(context, request); });
  while (disk_.StalledSyncs() == 0) std::this_thread::yield();
  EXPECT_EQ(Read("db"), "old");
  EXPECT_EQ(Access("db", "2").status().code(), absl::StatusCode::kNotFound);
  disk_.ReleaseSyncs();
  asker.join();
  EXPECT_TRUE(answer.get().status.ok());
  EXPECT_EQ(Read("db"), "new");
}

TEST_F(ChangeRunnerTest, P1_NothingIsAnsweredWhileTheCommitIsHeld) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  faults_->StallCommits();
  auto answer = Begin(ContextFor(request), request);
  EXPECT_FALSE(Ready(answer));
  EXPECT_EQ(Read("db"), "old");
  faults_->ReleaseCommits();
  EXPECT_TRUE(answer.get().status.ok());
}

TEST_F(ChangeRunnerTest, P1_AChangeWhoseSyncFailsIsNeverAnsweredAsMade) {
  Create("db", "old");
  disk_.FailSyncs(0, 1, /*lose_unsynced=*/true);
  const auto request = AddRequest("db", "new");
  const rpc::CallResult result = Call(request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(result.outcome, rpc::Outcome::kApplied);
}

TEST_F(ChangeRunnerTest, P2_AChangeDecidedBelowTheFenceIsRefusedForIt) {
  Create("db", "old");
  ASSERT_EQ(*core_->RaiseFence(5, Deadline()), 5u);
  const auto request = AddRequest("db", "new");
  rpc::CallContext context = ContextFor(request);
  context.policy_revision = 4;
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.refusal, rpc::Refusal::kFence);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  EXPECT_FALSE(result.status.ok());
  EXPECT_EQ(Read("db"), "old");
  EXPECT_EQ(Get("db").version_count(), 1);
}

TEST_F(ChangeRunnerTest, P2_AChangeDecidedAtTheFenceIsMade) {
  ASSERT_TRUE(core_->RaiseFence(5, Deadline()).ok());
  const auto request = CreateRequest("db", "new");
  rpc::CallContext context = ContextFor(request);
  context.policy_revision = 5;
  EXPECT_EQ(Call(context, request).outcome, rpc::Outcome::kApplied);
}

// The decision was current when the change was planned, and no longer when it
// is committed: only the comparison inside the transaction can tell.
TEST_F(ChangeRunnerTest, P2_TheFenceIsComparedInTheTransactionItself) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  faults_->StallCommits();
  auto answer = Begin(ContextFor(request), request);
  ASSERT_TRUE(AwaitStalledCommit(*faults_));
  // Behind the wrapper, as another process would.
  auto session = kv::WriterSession::Begin(engine(), Deadline());
  ASSERT_TRUE(session.ok());
  kv::Transaction raise;
  raise.preconditions.push_back(kv::Precondition::NumberAtMost(kFenceKey, 8));
  raise.puts.push_back({kFenceKey, kv::EncodeNumber(9)});
  ASSERT_TRUE((*session)->CommitAndWait(raise, {Deadline()}).applied());
  faults_->ReleaseCommits();
  const rpc::CallResult result = answer.get();
  EXPECT_EQ(result.refusal, rpc::Refusal::kFence);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, P2_AStaleRefusalComesBeforeTheAnswerOfTheState) {
  ASSERT_TRUE(core_->RaiseFence(5, Deadline()).ok());
  const auto request = AddRequest("missing", "x");
  const rpc::CallResult result = Call(request);
  EXPECT_EQ(result.refusal, rpc::Refusal::kFence);
}

TEST_F(ChangeRunnerTest, P2_AChangeOfAttributesSendsTheDecisionBack) {
  const std::string etag = Create("db", "old").etag();
  Add("db", "new");
  const auto request = AddRequest("db", "newer");
  rpc::CallContext context = ContextFor(request);
  context.attributes_etag = etag;
  EXPECT_EQ(Call(context, request).refusal, rpc::Refusal::kAttributes);
  context = ContextFor(request);
  context.attributes_etag = Get("db").etag();
  EXPECT_EQ(Call(context, request).outcome, rpc::Outcome::kApplied);
}

TEST_F(ChangeRunnerTest, P4_TheSameIntentIsDoneOnceAndAnsweredTheSame) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  const rpc::CallResult first = Call(context, request);
  const rpc::CallResult again = Call(context, request);
  ASSERT_TRUE(first.status.ok());
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(again.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(again.response->SerializeAsString(),
            first.response->SerializeAsString());
  EXPECT_EQ(again.resource, first.resource);
  EXPECT_EQ(Get("db").version_count(), 2);
}

TEST_F(ChangeRunnerTest, P4_AnUnknownOutcomeThatWasAppliedIsFoundOut) {
  Create("db", "old");
  faults_->TearCommits(Tear::kApplied, 1);
  const rpc::CallResult result = Call(AddRequest("db", "new"));
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(VersionIn(result), 2);
  EXPECT_EQ(Read("db"), "new");
}

TEST_F(ChangeRunnerTest, P4_AnUnknownOutcomeThatWasNotAppliedIsBarred) {
  Create("db", "old");
  faults_->TearCommits(Tear::kNotApplied, 1);
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  const rpc::CallResult again = Call(context, request);
  EXPECT_EQ(again.refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(ErrorReason(again.status), kIntentBarred);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, P4_AnOutcomeThatCannotBeFoundOutIsCalledUnknown) {
  Create("db", "old");
  for (const Tear tear : {Tear::kApplied, Tear::kNotApplied}) {
    faults_->TearCommits(tear, 1);
    faults_->FailSettles(true);
    auto request = AddRequest("db", "new");
    request.set_request_id("once");
    const rpc::CallResult result = Call(request);
    EXPECT_EQ(result.outcome, rpc::Outcome::kUnknown);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ErrorReason(result.status), kOutcomeUnknown);
    faults_->FailSettles(false);
  }
}

TEST_F(ChangeRunnerTest, P4_ARetryAfterUnknownIsDoneOnceWhateverHappened) {
  Create("db", "old");
  int64_t expected = 1;
  for (const Tear tear : {Tear::kApplied, Tear::kNotApplied}) {
    faults_->TearCommits(tear, 1);
    faults_->FailSettles(true);
    auto request = AddRequest("db", "new");
    request.set_request_id(tear == Tear::kApplied ? "a" : "b");
    ASSERT_EQ(Call(request).outcome, rpc::Outcome::kUnknown);
    faults_->FailSettles(false);
    const rpc::CallResult retry = Call(request);
    ASSERT_TRUE(retry.status.ok()) << retry.status;
    ++expected;
    EXPECT_EQ(VersionIn(retry), expected);
    EXPECT_EQ(Get("db").version_count(), expected);
  }
}

TEST_F(ChangeRunnerTest, P4_TheReconcilersTruthIsTheCallsTruth) {
  Create("db", "old");
  faults_->TearCommits(Tear::kApplied, 1);
  faults_->FailSettles(true);
  const auto applied = AddRequest("db", "new");
  const rpc::CallContext first = ContextFor(applied);
  ASSERT_EQ(Call(first, applied).outcome, rpc::Outcome::kUnknown);
  faults_->TearCommits(Tear::kNotApplied, 1);
  const rpc::CallContext second = ContextFor(applied);
  ASSERT_EQ(Call(second, applied).outcome, rpc::Outcome::kUnknown);
  faults_->FailSettles(false);
  auto resolved =
      core_->ResolveIntents({*first.intent_id, *second.intent_id}, Deadline());
  ASSERT_TRUE(resolved.ok());
  ASSERT_EQ(resolved->size(), 2u);
  for (const rpc::IntentResolution& resolution : *resolved) {
    EXPECT_EQ(resolution.outcome, resolution.intent_id == *first.intent_id
                                      ? rpc::Outcome::kApplied
                                      : rpc::Outcome::kNotApplied);
  }
}

TEST_F(ChangeRunnerTest, P4_ABarredIntentIsNeverApplied) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  ASSERT_TRUE(core_->ResolveIntents({*context.intent_id}, Deadline()).ok());
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, P4_AFailedPreconditionBarsItsIntent) {
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  Create("db", "old");
  EXPECT_EQ(Call(context, request).refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, P4_ARefusalThatCannotBarIsUnknown) {
  faults_->FailSettles(true);
  const rpc::CallResult result = Call(AddRequest("missing", "x"));
  EXPECT_EQ(result.outcome, rpc::Outcome::kUnknown);
  EXPECT_EQ(ErrorReason(result.status), kOutcomeUnknown);
}

TEST_F(ChangeRunnerTest, AnIntentBelowTheFloorIsRefused) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  const rpc::CallContext context = ContextFor(request);
  ASSERT_TRUE(core_->RaiseFloor(*context.intent_id + 1, Deadline()).ok());
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.refusal, rpc::Refusal::kBarred);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, ARequestIdAnswersWhatTheFirstCallAnswered) {
  Create("db", "old");
  auto request = AddRequest("db", "new");
  request.set_request_id("deploy 17");
  const rpc::CallResult first = Call(request);
  const rpc::CallContext context = ContextFor(request);
  const rpc::CallResult again = Call(context, request);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(again.response->SerializeAsString(),
            first.response->SerializeAsString());
  EXPECT_EQ(Get("db").version_count(), 2);
  // The second intent is closed by the truth as well.
  auto resolved = core_->ResolveIntents({*context.intent_id}, Deadline());
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->at(0).outcome, rpc::Outcome::kApplied);
}

TEST_F(ChangeRunnerTest, ARequestIdWithOtherContentIsRefused) {
  Create("db", "old");
  auto request = AddRequest("db", "new");
  request.set_request_id("deploy 17");
  ASSERT_TRUE(Call(request).status.ok());
  request.mutable_payload()->set_data("other");
  const rpc::CallResult result = Call(request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(result.status), kRequestIdReused);
  EXPECT_EQ(Read("db"), "new");
}

TEST_F(ChangeRunnerTest, ARequestIdBelongsToItsPrincipalAndMethod) {
  Create("db", "old");
  auto request = AddRequest("db", "new");
  request.set_request_id("1");
  ASSERT_TRUE(Call(request).status.ok());
  rpc::CallContext context = ContextFor(request);
  context.principal = "spiffe://keyward.internal/user/other";
  EXPECT_EQ(VersionIn(Call(context, request)), 3);
  secrets::DeleteSecretRequest other;
  other.set_name(Name("db"));
  other.set_request_id("1");
  EXPECT_TRUE(Call(other).status.ok());
}

TEST_F(ChangeRunnerTest, ARequestIdIsForgottenAfterADay) {
  Create("db", "old");
  auto request = AddRequest("db", "new");
  request.set_request_id("1");
  ASSERT_TRUE(Call(request).status.ok());
  clock_.Advance(RequestIds::kRetention - absl::Seconds(1));
  EXPECT_EQ(VersionIn(Call(request)), 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(VersionIn(Call(request)), 3);
  EXPECT_EQ(VersionIn(Call(request)), 3);
}

TEST_F(ChangeRunnerTest, ARefusedCallLeavesItsRequestIdFree) {
  auto request = AddRequest("db", "new");
  request.set_request_id("1");
  ASSERT_EQ(Call(request).status.code(), absl::StatusCode::kNotFound);
  Create("db", "old");
  EXPECT_TRUE(Call(request).status.ok());
}

TEST_F(ChangeRunnerTest, ACallAfterItsDeadlineChangesNothing) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  rpc::CallContext context = ContextFor(request);
  context.deadline = clock_.SteadyNow();
  const rpc::CallResult result = Call(context, request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(Read("db"), "old");
}

TEST_F(ChangeRunnerTest, P8_TheTimeOfDayMovesNoDeadline) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  const absl::Time before = clock_.Now();
  const rpc::CallContext in_time = ContextFor(request);
  clock_.Set(before + absl::Hours(1));
  EXPECT_TRUE(Call(in_time, request).status.ok());
  rpc::CallContext late = ContextFor(request);
  late.deadline = clock_.SteadyNow();
  clock_.Set(before - absl::Hours(1));
  EXPECT_EQ(Call(late, request).status.code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ChangeRunnerTest, ARaceWithAnotherWriterIsPlannedAgain) {
  Create("db", "old");
  const auto request = AddRequest("db", "new");
  faults_->StallCommits();
  auto answer = Begin(ContextFor(request), request);
  ASSERT_TRUE(AwaitStalledCommit(*faults_));
  // The secret changes behind it.
  {
    const std::string key = SecretKey(kTestProjectUid, "db");
    const auto entry = engine()->Get(key);
    ASSERT_TRUE(entry.ok());
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    ASSERT_TRUE(session.ok());
    kv::Transaction touch;
    touch.preconditions.push_back(kv::Precondition::Exists(key));
    touch.puts.push_back({key, entry->value});
    ASSERT_TRUE((*session)->CommitAndWait(touch, {Deadline()}).applied());
  }
  faults_->ReleaseCommits();
  EXPECT_TRUE(answer.get().status.ok());
  EXPECT_EQ(Read("db"), "new");
}

TEST_F(ChangeRunnerTest, ChangesOfManyThreadsAllHappenOnce) {
  Create("db", "old");
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::vector<secrets::AddSecretVersionRequest>> requests(kThreads);
  std::vector<std::vector<rpc::CallContext>> contexts(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kEach; ++i) {
      requests[t].push_back(AddRequest("db", "new"));
      contexts[t].push_back(ContextFor(requests[t].back()));
    }
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_EQ(Call(contexts[t][i], requests[t][i]).outcome,
                  rpc::Outcome::kApplied);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Get("db").version_count(), 1 + kThreads * kEach);
}

TEST_F(ChangeRunnerTest, P3_TheCallsCheckpointIsKeptWithTheChange) {
  ASSERT_TRUE(Hold(0).ok());
  const auto request = CreateRequest("db", "x");
  rpc::CallContext context = ContextFor(request);
  context.checkpoint = log_.Note(7);
  ASSERT_TRUE(Call(context, request).status.ok());
  EXPECT_EQ(Held(), log_.Note(7));
  // Under the same key as before, also after a restart.
  ASSERT_TRUE(Reopen().ok());
  const auto next = AddRequest("db", "y");
  context = ContextFor(next);
  context.checkpoint = log_.Note(8);
  ASSERT_TRUE(Call(context, next).status.ok());
  EXPECT_EQ(Held(), log_.Note(8));
}

// Its intent gets the outcome "applied" as well, from which audit concludes
// that the store held a checkpoint with that intent in it.
TEST_F(ChangeRunnerTest, P3_ARepeatedCallsCheckpointIsKeptToo) {
  ASSERT_TRUE(Hold(0).ok());
  auto request = AddRequest("db", "x");
  Create("db", "old");
  request.set_request_id("0a0b0c0d-0000-4000-8000-000000000001");
  rpc::CallContext context = ContextFor(request);
  context.checkpoint = log_.Note(7);
  ASSERT_TRUE(Call(context, request).status.ok());
  rpc::CallContext again = ContextFor(request);
  again.checkpoint = log_.Note(8);
  const rpc::CallResult repeated = Call(again, request);
  ASSERT_TRUE(repeated.status.ok()) << repeated.status;
  EXPECT_EQ(repeated.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(Held(), log_.Note(8));
}

// Audit handed a newer one, of which this runner knows nothing.
TEST_F(ChangeRunnerTest, ARepeatedCallWithAnOlderCheckpointIsAnswered) {
  auto request = AddRequest("db", "x");
  Create("db", "old");
  request.set_request_id("0a0b0c0d-0000-4000-8000-000000000001");
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_TRUE(Hold(9).ok());
  rpc::CallContext again = ContextFor(request);
  again.checkpoint = log_.Note(8);
  EXPECT_EQ(Call(again, request).outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(Held(), log_.Note(9));
}

TEST_F(ChangeRunnerTest, P3_ASmallerCheckpointNeverReplacesTheHeldOne) {
  ASSERT_TRUE(Hold(9).ok());
  const auto request = CreateRequest("db", "x");
  rpc::CallContext context = ContextFor(request);
  context.checkpoint = log_.Note(7);
  ASSERT_TRUE(Call(context, request).status.ok());
  EXPECT_EQ(Held(), log_.Note(9));
}

TEST_F(ChangeRunnerTest, P3_ACheckpointThatAuditDidNotSignIsDropped) {
  ASSERT_TRUE(Hold(9).ok());
  Create("db", "old");
  const audit::CheckpointsForTesting other('o');
  std::string changed = log_.Note(9);
  changed.replace(changed.find("\n9\n"), 3, "\n90\n");
  for (const std::string& made_up :
       {other.Note(90), changed, std::string("garbage"),
        log_.Note(90) + std::string(4096, 'x')}) {
    const auto request = AddRequest("db", "x");
    rpc::CallContext context = ContextFor(request);
    context.checkpoint = made_up;
    // It stops nothing.
    EXPECT_EQ(Call(context, request).outcome, rpc::Outcome::kApplied);
    EXPECT_EQ(Held(), log_.Note(9));
  }
  // The first, second and fourth: ever fewer.
  const std::vector<std::string> lines = log_sink_.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[2].find("\"dropped\":4"), std::string::npos) << lines[2];
}

TEST_F(ChangeRunnerTest, P3_BeforeAuditsFirstCheckpointNoCallsIsKept) {
  const auto request = CreateRequest("db", "x");
  rpc::CallContext context = ContextFor(request);
  context.checkpoint = log_.Note(7);
  ASSERT_TRUE(Call(context, request).status.ok());
  EXPECT_EQ(Held(), "");
}

TEST_F(ChangeRunnerTest, AStoreThatTakesNothingIsUnavailable) {
  Create("db", "old");
  faults_->FailCommits(absl::UnavailableError("reopening"));
  const rpc::CallResult result = Call(AddRequest("db", "new"));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
}

}  // namespace
}  // namespace keyward::store
