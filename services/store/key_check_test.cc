// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Key-encryption keys whose stored material was damaged.

#include "services/store/key_check.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/steady_time.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace keys = keyward::keys::v1;
using keyward::internal::store::v1::KeyRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;

class KeyCheckTest : public StoreFixture {
 protected:
  static std::string KeyName() {
    return absl::StrCat(kTestProject, "/keys/default");
  }

  keys::Key Key() {
    keys::GetKeyRequest request;
    request.set_name(KeyName());
    auto response = Ask<keys::GetKeyResponse>(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->key() : keys::Key();
  }

  keys::Key Rotate() {
    keys::RotateKeyRequest request;
    request.set_name(KeyName());
    auto response = Ask<keys::RotateKeyResponse>(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->key() : keys::Key();
  }

  void Put(const std::string& place, const std::string& value) {
    const absl::StatusOr<kv::Entry> entry = engine()->Get(place);
    kv::Transaction txn;
    txn.id = kv::TransactionId::Intent(kDamageIntents + damages_++);
    txn.preconditions.push_back(kv::Precondition::RevisionIs(
        place, entry.ok() ? entry->mod_revision : 0));
    txn.puts.push_back({place, value});
    ASSERT_TRUE(
        engine()
            ->CommitAndWait(std::move(txn), {SteadyTime::InfiniteFuture()})
            .applied());
  }

  KeyRecord Record() {
    const auto entry = engine()->Get(KeyKey(kTestProjectUid, "default"));
    EXPECT_TRUE(entry.ok());
    return *DecodeRecord<KeyRecord>(entry->value);
  }

  // Flips a bit of the wrapped material of the key's newest version.
  void Damage() {
    KeyRecord record = Record();
    record.mutable_versions()->rbegin()->mutable_wrapped_material()->back() ^=
        1;
    Put(KeyKey(kTestProjectUid, "default"), EncodeRecord(record));
  }

  // Far from the ids that calls and the audit log take.
  static constexpr uint64_t kDamageIntents = uint64_t{1} << 40;
  uint64_t damages_ = 0;
};

TEST_F(KeyCheckTest, AHealthyKeyIsShownAndCountedAsOne) {
  EXPECT_FALSE(core_->damaged_key_versions().has_value());
  Create("db", "one");
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(core_->damaged_key_versions(), 0);
  EXPECT_FALSE(Key().versions(0).damaged());
}

TEST_F(KeyCheckTest, ADamagedVersionIsShownWhileItIsStillRemembered) {
  Create("db", "one");
  Damage();
  // The store goes on with what it has in memory.
  EXPECT_EQ(Read("db"), "one");
  EXPECT_TRUE(Key().versions(0).damaged());
  keys::ListKeysRequest request;
  request.set_parent(kTestProject);
  auto listed = Ask<keys::ListKeysResponse>(request);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->keys_size(), 1);
  EXPECT_TRUE(listed->keys(0).versions(0).damaged());
}

TEST_F(KeyCheckTest, ADamagedVersionIsReportedOnceAPassAndCounted) {
  Create("db", "one");
  Damage();
  const absl::Status told = Maintain();
  EXPECT_TRUE(absl::IsDataLoss(told)) << told;
  EXPECT_THAT(std::string(told.message()),
              AllOf(HasSubstr("1 key versions do not open"),
                    HasSubstr(KeyName() + "/versions/1"), HasSubstr("rotate")));
  EXPECT_EQ(core_->damaged_key_versions(), 1);
  EXPECT_TRUE(Maintain().ok());
  clock_.Advance(KeyCheck::kPeriod);
  EXPECT_TRUE(absl::IsDataLoss(Maintain()));

  Damage();  // The same bit again.
  EXPECT_EQ(core_->damaged_key_versions(), 1);
  clock_.Advance(KeyCheck::kPeriod);
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(core_->damaged_key_versions(), 0);
  EXPECT_FALSE(Key().versions(0).damaged());
}

// What the message says to do.
TEST_F(KeyCheckTest, ARotationWhileItIsRememberedSavesWhatItWraps) {
  Create("db", "one");
  Damage();
  const keys::Key rotated = Rotate();
  ASSERT_EQ(rotated.versions_size(), 2);
  EXPECT_TRUE(rotated.versions(0).damaged());
  EXPECT_FALSE(rotated.versions(1).damaged());
  // The pass that finds it is the one that moves the data keys away.
  EXPECT_TRUE(absl::IsDataLoss(Maintain()));
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_DESTROYED);
  // Nothing is wrong with what wraps nothing any more.
  EXPECT_FALSE(Key().versions(0).damaged());
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(KeyCheckTest, AfterARestartADamagedVersionIsShownAndReadsFail) {
  Create("db", "one");
  Damage();
  ASSERT_TRUE(Reopen().ok());
  EXPECT_TRUE(absl::IsDataLoss(Access("db").status()));
  EXPECT_TRUE(Key().versions(0).damaged());
}

TEST_F(KeyCheckTest, MoreKeysThanABatchAreAllLookedAt) {
  Create("db", "one");
  // Keys of other projects, the last of which is damaged, and one that is no
  // record at all.
  KeyRecord record = Record();
  for (size_t i = 0; i < 2 * KeyCheck::kBatch; ++i) {
    Put(KeyKey(absl::StrCat("z", 1000 + i), "default"), EncodeRecord(record));
  }
  record.mutable_versions(0)->clear_wrapped_material();
  Put(KeyKey("zz", "default"), EncodeRecord(record));
  Put(KeyKey("zzz", "default"), "\xff");
  EXPECT_TRUE(absl::IsDataLoss(Maintain()));
  EXPECT_EQ(core_->damaged_key_versions(), 2);
}

}  // namespace
}  // namespace keyward::store
