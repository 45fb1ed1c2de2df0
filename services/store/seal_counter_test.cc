// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/seal_counter.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/hex.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/aead.h"
#include "libs/kv/writer_session.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/change.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace keys = keyward::keys::v1;
using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::SealCountRecord;

constexpr uint64_t kBlock = SealCounter::kBlock;

// Writes what a test or a plan wants to have written; true if it was.
bool Commit(kv::KeyValueStore* kv, const ChangePlan& plan) {
  auto session = kv::WriterSession::Begin(kv, SteadyTime::InfiniteFuture());
  EXPECT_TRUE(session.ok());
  kv::Transaction txn;
  txn.preconditions = plan.preconditions;
  txn.puts = plan.puts;
  txn.deletes = plan.deletes;
  return (*session)
      ->CommitAndWait(std::move(txn),
                      kv::CommitOptions{SteadyTime::InfiniteFuture()})
      .applied();
}

SealCountRecord Decode(const absl::StatusOr<kv::Entry>& entry) {
  EXPECT_TRUE(entry.ok()) << entry.status();
  if (!entry.ok()) return SealCountRecord();
  auto record = DecodeRecord<SealCountRecord>(entry->value);
  EXPECT_TRUE(record.ok()) << record.status();
  return record.ok() ? *record : SealCountRecord();
}

// The counter alone, over a real engine.
class SealCounterTest : public ::testing::Test {
 protected:
  SealCounterTest() {
    key_.set_name("projects/pay/keys/default");
    key_.set_uid("k");
    key_.set_project_uid("p1");
    key_.set_primary_version(1);
  }

  // Counts in a plan of its own; answers whether the plan had to reserve.
  bool Reserves(SealCounter* counter, uint64_t seals, bool commit = true) {
    ChangePlan plan;
    const absl::Status counted = counter->Count(key_, seals, &plan);
    EXPECT_TRUE(counted.ok()) << counted;
    if (plan.puts.empty()) return false;
    EXPECT_EQ(Commit(disk_.store(), plan) || !commit, true);
    return true;
  }

  uint64_t Reserved() {
    return Decode(disk_.store()->Get(SealCountKey("p1", "k", 1))).reserved();
  }

  kv::TestKv disk_;
  KeyRecord key_;
};

TEST_F(SealCounterTest, RecordHasItsDocumentedBytes) {
  SealCounter counter(disk_.store(), 7);
  ChangePlan plan;
  ASSERT_TRUE(counter.Count(key_, 1, &plan).ok());
  ASSERT_EQ(plan.puts.size(), 1u);
  EXPECT_EQ(plan.puts[0].key, SealCountKey("p1", "k", 1));
  EXPECT_EQ(HexEncode(plan.puts[0].value), "08011080800418072001");
}

TEST_F(SealCounterTest, P5_NoMoreIsSealedThanIsReserved) {
  SealCounter counter(disk_.store(), 7);
  uint64_t sealed = 0;
  uint64_t reservations = 0;
  while (reservations < 4) {
    if (Reserves(&counter, 32)) ++reservations;
    sealed += 32;
    ASSERT_LE(sealed, Reserved());
    ASSERT_EQ(Reserved(), reservations * kBlock);
  }
  EXPECT_GE(sealed, 3 * (kBlock - SealCounter::kMaxPerPlan))
      << "hardly any of a block is given away";
}

TEST_F(SealCounterTest, P5_APlanThatWasNotMadeGivesNoSeals) {
  SealCounter counter(disk_.store(), 7);
  for (int i = 0; i < 3; ++i) {
    ChangePlan plan;
    ASSERT_TRUE(counter.Count(key_, 1, &plan).ok());
    EXPECT_EQ(plan.puts.size(), 1u) << "what is not stored is not reserved";
  }
}

TEST_F(SealCounterTest, P5_ABlockOfAnotherProcessIsNotUsed) {
  SealCounter one(disk_.store(), 7);
  SealCounter two(disk_.store(), 8);
  ASSERT_TRUE(Reserves(&one, 1));
  ASSERT_TRUE(Reserves(&two, 1));
  EXPECT_EQ(Reserved(), 2 * kBlock);
  EXPECT_TRUE(Reserves(&one, 1)) << "its own block is not known to be stored";
}

TEST_F(SealCounterTest, P5_OfTwoPlansThatReserveOneIsMade) {
  SealCounter counter(disk_.store(), 7);
  ChangePlan first;
  ChangePlan second;
  ASSERT_TRUE(counter.Count(key_, 1, &first).ok());
  ASSERT_TRUE(counter.Count(key_, 1, &second).ok());
  EXPECT_TRUE(Commit(disk_.store(), first));
  EXPECT_FALSE(Commit(disk_.store(), second));
  EXPECT_EQ(Reserved(), kBlock);
}

// All that are planned at once when a block ends find that it has.
TEST_F(SealCounterTest, P5_WhatIsSealedInVainIsPaidFromTheNextBlock) {
  SealCounter counter(disk_.store(), 7);
  uint64_t sealed = 0;
  std::vector<ChangePlan> plans(1000);
  for (ChangePlan& plan : plans) {
    ASSERT_TRUE(counter.Count(key_, 32, &plan).ok());
    ASSERT_EQ(plan.puts.size(), 1u);
    sealed += 32;
  }
  ASSERT_TRUE(Commit(disk_.store(), plans[0]));
  while (!Reserves(&counter, 32)) sealed += 32;
  EXPECT_LE(sealed, kBlock);
  EXPECT_GE(sealed, kBlock - SealCounter::kMaxPerPlan);
}

TEST_F(SealCounterTest, VersionsAreCountedByThemselves) {
  SealCounter counter(disk_.store(), 7);
  ASSERT_TRUE(Reserves(&counter, 1));
  ASSERT_FALSE(Reserves(&counter, 1));
  key_.set_primary_version(2);
  EXPECT_TRUE(Reserves(&counter, 1));
}

TEST_F(SealCounterTest, NothingAndTooMuchAtOnceAreRefused) {
  SealCounter counter(disk_.store(), 7);
  ChangePlan plan;
  EXPECT_EQ(counter.Count(key_, 0, &plan).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(counter.Count(key_, SealCounter::kMaxPerPlan + 1, &plan).code(),
            absl::StatusCode::kInternal);
}

// The counter in the store.
class SealedOftenTest : public StoreFixture {
 protected:
  static std::string KeyName() {
    return absl::StrCat(kTestProject, "/keys/default");
  }

  KeyRecord Key() {
    const auto entry = engine()->Get(KeyKey(kTestProjectUid, "default"));
    EXPECT_TRUE(entry.ok());
    return *DecodeRecord<KeyRecord>(entry->value);
  }
  std::string Place(int64_t version = 1) {
    return SealCountKey(kTestProjectUid, Key().uid(), version);
  }
  uint64_t Reserved(int64_t version = 1) {
    return Decode(engine()->Get(Place(version))).reserved();
  }

  // As after so many seals of the key's first version, in a new process.
  void HasSealed(uint64_t seals) {
    SealCountRecord record;
    record.set_format(kRecordFormat);
    record.set_reserved(seals);
    Plant(EncodeRecord(record));
  }
  void Plant(const std::string& value) {
    ChangePlan plan;
    plan.preconditions.push_back(kv::Precondition::Exists(Place()));
    plan.puts.push_back({Place(), value});
    ASSERT_TRUE(Commit(engine(), plan));
    ASSERT_TRUE(Reopen().ok());
  }

  absl::Status TryAdd() { return Call(AddRequest("db", "more")).status; }
};

TEST_F(SealedOftenTest, TheFirstSealReservesABlockAndTheNextWriteNothing) {
  Create("db", "one");
  EXPECT_EQ(Reserved(), kBlock);
  Add("db", "two");
  Add("db", "three");
  const auto entry = engine()->Get(Place());
  EXPECT_EQ(Decode(entry).reserved(), kBlock);
  Add("db", "four");
  EXPECT_EQ(engine()->Get(Place())->mod_revision, entry->mod_revision);
}

TEST_F(SealedOftenTest, P5_ARestartForgetsNoSeal) {
  Create("db", "one");
  ASSERT_TRUE(Reopen().ok());
  Add("db", "two");
  EXPECT_EQ(Reserved(), 2 * kBlock);
  CloseCore();
  faults_.reset();
  ASSERT_TRUE(disk_.PowerCut().ok());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Reserved(), 2 * kBlock);
}

TEST_F(SealedOftenTest, P5_AKeyThatHasSealedOftenIsRotatedOnRecord) {
  Create("db", "one");
  HasSealed(SealCounter::kRotateAt - 2 * kBlock);
  Add("db", "two");
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().primary_version(), 1) << "it has not, yet";
  ASSERT_TRUE(Reopen().ok());
  Add("db", "three");
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().primary_version(), 2);
  const auto entries = audit_.entries();
  ASSERT_GE(entries.size(), 2u);
  EXPECT_EQ(entries[0].action(), "keys.rotate");
  EXPECT_EQ(entries[0].resource(), KeyName());
  EXPECT_EQ(entries[1].outcome(), keyward::audit::v1::CHANGE_OUTCOME_APPLIED);
  // Rewrapping counted for the new version, and the old one is gone.
  EXPECT_EQ(Reserved(2), kBlock);
  EXPECT_EQ(engine()->Get(Place(1)).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Read("db", "1"), "one");
  EXPECT_EQ(Read("db", "3"), "three");
  EXPECT_EQ(engine()
                ->Range(kRotationPrefix, kv::PrefixEnd(kRotationPrefix), {})
                ->entries.size(),
            0u);
}

TEST_F(SealedOftenTest, ARotationByHandServesAsWell) {
  Create("db", "one");
  HasSealed(SealCounter::kRotateAt);
  Add("db", "two");
  keys::RotateKeyRequest request;
  request.set_name(KeyName());
  ASSERT_TRUE(Call(request).status.ok());
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().primary_version(), 2);
}

TEST_F(SealedOftenTest, P5_NoKeyVersionSealsBeyondItsBound) {
  Create("db", "one");
  HasSealed(crypto::kMaxSealsPerKey - kBlock);
  EXPECT_EQ(TryAdd(), absl::OkStatus());
  EXPECT_EQ(Reserved(), crypto::kMaxSealsPerKey);
  ASSERT_TRUE(Reopen().ok());
  const absl::Status refused = TryAdd();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), kQuotaExceeded);
  EXPECT_EQ(refused.message(),
            "projects/pay/keys/default has sealed as often as is safe for "
            "version 1: rotate it");
  EXPECT_EQ(Read("db"), "more");
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(TryAdd(), absl::OkStatus());
}

TEST_F(SealedOftenTest, P8_ACountThatCannotBeReadRefuses) {
  Create("db", "one");
  Plant("\xff\xff");
  EXPECT_EQ(TryAdd().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(SealedOftenTest, TheCountGoesWithItsProject) {
  Create("db", "one");
  HasSealed(SealCounter::kRotateAt);
  Add("db", "two");
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  ASSERT_EQ(*core_->PurgeProject("pay", kTestProjectUid, Deadline()), 0);
  for (const char* prefix : {kSealCountPrefix, kRotationPrefix}) {
    EXPECT_TRUE(
        engine()->Range(prefix, kv::PrefixEnd(prefix), {})->entries.empty());
  }
}

}  // namespace
}  // namespace keyward::store
