// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_storage.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "libs/policy/policy_for_testing.h"
#include "services/policy/records.h"

namespace keyward::policy_service {
namespace {

using policy::TestEntry;

// A store that takes so many commits and refuses all later ones.
class CutAfter final : public kv::FaultyKv {
 public:
  CutAfter(kv::KeyValueStore* store, size_t commits)
      : FaultyKv(store), left_(commits) {}

  void Commit(kv::Transaction txn, const kv::CommitOptions& options,
              kv::CommitCallback done) override {
    if (left_ == 0) {
      return done(kv::CommitResult::Refused(absl::UnavailableError("cut")));
    }
    --left_;
    FaultyKv::Commit(std::move(txn), options, std::move(done));
  }

 private:
  size_t left_;
};

class PolicyStorageTest : public testing::Test {
 protected:
  PolicyStorageTest() { Open(); }

  void Open() {
    storage_.reset();
    faults_ = std::make_unique<kv::FaultyKv>(kv_.store());
    storage_ =
        PolicyStorage::Create(faults_.get(), &clock_, Soon(), &logger_).value();
  }

  SteadyTime Soon() { return clock_.SteadyNow() + absl::Seconds(10); }

  absl::Status Hold(uint64_t size) {
    return storage_->HoldCheckpoint({log_.Note(size), log_.key()}, Soon());
  }

  DurablePolicy Load() { return storage_->Load().value(); }

  // Revision 1, with a project.
  void Begin() {
    const auto state = policy::TestState(1, policy::TestProject("default"));
    ASSERT_TRUE(
        storage_->CommitWhole(DurablePolicy(), *state, {}, Soon()).applied());
  }

  // A change of `on` that sets `count` roles of about `bytes` each.
  static StorageChange Roles(const DurablePolicy& on, int count,
                             size_t bytes = 10) {
    StorageChange change;
    change.delta.emplace();
    change.delta->set_revision(on.revision() + 1);
    for (int i = 0; i < count; ++i) {
      policy::v1::Role role =
          policy::TestRole(absl::StrCat("system/roles/r", i), {"secrets.get"});
      role.set_description(std::string(bytes, 'd'));
      *change.delta->add_entries() = TestEntry(std::move(role));
    }
    return change;
  }

  SystemClock clock_;
  MemoryLogSink log_sink_;
  Logger logger_{"policy", LogLevel::kInfo, &clock_, &log_sink_};
  const audit::CheckpointsForTesting log_;
  kv::TestKv kv_;
  std::unique_ptr<kv::FaultyKv> faults_;
  std::unique_ptr<PolicyStorage> storage_;
};

TEST_F(PolicyStorageTest, ANewFolderHoldsRevisionZero) {
  EXPECT_EQ(Load().revision(), 0u);
}

TEST_F(PolicyStorageTest, P4_LoadsWhatWasCommittedAfterALossOfPower) {
  Begin();
  ASSERT_TRUE(storage_->Commit(Load(), Roles(Load(), 3), Soon()).applied());
  storage_.reset();
  ASSERT_TRUE(kv_.PowerCut().ok());
  Open();
  const DurablePolicy loaded = Load();
  EXPECT_EQ(loaded.revision(), 2u);
  EXPECT_NE(loaded.state->FindRole("system/roles/r2"), nullptr);
  EXPECT_EQ(loaded.GenerationOf("system"), 2u);
  EXPECT_EQ(loaded.GenerationOf("projects/default"), 1u);
}

TEST_F(PolicyStorageTest, AChangeLargerThanATransactionHappensAtOnce) {
  Begin();
  const DurablePolicy on = Load();
  const kv::CommitResult result =
      storage_->Commit(on, Roles(on, 1000, 3000), Soon());
  ASSERT_TRUE(result.applied()) << result.ToString();
  EXPECT_EQ(Load().revision(), 2u);
  EXPECT_EQ(Load().state->roles().size(), 1000u);
  EXPECT_TRUE(kv_.store()->Get(DeltaKey(2, 3)).ok());
}

TEST_F(PolicyStorageTest, P4_ALargeChangeThatStoppedHalfWayIsInvisible) {
  Begin();
  const DurablePolicy on = Load();
  // Four parts, then the head.
  for (size_t survivors = 0; survivors < 4; ++survivors) {
    CutAfter cut(kv_.store(), survivors);
    storage_ = PolicyStorage::Create(&cut, &clock_, Soon()).value();
    EXPECT_FALSE(storage_->Commit(on, Roles(on, 1000, 3000), Soon()).applied());
    storage_.reset();
    Open();
    EXPECT_EQ(Load().revision(), 1u) << survivors;
  }
  // The next change overwrites what was left.
  ASSERT_TRUE(storage_->Commit(on, Roles(on, 1), Soon()).applied());
  EXPECT_EQ(Load().state->roles().size(), 1u);
}

TEST_F(PolicyStorageTest, ALeftoverPartIsNoPartOfTheChangeThatFollows) {
  Begin();
  const DurablePolicy on = Load();
  // As a large change leaves it that never reached its head.
  kv::Transaction txn;
  txn.id = kv::TransactionId::Intent(1);
  txn.preconditions.push_back(kv::Precondition::Exists(kHeadKey));
  for (uint32_t part : {0u, 1u}) {
    keyward::internal::policy::v1::DeltaRecord record;
    record.set_format(kRecordFormat);
    record.set_parts(2);
    *record.mutable_delta() = *Roles(on, 5).delta;
    txn.puts.push_back({DeltaKey(2, part), EncodeRecord(record)});
  }
  ASSERT_TRUE(kv_.store()->CommitAndWait(txn, {}).applied());
  EXPECT_EQ(Load().revision(), 1u);
  ASSERT_TRUE(storage_->Commit(on, Roles(on, 1), Soon()).applied());
  EXPECT_EQ(Load().state->roles().size(), 1u);
}

TEST_F(PolicyStorageTest, RefusesAChangeOnAnythingButTheNewest) {
  Begin();
  const DurablePolicy on = Load();
  ASSERT_TRUE(storage_->Commit(on, Roles(on, 1), Soon()).applied());
  const kv::CommitResult again = storage_->Commit(on, Roles(on, 2), Soon());
  EXPECT_EQ(again.outcome, kv::CommitResult::Outcome::kRefused);
  EXPECT_EQ(again.status.code(), absl::StatusCode::kAborted);
}

TEST_F(PolicyStorageTest, P4_AnUnsettledCommitStopsAllOthersUntilItIsSettled) {
  Begin();
  const DurablePolicy on = Load();
  faults_->TearCommits(kv::FaultyKv::Tear::kApplied, 1);
  faults_->FailSettles(true);
  EXPECT_EQ(storage_->Commit(on, Roles(on, 1), Soon()).outcome,
            kv::CommitResult::Outcome::kUnknown);
  EXPECT_FALSE(storage_->Settled(Soon()));
  EXPECT_FALSE(Hold(3).ok());
  faults_->FailSettles(false);
  EXPECT_TRUE(Hold(3).ok());
  // What was settled on the way has moved the head.
  EXPECT_EQ(storage_->Commit(on, Roles(on, 1), Soon()).status.code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(storage_->Settled(Soon()));
  EXPECT_EQ(Load().revision(), 2u);
}

// A write of policy's own that failed must not keep anything from being
// revoked once the state layer is back.
TEST_F(PolicyStorageTest, P2_AFailedWriteOfItsOwnStopsNoLaterChange) {
  Begin();
  for (const auto tear :
       {kv::FaultyKv::Tear::kApplied, kv::FaultyKv::Tear::kNotApplied}) {
    const DurablePolicy on = Load();
    const uint64_t size = 10 * on.revision();
    faults_->TearCommits(tear, 1);
    faults_->FailSettles(true);
    EXPECT_FALSE(Hold(size).ok());
    faults_->FailSettles(false);
    EXPECT_TRUE(storage_->Commit(on, Roles(on, 1), Soon()).applied());
    EXPECT_TRUE(Hold(size + 1).ok());
    EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(size + 1));
  }
}

TEST_F(PolicyStorageTest, P2_AFailedPartOfALargeChangeStopsNoLaterChange) {
  Begin();
  for (const auto tear :
       {kv::FaultyKv::Tear::kApplied, kv::FaultyKv::Tear::kNotApplied}) {
    const DurablePolicy on = Load();
    faults_->TearCommits(tear, 1);
    faults_->FailSettles(true);
    EXPECT_EQ(storage_->Commit(on, Roles(on, 1000, 3000), Soon()).outcome,
              kv::CommitResult::Outcome::kRefused);
    EXPECT_EQ(Load().revision(), on.revision());
    faults_->FailSettles(false);
    const kv::CommitResult next = storage_->Commit(on, Roles(on, 1), Soon());
    EXPECT_TRUE(next.applied()) << next.ToString();
    EXPECT_EQ(Load().state->roles().size(), 1u);
  }
}

TEST_F(PolicyStorageTest, WritesSnapshotsAndRemovesWhatTheyReplace) {
  Begin();
  for (uint64_t i = 0; i < PolicyStorage::kSnapshotEvery; ++i) {
    const DurablePolicy on = Load();
    ASSERT_TRUE(
        storage_->Commit(on, Roles(on, 1, 1 + i % 2), Soon()).applied());
  }
  storage_->Maintain(Load(), Soon());
  EXPECT_EQ(kv_.store()->Get(DeltaKey(2, 0)).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(kv_.store()->Get(ChunkKey(1, 0)).status().code(),
            absl::StatusCode::kNotFound);
  Open();
  EXPECT_EQ(Load().revision(), PolicyStorage::kSnapshotEvery + 1);
  EXPECT_NE(Load().state->FindProject("projects/default"), nullptr);
}

TEST_F(PolicyStorageTest, RevisionsMayJumpByAWholeSnapshot) {
  Begin();
  policy::PolicyState state = *Load().state;
  state.set_revision(90);
  ASSERT_TRUE(storage_->CommitWhole(Load(), state, {}, Soon()).applied());
  EXPECT_EQ(Load().revision(), 90u);
  ASSERT_TRUE(storage_->Commit(Load(), Roles(Load(), 1), Soon()).applied());
  EXPECT_EQ(Load().revision(), 91u);
}

// What the head promises, and is not there.
class PolicyDamageTest : public PolicyStorageTest {
 protected:
  void SetUp() override {
    Begin();
    const DurablePolicy on = Load();
    ASSERT_TRUE(storage_->Commit(on, Roles(on, 3), Soon()).applied());
  }

  void Write(const std::string& key, absl::optional<std::string> value) {
    kv::Transaction txn;
    txn.id = kv::TransactionId::Intent(intent_++);
    txn.preconditions.push_back(kv::Precondition::Exists(key));
    if (value.has_value()) {
      txn.puts.push_back({key, *value});
    } else {
      txn.deletes.push_back({key});
    }
    ASSERT_TRUE(kv_.store()->CommitAndWait(txn, {}).applied());
  }

  uint64_t intent_ = 1;
};

TEST_F(PolicyDamageTest, P8_AMissingRecordIsDataLossAndNotAnOlderPolicy) {
  for (const std::string& key :
       {DeltaKey(2, 0), ChunkKey(1, 0), std::string(kSnapshotKey)}) {
    const std::string value = kv_.store()->Get(key)->value;
    Write(key, absl::nullopt);
    EXPECT_EQ(storage_->Load().status().code(), absl::StatusCode::kDataLoss);
    kv::Transaction txn;
    txn.id = kv::TransactionId::Intent(intent_++);
    txn.preconditions.push_back(kv::Precondition::Absent(key));
    txn.puts.push_back({key, value});
    ASSERT_TRUE(kv_.store()->CommitAndWait(txn, {}).applied());
  }
  EXPECT_TRUE(storage_->Load().ok());
}

TEST_F(PolicyDamageTest, P8_AMissingHeadIsNoNewFolder) {
  Write(kHeadKey, absl::nullopt);
  EXPECT_EQ(storage_->Load().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PolicyDamageTest, P8_EveryFlippedByteOfAHeadIsNoticedOrChangesNothing) {
  const std::string good = kv_.store()->Get(kHeadKey)->value;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    Write(kHeadKey, bad);
    EXPECT_FALSE(storage_->Load().ok()) << i;
  }
}

TEST_F(PolicyDamageTest, P8_ANewerFormatIsRefusedAndSaysWhatToDo) {
  keyward::internal::policy::v1::HeadRecord head;
  head.set_format(kRecordFormat + 1);
  head.set_revision(2);
  Write(kHeadKey, EncodeRecord(head));
  const absl::Status status = storage_->Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "policy's folder was written by a newer release: use that one");
}

TEST_F(PolicyDamageTest, P8_ADeltaOfAnotherRevisionIsNotTaken) {
  keyward::internal::policy::v1::DeltaRecord record;
  record.set_format(kRecordFormat);
  record.set_parts(1);
  record.mutable_delta()->set_revision(7);
  Write(DeltaKey(2, 0), EncodeRecord(record));
  EXPECT_EQ(storage_->Load().status().code(), absl::StatusCode::kDataLoss);
}

// Checkpoints and the floor.

TEST_F(PolicyStorageTest, P3_HoldsTheLargestCheckpointItWasHanded) {
  EXPECT_EQ(storage_->HeldCheckpoint().value(), "");
  ASSERT_TRUE(Hold(9).ok());
  ASSERT_TRUE(Hold(5).ok());
  EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(9));
  ASSERT_TRUE(Hold(10).ok());
  Open();
  EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(10));
}

TEST_F(PolicyStorageTest, P3_KeepsACheckpointInTheTransactionOfTheChange) {
  ASSERT_TRUE(Hold(0).ok());
  Begin();
  // The key stays pinned with each that is kept.
  for (const uint64_t size : {12, 13}) {
    const DurablePolicy on = Load();
    StorageChange change = Roles(on, 1);
    change.checkpoint = log_.Note(size);
    ASSERT_TRUE(storage_->Commit(on, std::move(change), Soon()).applied());
    EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(size));
    Open();
  }
}

TEST_F(PolicyStorageTest, P3_ACheckpointThatAuditDidNotSignIsDropped) {
  Begin();
  ASSERT_TRUE(Hold(9).ok());
  const audit::CheckpointsForTesting other('o');
  for (const std::string& made_up :
       {other.Note(90), std::string("garbage"), std::string(5000, 'x')}) {
    const DurablePolicy on = Load();
    StorageChange change = Roles(on, 1);
    change.checkpoint = made_up;
    // It stops nothing.
    ASSERT_TRUE(storage_->Commit(on, std::move(change), Soon()).applied());
    EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(9));
  }
  // The first and the second: ever fewer.
  EXPECT_EQ(log_sink_.lines().size(), 2u);
}

TEST_F(PolicyStorageTest, P3_BeforeAuditsFirstCheckpointNoCallsIsKept) {
  Begin();
  const DurablePolicy on = Load();
  StorageChange change = Roles(on, 1);
  change.checkpoint = log_.Note(9);
  ASSERT_TRUE(storage_->Commit(on, std::move(change), Soon()).applied());
  EXPECT_EQ(storage_->HeldCheckpoint().value(), "");
}

TEST_F(PolicyStorageTest, P3_AnotherLogsCheckpointIsRefusedOnceAKeyIsPinned) {
  const audit::CheckpointsForTesting other('o');
  ASSERT_TRUE(Hold(9).ok());
  Open();
  EXPECT_EQ(
      storage_->HoldCheckpoint({other.Note(10), other.key()}, Soon()).code(),
      absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(storage_->HeldCheckpoint().value(), log_.Note(9));
}

TEST_F(PolicyStorageTest, RefusesWhatIsNoCheckpoint) {
  for (const std::string& note :
       {std::string("nonsense"), std::string("log\n-1\nAAAA\n\n"),
        std::string(5000, 'x')}) {
    EXPECT_EQ(storage_->HoldCheckpoint({note, log_.key()}, Soon()).code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(storage_->HoldCheckpoint({log_.Note(9), ""}, Soon()).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PolicyStorageTest, TheFloorRisesAndNeverFalls) {
  EXPECT_EQ(storage_->RaiseFloor(7, Soon()).value(), 7u);
  EXPECT_EQ(storage_->RaiseFloor(3, Soon()).value(), 7u);
  Open();
  EXPECT_EQ(storage_->RaiseFloor(1, Soon()).value(), 7u);
}

TEST_F(PolicyStorageTest, P1_AnIntentBelowTheFloorIsNotApplied) {
  Begin();
  ASSERT_TRUE(storage_->RaiseFloor(50, Soon()).ok());
  const DurablePolicy on = Load();
  StorageChange change = Roles(on, 1);
  change.intent_id = 49;
  const kv::CommitResult result = storage_->Commit(on, change, Soon());
  EXPECT_EQ(result.outcome, kv::CommitResult::Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Load().revision(), 1u);
}

}  // namespace
}  // namespace keyward::policy_service
