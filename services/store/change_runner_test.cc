// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/change_runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/kv/writer_session.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/request_ids.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;
using Tear = kv::FaultyKv::Tear;

bool Ready(std::future<rpc::CallResult>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// A change waits for its turn until the one before it has given it back, which
// it does after its answer and on another thread.
bool AwaitStalledCommits(const kv::FaultyKv& faults, size_t count = 1) {
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (faults.stalled_commits() < count && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  return faults.stalled_commits() == count;
}

// Changes of secrets "s0" to "sN", which are held as they are handed over.
class ChangeRunnerTest : public StoreFixture {
 protected:
  using Answers = std::vector<std::future<rpc::CallResult>>;

  void CreateSecrets(int count) {
    for (int i = 0; i < count; ++i) Create(absl::StrCat("s", i), "old");
  }

  // Adds a version to each; nothing of it is in the store on return.
  Answers HoldChanges(int count) {
    faults_->StallCommits();
    Answers answers;
    for (int i = 0; i < count; ++i) {
      held_.push_back(std::make_unique<secrets::AddSecretVersionRequest>(
          AddRequest(absl::StrCat("s", i), "new")));
      answers.push_back(Begin(ContextFor(*held_.back()), *held_.back()));
      // One after the other, whoever still has the turn of a change before.
      EXPECT_TRUE(AwaitStalledCommits(*faults_, i + 1));
    }
    return answers;
  }

  // Puts a record as it is, as another process that changed it might. False if
  // it was changed meanwhile.
  bool Touch(const std::string& key) {
    const auto entry = engine()->Get(key);
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    EXPECT_TRUE(entry.ok() && session.ok());
    kv::Transaction touch;
    touch.preconditions.push_back(
        kv::Precondition::RevisionIs(key, entry->mod_revision));
    touch.puts.push_back({key, entry->value});
    return (*session)->CommitAndWait(touch, {Deadline()}).applied();
  }

  // Raises the fence to 9 behind the wrapper that holds commits, as another
  // process would.
  void RaiseFenceFromOutside() {
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    ASSERT_TRUE(session.ok());
    kv::Transaction raise;
    raise.preconditions.push_back(kv::Precondition::NumberAtMost(kFenceKey, 8));
    raise.puts.push_back({kFenceKey, kv::EncodeNumber(9)});
    ASSERT_TRUE((*session)->CommitAndWait(raise, {Deadline()}).applied());
  }

  // What the project's watchers see, oldest first; a gap is the test's failure.
  std::vector<std::string> Events(const std::string& uid = kTestProjectUid) {
    std::vector<std::string> names;
    kv::RangeOptions options;
    options.limit = kv::kMaxRangeEntries;
    const auto range = engine()->Range(
        EventPrefix(uid), kv::PrefixEnd(EventPrefix(uid)), options);
    EXPECT_TRUE(range.ok());
    for (const kv::Entry& entry : range->entries) {
      const auto record =
          DecodeRecord<keyward::internal::store::v1::EventRecord>(entry.value);
      EXPECT_TRUE(record.ok());
      names.push_back(absl::StrCat(record->name().substr(Name("").size()), "/",
                                   record->version()));
      EXPECT_EQ(*EventNumber(entry.key, uid), names.size());
    }
    const auto head = engine()->Get(EventHeadKey(uid));
    EXPECT_EQ(head.ok() ? *kv::DecodeNumber(head->value) : 0, names.size());
    return names;
  }

 private:
  std::vector<std::unique_ptr<secrets::AddSecretVersionRequest>> held_;
};

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
  ASSERT_TRUE(AwaitStalledCommits(*faults_));
  ASSERT_NO_FATAL_FAILURE(RaiseFenceFromOutside());
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
  ASSERT_TRUE(AwaitStalledCommits(*faults_));
  // The secret changes behind it.
  ASSERT_TRUE(Touch(SecretKey(kTestProjectUid, "db")));
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

TEST_F(ChangeRunnerTest, ChangesOfAProjectShareASync) {
  constexpr int kChanges = 40;
  CreateSecrets(kChanges);
  const uint64_t before = engine()->Stats().syncs;
  Answers answers = HoldChanges(kChanges);
  disk_.StallSyncs();
  faults_->ReleaseCommits();
  // The first takes whatever has come by then, the second all others.
  while (disk_.StalledSyncs() == 0) std::this_thread::yield();
  disk_.ReleaseSyncs();
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().outcome, rpc::Outcome::kApplied);
  }
  EXPECT_LE(engine()->Stats().syncs - before, 2u);
  const std::vector<std::string> events = Events();
  ASSERT_EQ(events.size(), size_t{2} * kChanges);
  for (int i = 0; i < kChanges; ++i) {
    EXPECT_EQ(events[kChanges + i], absl::StrCat("s", i, "/2"));
  }
}

TEST_F(ChangeRunnerTest, ChangesThatMakeSomethingNewShareASync) {
  Create("db", "old");
  faults_->StallCommits();
  std::vector<secrets::CreateSecretRequest> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(CreateRequest(absl::StrCat("s", i), "x"));
  }
  Answers answers;
  for (const auto& request : requests) {
    answers.push_back(Begin(ContextFor(request), request));
  }
  EXPECT_TRUE(AwaitStalledCommits(*faults_, requests.size()));
  faults_->ReleaseCommits();
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().outcome, rpc::Outcome::kApplied);
  }
  EXPECT_EQ(Events().size(), 21u);
}

TEST_F(ChangeRunnerTest, OfTwoThatMakeTheSameOneIsMade) {
  Create("db", "old");
  faults_->StallCommits();
  const auto request = CreateRequest("new", "x");
  auto one = Begin(ContextFor(request), request);
  auto two = Begin(ContextFor(request), request);
  faults_->ReleaseCommits();
  EXPECT_EQ(one.get().outcome, rpc::Outcome::kApplied);
  const rpc::CallResult second = two.get();
  EXPECT_EQ(second.outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(second.status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(ChangeRunnerTest, ChangesOfOneSecretTakeTurns) {
  CreateSecrets(1);
  faults_->StallCommits();
  const auto request = AddRequest("s0", "new");
  auto one = Begin(ContextFor(request), request);
  auto two = Begin(ContextFor(request), request);
  EXPECT_TRUE(AwaitStalledCommits(*faults_, 1));
  const size_t before = faults_->forwarded_commits();
  faults_->ReleaseCommits();
  EXPECT_EQ(VersionIn(one.get()), 2);
  EXPECT_EQ(VersionIn(two.get()), 3);
  EXPECT_EQ(faults_->forwarded_commits() - before, 2u)
      << "each is made at its first attempt";
}

// Those behind one that conflicts rest on a number that is not taken.
TEST_F(ChangeRunnerTest, P4_AConflictAmongChangesLeavesNoGap) {
  CreateSecrets(6);
  Answers answers = HoldChanges(6);
  ASSERT_TRUE(Touch(SecretKey(kTestProjectUid, "s2")));
  faults_->ReleaseCommits();
  for (auto& answer : answers) {
    const rpc::CallResult result = answer.get();
    EXPECT_EQ(result.outcome, rpc::Outcome::kApplied) << result.status;
    EXPECT_EQ(VersionIn(result), 2);
  }
  std::vector<std::string> events = Events();
  ASSERT_EQ(events.size(), 12u);
  EXPECT_EQ(events[6], "s0/2");
  EXPECT_EQ(events[7], "s1/2");
  std::sort(events.begin() + 8, events.end());
  EXPECT_EQ(std::vector<std::string>(events.begin() + 8, events.end()),
            (std::vector<std::string>{"s2/2", "s3/2", "s4/2", "s5/2"}));
}

TEST_F(ChangeRunnerTest, P2_AFenceThatRisesAmongChangesLeavesNoGap) {
  CreateSecrets(4);
  faults_->StallCommits();
  std::vector<secrets::AddSecretVersionRequest> requests;
  for (int i = 0; i < 4; ++i) {
    requests.push_back(AddRequest(absl::StrCat("s", i), "new"));
  }
  Answers answers;
  for (int i = 0; i < 4; ++i) {
    rpc::CallContext context = ContextFor(requests[i]);
    context.policy_revision = i == 1 ? 1 : 9;
    answers.push_back(Begin(context, requests[i]));
  }
  ASSERT_TRUE(AwaitStalledCommits(*faults_, 4));
  ASSERT_NO_FATAL_FAILURE(RaiseFenceFromOutside());
  faults_->ReleaseCommits();
  for (int i = 0; i < 4; ++i) {
    const rpc::CallResult result = answers[i].get();
    EXPECT_EQ(result.outcome,
              i == 1 ? rpc::Outcome::kNotApplied : rpc::Outcome::kApplied);
    EXPECT_EQ(result.refusal,
              i == 1 ? rpc::Refusal::kFence : rpc::Refusal::kNone);
  }
  EXPECT_EQ(Events().size(), 7u);
}

TEST_F(ChangeRunnerTest, P4_AnUnknownOutcomeAmongChangesLeavesNoGap) {
  CreateSecrets(5);
  for (const Tear tear : {Tear::kApplied, Tear::kNotApplied}) {
    const std::vector<std::string> before = Events();
    Answers answers = HoldChanges(5);
    faults_->TearCommits(tear, 1, /*skip=*/2);
    faults_->ReleaseCommits();
    for (int i = 0; i < 5; ++i) {
      const rpc::CallResult result = answers[i].get();
      const bool barred = i == 2 && tear == Tear::kNotApplied;
      EXPECT_EQ(result.outcome,
                barred ? rpc::Outcome::kNotApplied : rpc::Outcome::kApplied)
          << i << " " << result.status;
    }
    EXPECT_EQ(Events().size() - before.size(),
              tear == Tear::kApplied ? 5u : 4u);
  }
}

TEST_F(ChangeRunnerTest, P4_ARefusalAmongChangesLeavesNoGap) {
  CreateSecrets(5);
  Answers answers = HoldChanges(5);
  faults_->FailCommits(absl::UnavailableError("reopening"), 1, /*skip=*/2);
  faults_->ReleaseCommits();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(answers[i].get().outcome,
              i == 2 ? rpc::Outcome::kNotApplied : rpc::Outcome::kApplied);
  }
  EXPECT_EQ(Events().size(), 9u);
}

TEST_F(ChangeRunnerTest, P4_AFailedSyncUnderManyChangesLeavesNoGap) {
  CreateSecrets(8);
  Answers answers = HoldChanges(8);
  disk_.FailSyncs(0, 1, /*lose_unsynced=*/true);
  faults_->ReleaseCommits();
  size_t applied = 0;
  for (auto& answer : answers) {
    if (answer.get().outcome == rpc::Outcome::kApplied) ++applied;
  }
  // The engine refuses everything until it has reopened.
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (!engine()->Stats().serving && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  const size_t events = Events().size();
  EXPECT_GE(events, 8 + applied);
  Add("s0", "newer");
  EXPECT_EQ(Events().size(), events + 1);
}

// While an answer of a change before it is awaited no number can be given.
TEST_F(ChangeRunnerTest, P8_AChangeThatWaitsForANumberTooLongIsNotMade) {
  CreateSecrets(4);
  disk_.StallSyncs();
  const auto first = AddRequest("s0", "new");
  rpc::CallContext context = ContextFor(first);
  context.deadline = clock_.SteadyNow() + absl::Seconds(1);
  auto hurried = Begin(context, first);
  const auto second = AddRequest("s1", "new");
  context = ContextFor(second);
  context.deadline = clock_.SteadyNow() + absl::Minutes(1);
  auto patient = Begin(context, second);
  while (disk_.StalledSyncs() == 0) std::this_thread::yield();
  // The first is answered: it may or may not have been made.
  clock_.Advance(absl::Seconds(2));
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (!Ready(hurried) && absl::Now() < end) {
    clock_.Advance(absl::Seconds(1));
    absl::SleepFor(absl::Milliseconds(20));
  }
  ASSERT_TRUE(Ready(hurried));
  EXPECT_EQ(hurried.get().outcome, rpc::Outcome::kUnknown);
  const auto third = AddRequest("s2", "new");
  context = ContextFor(third);
  context.deadline = clock_.SteadyNow() + absl::Seconds(1);
  auto late = Begin(context, third);
  const auto fourth = AddRequest("s3", "new");
  auto in_time = Begin(ContextFor(fourth), fourth);
  EXPECT_FALSE(Ready(late));
  clock_.Advance(absl::Seconds(2));
  disk_.ReleaseSyncs();
  EXPECT_EQ(patient.get().outcome, rpc::Outcome::kApplied);
  const rpc::CallResult result = late.get();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  EXPECT_EQ(in_time.get().outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(Read("s2"), "old");
  EXPECT_EQ(Read("s3"), "new");
  Events();
}

TEST_F(ChangeRunnerTest, AProjectThatWasPurgedCountsOn) {
  CreateSecrets(3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Delete(absl::StrCat("s", i), /*now=*/true).ok());
  }
  ASSERT_EQ(*core_->PurgeProject("pay", kTestProjectUid, Deadline()), 0);
  CreateSecrets(2);
  Answers answers = HoldChanges(2);
  faults_->ReleaseCommits();
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().outcome, rpc::Outcome::kApplied);
  }
  const auto head = engine()->Get(EventHeadKey(kTestProjectUid));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(*kv::DecodeNumber(head->value), 10u);
  EXPECT_TRUE(engine()->Get(EventKey(kTestProjectUid, 10)).ok());
}

// A purge counts no secret, and one is created before it removes the key.
TEST_F(ChangeRunnerTest, AProjectsPurgeDoesNotTakeTheKeyOfAChangeUnderWay) {
  Create("gone", "x");
  ASSERT_TRUE(Delete("gone", /*now=*/true).ok());
  faults_->StallCommits();
  const auto a = CreateRequest("a", "x");
  const auto b = CreateRequest("b", "x");
  auto one = Begin(ContextFor(a), a);
  auto two = Begin(ContextFor(b), b);
  ASSERT_TRUE(AwaitStalledCommits(*faults_, 2));
  auto purge = std::async(std::launch::async, [this] {
    return core_->PurgeProject("pay", kTestProjectUid, Deadline());
  });
  ASSERT_TRUE(AwaitStalledCommits(*faults_, 3));
  faults_->ReleaseCommits();
  EXPECT_EQ(one.get().outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(two.get().outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(*purge.get(), 2);
  EXPECT_EQ(Read("a"), "x");
  EXPECT_EQ(Read("b"), "x");
}

TEST_F(ChangeRunnerTest, P4_ManyThreadsChangesLeaveNoGap) {
  constexpr int kThreads = 4;
  constexpr int kEach = 40;
  CreateSecrets(kThreads);
  std::vector<std::vector<secrets::AddSecretVersionRequest>> requests(kThreads);
  std::vector<std::vector<rpc::CallContext>> contexts(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kEach; ++i) {
      // Mostly its own secret, now and then another's.
      requests[t].push_back(
          AddRequest(absl::StrCat("s", i % 8 == 0 ? 0 : t), "new"));
      contexts[t].push_back(ContextFor(requests[t].back()));
    }
  }
  // Another process among them.
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      Touch(SecretKey(kTestProjectUid, "s1"));
      absl::SleepFor(absl::Milliseconds(2));
    }
  });
  std::atomic<size_t> applied{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Answers answers;
      for (int i = 0; i < kEach; ++i) {
        answers.push_back(Begin(contexts[t][i], requests[t][i]));
      }
      for (auto& answer : answers) {
        const rpc::CallResult result = answer.get();
        if (result.outcome == rpc::Outcome::kApplied) ++applied;
        // Other changes may keep coming first; nothing else may happen.
        EXPECT_TRUE(result.status.ok() ||
                    ErrorReason(result.status) == kStoreUnavailable)
            << result.status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  other.join();
  EXPECT_GT(applied, 0u);
  EXPECT_EQ(Events().size(), kThreads + applied);
}

// What the one before it puts is as good as what it would put itself.
TEST_F(ChangeRunnerTest, P3_AnOlderCheckpointBehindANewerOneIsNotInItsWay) {
  ASSERT_TRUE(Hold(0).ok());
  Create("db", "old");
  faults_->StallCommits();
  const auto a = CreateRequest("a", "x");
  const auto b = CreateRequest("b", "x");
  rpc::CallContext context = ContextFor(a);
  context.checkpoint = log_.Note(9);
  auto one = Begin(context, a);
  context = ContextFor(b);
  context.checkpoint = log_.Note(8);
  auto two = Begin(context, b);
  ASSERT_TRUE(AwaitStalledCommits(*faults_, 2));
  const size_t before = faults_->forwarded_commits();
  faults_->ReleaseCommits();
  EXPECT_EQ(one.get().outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(two.get().outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(faults_->forwarded_commits() - before, 2u)
      << "each is made at its first attempt";
  EXPECT_EQ(Held(), log_.Note(9));
}

// Audit concludes from the outcome "applied" that the store held a checkpoint
// with that intent in it.
TEST_F(ChangeRunnerTest, P3_NothingIsAppliedWhoseCheckpointWasNotPut) {
  ASSERT_TRUE(Hold(0).ok());
  Create("db", "old");
  for (const bool torn : {false, true}) {
    const std::string held = Held();
    const uint64_t size = torn ? 20 : 10;
    faults_->StallCommits();
    const auto a = CreateRequest(torn ? "a2" : "a1", "x");
    const auto b = CreateRequest(torn ? "b2" : "b1", "x");
    rpc::CallContext context = ContextFor(a);
    context.checkpoint = log_.Note(size);
    auto one = Begin(context, a);
    context = ContextFor(b);
    // Another project's: the event's number is not what is in its way.
    context.project_uid = "puid2";
    context.checkpoint = log_.Note(size - 1);
    auto two = Begin(context, b);
    ASSERT_TRUE(AwaitStalledCommits(*faults_, 2));
    if (torn) {
      faults_->TearCommits(Tear::kNotApplied, 1);
    } else {
      faults_->FailCommits(absl::UnavailableError("reopening"), 1);
    }
    faults_->ReleaseCommits();
    EXPECT_EQ(one.get().outcome, rpc::Outcome::kNotApplied);
    EXPECT_EQ(two.get().outcome, rpc::Outcome::kApplied);
    EXPECT_EQ(Held(), log_.Note(size - 1)) << "was " << held;
  }
}

// One that verified before makes no other of its size believed.
TEST_F(ChangeRunnerTest, P3_OnlyTheVeryNoteThatVerifiedIsBelievedAgain) {
  ASSERT_TRUE(Hold(0).ok());
  Create("db", "old");
  std::string forged = log_.Note(9);
  forged.replace(forged.find("\n9\n"), 3, "\n90\n");
  for (const std::string& note : {log_.Note(9), log_.Note(9), forged}) {
    const auto request = AddRequest("db", "x");
    rpc::CallContext context = ContextFor(request);
    context.checkpoint = note;
    EXPECT_EQ(Call(context, request).outcome, rpc::Outcome::kApplied);
    EXPECT_EQ(Held(), log_.Note(9));
  }
  EXPECT_EQ(log_sink_.lines().size(), 1u);
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
