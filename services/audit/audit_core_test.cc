// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_core.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/proof.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/mutex.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/audit/fake_owner_control.h"
#include "services/audit/testing_audit.h"

namespace keyward::audit_service {
namespace {

using Status = rpc::AppendStatus;

class AuditCoreTest : public ::testing::Test {
 protected:
  AuditCoreTest() { Open(kv_.store()); }

  void Open(kv::KeyValueStore* store, bool restored = false) {
    core_.reset();
    AuditCore::Dependencies dependencies;
    dependencies.store = store;
    dependencies.key = TestLogKey();
    dependencies.clock = &clock_;
    dependencies.timer = &timer_;
    dependencies.logger = &logger_;
    dependencies.peers = {{"store",
                           &store_,
                           {"keyward.secrets.v1"},
                           "",
                           /*must_have_its_changes=*/true},
                          {"policy", &policy_, {"keyward.policy.v1"}, ""}};
    AuditCore::Options options;
    options.restored = restored;
    core_ = AuditCore::Create(std::move(dependencies), options, Soon()).value();
  }
  SteadyTime Soon() { return clock_.SteadyNow() + absl::Seconds(10); }

  // A log at fence 1 with `records` accesses.
  void StartWith(int records) {
    ASSERT_TRUE(core_->Start(Soon()).ok());
    ASSERT_EQ(core_->RaiseFence(1, Soon()).value(), 1u);
    for (int i = 0; i < records; ++i) {
      ASSERT_EQ(Append(AccessItem(1, Soon())).status, Status::kAccepted);
    }
  }
  rpc::AppendResult Append(rpc::AppendItem item) {
    auto answer = Answer::New();
    core_->Append(std::move(item), Answer::Into(answer));
    return answer->Wait();
  }
  // A change of the store's that ended as `outcome`, with the checkpoint that
  // the store was handed for it in `held`.
  uint64_t Change(audit::v1::ChangeOutcome outcome, std::string* held) {
    const rpc::AppendResult intent = Append(IntentItem(1, Soon()));
    EXPECT_EQ(intent.status, Status::kAccepted);
    *held = intent.checkpoint;
    EXPECT_EQ(Append(MakeItem({MakeOutcome(intent.first_index, outcome)},
                              std::nullopt, Soon()))
                  .status,
              Status::kAccepted);
    return intent.first_index;
  }
  audit::v1::AuditEntry LastEntry() {
    const uint64_t last = core_->view()->size() - 1;
    return audit::ParseEntry(core_->reader().ReadLeaf(last).value()).value();
  }
  rpc::CallResult Call(const std::string& method, const std::string& resource,
                       const google::protobuf::Message& request) {
    rpc::CallContext context;
    context.method = "keyward.audit.v1.AuditService." + method;
    context.principal = "auditor";
    context.resource = resource;
    context.deadline = Soon();
    Mutex mu;
    CondVar arrived;
    int answers = 0;
    rpc::CallResult answer;
    core_->Execute(context, request, [&](rpc::CallResult result) {
      MutexLock l(&mu);
      ++answers;
      answer = std::move(result);
      arrived.SignalAll();
    });
    MutexLock l(&mu);
    while (answers == 0) {
      if (!arrived.WaitFor(&mu, absl::Seconds(30))) break;
    }
    EXPECT_EQ(answers, 1);
    return answer;
  }
  std::vector<uint64_t> Query(const audit::v1::QueryEntriesRequest& request,
                              std::string* next) {
    const rpc::CallResult result =
        Call("QueryEntries", request.parent(), request);
    EXPECT_TRUE(result.status.ok()) << result.status;
    std::vector<uint64_t> indexes;
    if (!result.status.ok()) return indexes;
    const auto& response =
        static_cast<const audit::v1::QueryEntriesResponse&>(*result.response);
    for (const auto& entry : response.entries()) {
      indexes.push_back(entry.index());
    }
    *next = response.next_page_token();
    return indexes;
  }

  FakeClock clock_{absl::FromUnixSeconds(1800000000)};
  FakeTimer timer_{&clock_};
  kv::TestKv kv_;
  FakeOwnerControl store_;
  FakeOwnerControl policy_;
  NullLogSink sink_;
  Logger logger_{"audit", LogLevel::kError, &clock_, &sink_};
  std::unique_ptr<AuditCore> core_;
};

TEST_F(AuditCoreTest, ItemsThatCameTogetherShareOneSync) {
  StartWith(0);
  const uint64_t syncs = kv_.store()->Stats().syncs;
  std::vector<std::shared_ptr<Answer>> answers;
  std::vector<rpc::Appending> items;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(Answer::New());
    items.push_back({AccessItem(1, Soon()), Answer::Into(answers.back())});
  }
  // One that is decided under another policy is refused alone.
  answers.push_back(Answer::New());
  items.push_back({AccessItem(2, Soon()), Answer::Into(answers.back())});
  core_->AppendAll(std::move(items));
  for (size_t i = 0; i < 50; ++i) {
    const rpc::AppendResult result = answers[i]->Wait();
    EXPECT_EQ(result.status, Status::kAccepted);
    EXPECT_EQ(result.first_index, 1 + i);
  }
  EXPECT_EQ(answers[50]->Wait().status, Status::kFence);
  EXPECT_EQ(kv_.store()->Stats().syncs, syncs + 1);
}

TEST_F(AuditCoreTest, P8_NothingThatCameTogetherIsTakenBeforeStart) {
  auto answer = Answer::New();
  std::vector<rpc::Appending> items;
  items.push_back({AccessItem(1, Soon()), Answer::Into(answer)});
  core_->AppendAll(std::move(items));
  EXPECT_EQ(answer->Wait().status, Status::kFailed);
}

TEST_F(AuditCoreTest, P8_NothingIsServedBeforeStart) {
  EXPECT_FALSE(core_->serving());
  const rpc::AppendResult result = Append(AccessItem(1, Soon()));
  EXPECT_EQ(result.status, Status::kFailed);
  EXPECT_EQ(ErrorReason(result.error), kAuditUnavailable);
  EXPECT_EQ(core_->RaiseFence(1, Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(core_->GetLogState(Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(core_->GetCheckpoint(0).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Call("GetCheckpoint", "system", audit::v1::GetCheckpointRequest())
                .status.code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(AuditCoreTest, P8_StartWaitsForAPeerThatIsAwayAndNamesIt) {
  policy_.FailWith(absl::UnavailableError("connection refused"));
  const absl::Status status = core_->Start(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("policy"), std::string::npos);
  EXPECT_FALSE(core_->serving());
  policy_.FailWith(absl::OkStatus());
  EXPECT_TRUE(core_->Start(Soon()).ok());
  EXPECT_TRUE(core_->serving());
}

TEST_F(AuditCoreTest, P3_YesterdaysFolderIsRefusedIfAnyPeerHoldsANewerOne) {
  StartWith(3);
  const std::string yesterday_root(core_->view()->head.root.view());
  core_.reset();
  const auto yesterday = [&] {
    kv_.Close();
    return kv_.Files();
  }();
  ASSERT_TRUE(kv_.Restart().ok());
  Open(kv_.store());
  StartWith(2);
  policy_.held() = core_->GetCheckpoint(0).value().checkpoint;
  core_.reset();
  kv_.Close();
  ASSERT_TRUE(kv_.OpenFiles(yesterday).ok());
  Open(kv_.store());
  const absl::Status status = core_->Start(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("restore"), std::string::npos);
  EXPECT_NE(status.message().find("policy"), std::string::npos);
  EXPECT_EQ(Append(AccessItem(1, Soon())).status, Status::kFailed);
  EXPECT_EQ(core_->view()->head.root.view(), yesterday_root);
}

TEST_F(AuditCoreTest, P3_OtherHistoryOfTheSameLengthIsRefused) {
  StartWith(3);
  store_.held() = core_->GetCheckpoint(0).value().checkpoint;
  core_.reset();
  kv::TestKv other;
  const std::string held = std::exchange(store_.held(), "");
  Open(other.store());
  ASSERT_TRUE(core_->Start(Soon()).ok());
  ASSERT_TRUE(core_->RaiseFence(2, Soon()).ok());
  for (int i = 0; i < 3; ++i) Append(AccessItem(2, Soon()));
  store_.held() = held;
  Open(other.store());
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  core_.reset();
}

TEST_F(AuditCoreTest, P8_GarbageInsteadOfACheckpointIsRefused) {
  store_.held() = "garbage";
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(core_->serving());
}

TEST_F(AuditCoreTest, LogThatExtendsWhatPeersHoldServes) {
  StartWith(2);
  store_.held() = core_->GetCheckpoint(0).value().checkpoint;
  Append(AccessItem(1, Soon()));
  policy_.held() = core_->GetCheckpoint(0).value().checkpoint;
  Open(kv_.store());
  EXPECT_TRUE(core_->Start(Soon()).ok());
  EXPECT_EQ(core_->GetLogState(Soon()).value().size, 4u);
}

TEST_F(AuditCoreTest, RestoreIsOnRecordBeforeAnythingElse) {
  StartWith(1);
  Open(kv_.store(), /*restored=*/true);
  ASSERT_TRUE(core_->Start(Soon()).ok());
  ASSERT_TRUE(core_->Start(Soon()).ok());
  EXPECT_EQ(core_->view()->size(), 3u);
  const audit::v1::AuditEntry entry =
      audit::ParseEntry(core_->reader().ReadLeaf(2).value()).value();
  EXPECT_EQ(entry.kind(), audit::v1::ENTRY_KIND_INSTALLATION);
  EXPECT_EQ(entry.principal(), "system:operator");
}

TEST_F(AuditCoreTest, AStoreThatHasItsChangesServes) {
  StartWith(1);
  Change(audit::v1::CHANGE_OUTCOME_APPLIED, &store_.held());
  // Neither a refused change nor another service's is one of the store's.
  std::string unused;
  Change(audit::v1::CHANGE_OUTCOME_NOT_APPLIED, &unused);
  audit::v1::AuditEntry other = MakeEntry(audit::v1::ENTRY_KIND_INTENT, 1);
  other.set_method("keyward.policy.v1.PolicyService.ApplyPolicy");
  const rpc::AppendResult intent = Append(MakeItem({other}, 1, Soon()));
  ASSERT_EQ(Append(MakeItem({MakeOutcome(intent.first_index,
                                         audit::v1::CHANGE_OUTCOME_APPLIED)},
                            std::nullopt, Soon()))
                .status,
            Status::kAccepted);
  Open(kv_.store());
  EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
}

TEST_F(AuditCoreTest, P4_AStoreThatLacksAChangeOfTheLogIsRefused) {
  StartWith(1);
  Change(audit::v1::CHANGE_OUTCOME_APPLIED, &store_.held());
  std::string newer;
  const uint64_t lost = Change(audit::v1::CHANGE_OUTCOME_APPLIED, &newer);
  Open(kv_.store());
  const absl::Status status = core_->Start(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("data folder of store"), std::string::npos);
  EXPECT_NE(status.message().find(absl::StrCat("intent ", lost)),
            std::string::npos)
      << status;
  EXPECT_FALSE(core_->serving());
  store_.held() = newer;
  EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
}

TEST_F(AuditCoreTest, P4_AStoreThatWasMadeAnewUnderAnOldLogIsRefused) {
  StartWith(1);
  std::string lost;
  Change(audit::v1::CHANGE_OUTCOME_APPLIED, &lost);
  store_.held().clear();
  Open(kv_.store());
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuditCoreTest, AnOlderStoreIsAcceptedAsRestoredOnRecordAndOnce) {
  StartWith(1);
  std::string lost;
  Change(audit::v1::CHANGE_OUTCOME_APPLIED, &lost);
  store_.held().clear();
  Open(kv_.store(), /*restored=*/true);
  ASSERT_EQ(core_->Start(Soon()), absl::OkStatus());
  EXPECT_EQ(LastEntry().kind(), audit::v1::ENTRY_KIND_INSTALLATION);
  EXPECT_NE(LastEntry().detail().find("the folder of store is older"),
            std::string::npos)
      << LastEntry().detail();
  // As after a crash before the reconciler's first turn.
  Open(kv_.store());
  EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
}

TEST_F(AuditCoreTest, P3_ALogThatLostItsEndIsRefusedEvenAsRestored) {
  StartWith(3);
  policy_.held() = core_->GetCheckpoint(0).value().checkpoint;
  core_.reset();
  kv::TestKv shorter;
  const std::string held = std::exchange(policy_.held(), "");
  Open(shorter.store());
  StartWith(1);
  policy_.held() = held;
  Open(shorter.store(), /*restored=*/true);
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  core_.reset();
}

TEST_F(AuditCoreTest, P3_EveryStartHandsPeersItsKeyAndNewestCheckpoint) {
  const std::string key = TestLogKey().signer->verifier().ToString();
  ASSERT_TRUE(core_->Start(Soon()).ok());
  for (const FakeOwnerControl* peer : {&store_, &policy_}) {
    EXPECT_EQ(peer->key(), key);
  }
  EXPECT_EQ(audit::ReadCheckpointUnverified(store_.held())->size, 0u);
  StartWith(2);
  Open(kv_.store());
  ASSERT_TRUE(core_->Start(Soon()).ok());
  EXPECT_EQ(audit::ReadCheckpointUnverified(store_.held())->size, 3u);
  EXPECT_EQ(policy_.held(), store_.held());
  // What they hold now is extended by the next start's log.
  Open(kv_.store());
  EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
}

// Whoever is refused must not be left with a checkpoint that no log of the
// peers' own day extends.
TEST_F(AuditCoreTest, P3_NothingIsHandedOutByAStartThatIsRefused) {
  StartWith(1);
  std::string lost;
  Change(audit::v1::CHANGE_OUTCOME_APPLIED, &lost);
  store_.held().clear();
  policy_.held().clear();
  Open(kv_.store());
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_.held(), "");
  EXPECT_EQ(policy_.held(), "");
}

TEST_F(AuditCoreTest, P3_NothingIsServedBeforeTheStoreKnowsTheKey) {
  store_.RefuseCheckpoints(absl::UnavailableError("its disk is full"));
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(core_->serving());
  store_.RefuseCheckpoints(absl::OkStatus());
  EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
}

TEST_F(AuditCoreTest, P3_AStartBesidePeersOfAnotherKeyIsRefused) {
  for (FakeOwnerControl* peer : {&store_, &policy_}) {
    peer->RefuseCheckpoints(absl::FailedPreconditionError("another log's"));
    const absl::Status status = core_->Start(Soon());
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(status.message().find("another log's"), std::string::npos);
    EXPECT_FALSE(core_->serving());
    peer->RefuseCheckpoints(absl::OkStatus());
  }
}

// Its changes are not looked for, so the reconciler may bring the key later.
TEST_F(AuditCoreTest, AStartDoesNotWaitForPolicysDisk) {
  StartWith(1);
  policy_.RefuseCheckpoints(absl::UnavailableError("its disk is full"));
  for (const bool restored : {false, true}) {
    Open(kv_.store(), restored);
    EXPECT_EQ(core_->Start(Soon()), absl::OkStatus());
  }
}

TEST_F(AuditCoreTest, ARestoreThatTheStoreDoesNotHearOfIsOnRecordOnce) {
  StartWith(1);
  Open(kv_.store(), /*restored=*/true);
  store_.RefuseCheckpoints(absl::UnavailableError("not now"));
  EXPECT_EQ(core_->Start(Soon()).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(core_->serving());
  store_.RefuseCheckpoints(absl::OkStatus());
  ASSERT_EQ(core_->Start(Soon()), absl::OkStatus());
  EXPECT_EQ(core_->view()->size(), 3u);
}

TEST_F(AuditCoreTest, StateSaysFenceSizeAndOpenIntents) {
  StartWith(1);
  EXPECT_EQ(Append(IntentItem(1, Soon())).status, Status::kAccepted);
  const rpc::LogState state = core_->GetLogState(Soon()).value();
  EXPECT_EQ(state.fence, 1u);
  EXPECT_EQ(state.size, 3u);
  EXPECT_EQ(state.open_intents, 1u);
}

TEST_F(AuditCoreTest, P8_RaiseThatCannotBeCommittedIsUnavailable) {
  kv::FaultyKv faulty(kv_.store());
  Open(&faulty);
  ASSERT_TRUE(core_->Start(Soon()).ok());
  faulty.FailCommits(absl::UnavailableError("full"));
  EXPECT_EQ(core_->RaiseFence(1, Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(core_->GetLogState(Soon()).value().fence, 0u);
  core_.reset();
}

TEST_F(AuditCoreTest, EveryMethodOfTheContractIsRunHereOrIsAStream) {
  const auto* service =
      audit::v1::AuditEntry::descriptor()->file()->pool()->FindServiceByName(
          "keyward.audit.v1.AuditService");
  ASSERT_NE(service, nullptr);
  StartWith(1);
  const std::map<std::string, bool> streams = {{"TailEntries", true},
                                               {"ExportEntries", true}};
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(
            method->input_type());
    const rpc::CallResult result = Call(method->name(), "system", *prototype);
    if (method->server_streaming()) {
      EXPECT_TRUE(streams.count(method->name())) << method->name();
      EXPECT_EQ(result.status.code(), absl::StatusCode::kUnimplemented);
    } else {
      EXPECT_NE(result.status.code(), absl::StatusCode::kUnimplemented)
          << method->name();
    }
  }
}

TEST_F(AuditCoreTest, RequestOfAnotherTypeIsRefused) {
  StartWith(0);
  EXPECT_EQ(Call("QueryEntries", "system", audit::v1::GetCheckpointRequest())
                .status.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AuditCoreTest, CheckpointIsProvenToExtendAnOlderOne) {
  StartWith(2);
  const auto get = [&](uint64_t old_size) {
    audit::v1::GetCheckpointRequest request;
    request.set_old_size(old_size);
    const rpc::CallResult result = Call("GetCheckpoint", "system", request);
    EXPECT_TRUE(result.status.ok()) << result.status;
    return static_cast<const audit::v1::GetCheckpointResponse&>(
        *result.response);
  };
  const auto old = get(0);
  Append(AccessItem(1, Soon()));
  const auto now = get(3);
  const audit::NoteVerifier verifier =
      audit::NoteVerifier::Parse(now.verifier_key()).value();
  const audit::Checkpoint before =
      audit::OpenCheckpoint(old.checkpoint(), {verifier}).value();
  const audit::Checkpoint after =
      audit::OpenCheckpoint(now.checkpoint(), {verifier}).value();
  EXPECT_EQ(before.size, 3u);
  EXPECT_EQ(after.size, 4u);
  const std::vector<std::string> bytes(now.consistency_proof().begin(),
                                       now.consistency_proof().end());
  EXPECT_TRUE(audit::VerifyConsistency(3, 4, before.root, after.root,
                                       audit::HashesFromBytes(bytes).value())
                  .ok());
  audit::v1::GetCheckpointRequest request;
  request.set_old_size(5);
  EXPECT_EQ(Call("GetCheckpoint", "system", request).status.code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(AuditCoreTest, QueryShowsAProjectItsOwnEntriesAlone) {
  StartWith(2);
  audit::v1::AuditEntry other = MakeEntry(audit::v1::ENTRY_KIND_ACCESS, 1);
  other.set_resource("projects/other/secrets/db");
  Append(MakeItem({other}, 1, Soon()));
  std::string next;
  audit::v1::QueryEntriesRequest request;
  request.set_parent("projects/default");
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(next, "");
  request.set_parent("projects/other");
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{3}));
  request.set_parent("system");
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{0, 1, 2, 3}));
}

TEST_F(AuditCoreTest, QueryBeyondWhatWasAuthorizedIsRefused) {
  StartWith(1);
  audit::v1::QueryEntriesRequest request;
  request.set_parent("system");
  EXPECT_EQ(Call("QueryEntries", "projects/default", request).status.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AuditCoreTest, PagesAreStableWhileTheLogGrows) {
  StartWith(5);
  std::string next;
  audit::v1::QueryEntriesRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  request.set_descending(true);
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{5, 4}));
  Append(AccessItem(1, Soon()));
  request.set_page_token(next);
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{3, 2}));
  request.set_page_token(next);
  EXPECT_EQ(Query(request, &next), (std::vector<uint64_t>{1}));
  EXPECT_EQ(next, "");
}

TEST_F(AuditCoreTest, TokenOfAnotherQueryIsRefused) {
  StartWith(5);
  std::string next;
  audit::v1::QueryEntriesRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  Query(request, &next);
  request.set_page_token(next);
  request.set_parent("projects/other");
  const rpc::CallResult result =
      Call("QueryEntries", "projects/other", request);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(result.status), kPageTokenInvalid);
}

TEST_F(AuditCoreTest, PageExaminesAtMostTenThousandEntries) {
  StartWith(0);
  audit::v1::AuditEntry fact = MakeEntry(audit::v1::ENTRY_KIND_INVALID, 1);
  const rpc::AppendItem item =
      MakeItem(std::vector<audit::v1::AuditEntry>(128, fact), {}, Soon());
  while (core_->view()->size() < 10500) Append(item);
  Append(AccessItem(1, Soon()));
  audit::v1::QueryEntriesRequest request;
  request.set_parent("projects/none");
  std::string next;
  EXPECT_TRUE(Query(request, &next).empty());
  EXPECT_NE(next, "");
  request.set_page_token(next);
  EXPECT_TRUE(Query(request, &next).empty());
  EXPECT_EQ(next, "");
}

TEST_F(AuditCoreTest, P8_CallPastItsDeadlineOrAfterCloseIsUnavailable) {
  StartWith(1);
  core_->Close();
  EXPECT_EQ(Call("GetCheckpoint", "system", audit::v1::GetCheckpointRequest())
                .status.code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Append(AccessItem(1, Soon())).status, Status::kFailed);
}

TEST_F(AuditCoreTest, FollowersSeeWhatIsAppended) {
  StartWith(1);
  auto follower = core_->FollowEntries(1);
  Mutex mu;
  CondVar arrived;
  std::optional<rpc::EntryRange> range;
  follower->Next([&](absl::StatusOr<rpc::EntryRange> next) {
    MutexLock l(&mu);
    range = std::move(next).value();
    arrived.SignalAll();
  });
  MutexLock l(&mu);
  while (!range.has_value()) {
    if (!arrived.WaitFor(&mu, absl::Seconds(30))) break;
  }
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first_index, 1u);
  EXPECT_EQ(range->leaves.size(), 1u);
}

}  // namespace
}  // namespace keyward::audit_service
