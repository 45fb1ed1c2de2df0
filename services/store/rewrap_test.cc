// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/rewrap.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/key_ring.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace keys = keyward::keys::v1;
using keyward::internal::store::v1::KeyRecord;
using keyward::internal::store::v1::VersionRecord;

class RewrapTest : public StoreFixture {
 protected:
  static std::string KeyName() {
    return absl::StrCat(kTestProject, "/keys/default");
  }

  absl::StatusOr<keys::Key> Rotate(const std::string& etag = "") {
    keys::RotateKeyRequest request;
    request.set_name(KeyName());
    request.set_etag(etag);
    auto response = Ask<keys::RotateKeyResponse>(request);
    if (!response.ok()) return response.status();
    return response->key();
  }

  keys::Key Key() {
    keys::GetKeyRequest request;
    request.set_name(KeyName());
    auto response = Ask<keys::GetKeyResponse>(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->key() : keys::Key();
  }

  // Flips a bit of the wrapped data key of the secret's first version.
  void Damage(const std::string& uid) {
    VersionRecord version = Version(uid, 1);
    version.mutable_wrapped_data_key()->back() ^= 1;
    const std::string place = VersionKey(uid, 1);
    kv::Transaction txn;
    txn.id = kv::TransactionId::Intent(kDamageIntents + damages_++);
    txn.preconditions.push_back(kv::Precondition::Exists(place));
    txn.puts.push_back({place, EncodeRecord(version)});
    ASSERT_TRUE(
        engine()
            ->CommitAndWait(std::move(txn), {SteadyTime::InfiniteFuture()})
            .applied());
  }

  VersionRecord Version(const std::string& uid, int64_t number) {
    const auto entry = engine()->Get(VersionKey(uid, number));
    EXPECT_TRUE(entry.ok());
    return *DecodeRecord<VersionRecord>(entry->value);
  }

  // Far from the ids that calls and the audit log take.
  static constexpr uint64_t kDamageIntents = uint64_t{1} << 40;
  uint64_t damages_ = 0;
};

TEST_F(RewrapTest, AProjectHasItsDefaultKeyFromItsFirstSecretOn) {
  keys::GetKeyRequest request;
  request.set_name(KeyName());
  EXPECT_EQ(Call(request).status.code(), absl::StatusCode::kNotFound);
  Create("db");
  EXPECT_EQ(Key().primary_version(), 1);
  const std::string uid = Key().uid();
  Create("other", "x");
  EXPECT_EQ(Key().uid(), uid);
}

TEST_F(RewrapTest, ARotatedKeyWrapsWhatIsAddedFromThenOn) {
  Create("db", "one");
  auto rotated = Rotate();
  ASSERT_TRUE(rotated.ok()) << rotated.status();
  EXPECT_EQ(rotated->primary_version(), 2);
  EXPECT_EQ(rotated->rewrap_remaining(), 1);
  EXPECT_EQ(Add("db", "two").key_version(), KeyName() + "/versions/2");
  EXPECT_EQ(Read("db", "1"), "one");
  EXPECT_EQ(Read("db", "2"), "two");
}

TEST_F(RewrapTest, RewrappingMovesDataKeysAndTouchesNoPayload) {
  std::map<std::string, std::string> payloads;
  for (int i = 0; i < 70; ++i) {
    const std::string uid =
        Create(absl::StrCat("s", i), absl::StrCat("v", i)).uid();
    payloads[uid] = Version(uid, 1).sealed_payload();
  }
  ASSERT_TRUE(Rotate().ok());
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().rewrap_remaining(), 0);
  for (const auto& [uid, payload] : payloads) {
    EXPECT_EQ(Version(uid, 1).sealed_payload(), payload);
    EXPECT_EQ(Version(uid, 1).key_version(), 2);
  }
  ASSERT_TRUE(Reopen().ok());
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(Read(absl::StrCat("s", i)), absl::StrCat("v", i));
  }
}

TEST_F(RewrapTest, LargeVersionsAreRewrappedToo) {
  Create("db");
  for (int i = 0; i < 40; ++i) Add("db", std::string(64 * 1024, 'x'));
  ASSERT_TRUE(Rotate().ok());
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().rewrap_remaining(), 0);
  EXPECT_EQ(Read("db", "1"), std::string(64 * 1024, 'x'));
}

TEST_F(RewrapTest, AVersionThatWrapsNothingIsDestroyed) {
  Create("db", "one");
  ASSERT_TRUE(Rotate().ok());
  ASSERT_TRUE(Maintain().ok());
  const keys::Key key = Key();
  ASSERT_EQ(key.versions_size(), 2);
  EXPECT_EQ(key.versions(0).state(), keys::KEY_VERSION_STATE_DESTROYED);
  EXPECT_EQ(key.versions(1).state(), keys::KEY_VERSION_STATE_PRIMARY);
  const auto entry = engine()->Get(KeyKey(kTestProjectUid, "default"));
  ASSERT_TRUE(entry.ok());
  const auto record = DecodeRecord<KeyRecord>(entry->value);
  EXPECT_TRUE(record->versions(0).wrapped_material().empty());
}

TEST_F(RewrapTest, P1_RewrappingIsOnRecordAndWaitsForAudit) {
  Create("db", "one");
  ASSERT_TRUE(Rotate().ok());
  audit_.SetAway(true);
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Key().rewrap_remaining(), 1);
  audit_.SetAway(false);
  ASSERT_TRUE(Maintain().ok());
  const auto entries = audit_.entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].action(), "keys.rewrap");
  EXPECT_EQ(entries[0].resource(), KeyName());
  EXPECT_EQ(entries[2].action(), "keys.destroyVersion");
  EXPECT_EQ(entries[2].resource(), KeyName() + "/versions/1");
  EXPECT_EQ(entries[3].outcome(), keyward::audit::v1::CHANGE_OUTCOME_APPLIED);
}

TEST_F(RewrapTest, ADamagedVersionIsSkippedReportedOnceAndHoldsNoOther) {
  const std::string uid = Create("bad", "one").uid();
  for (int i = 0; i < 40; ++i) Create(absl::StrCat("s", i), "v");
  Damage(uid);
  ASSERT_TRUE(Rotate().ok());
  const absl::Status told = Maintain();
  EXPECT_EQ(told.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(told.message(), Name("bad") + "/versions/1"))
      << told;
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().rewrap_remaining(), 1);
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_RETIRING);
  EXPECT_EQ(Read("s39"), "v");

  // However often it is tried, nothing more goes on record.
  const size_t records = audit_.entries().size();
  EXPECT_EQ(records, 4u);
  clock_.Advance(Rewrap::kRetryAfter);
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(audit_.entries().size(), records);

  // Nor does it hold the versions that come after.
  ASSERT_TRUE(Rotate().ok());
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().rewrap_remaining(), 1);
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_RETIRING);
  EXPECT_EQ(Key().versions(1).state(), keys::KEY_VERSION_STATE_DESTROYED);
  EXPECT_EQ(Read("s39"), "v");
}

TEST_F(RewrapTest, MoreDamagedVersionsThanOneBatchHoldNoOther) {
  for (int i = 0; i < 40; ++i) {
    Damage(Create(absl::StrCat("bad", i), "x").uid());
    Create(absl::StrCat("good", i), "v");
  }
  ASSERT_TRUE(Rotate().ok());
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Key().rewrap_remaining(), 40);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(Read(absl::StrCat("good", i)), "v");
}

TEST_F(RewrapTest, AnAccessInBetweenReadsWhereTheDataKeyWent) {
  Create("db", "one");
  // The key is not remembered: it is read after the version.
  ASSERT_TRUE(Reopen().ok());
  absl::Status maintained = absl::UnknownError("not run");
  faults_->BeforeRead(2, [&] {
    EXPECT_TRUE(Rotate().ok());
    maintained = Maintain();
  });
  EXPECT_EQ(Read("db"), "one");
  EXPECT_TRUE(maintained.ok()) << maintained;
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_DESTROYED);
}

TEST_F(RewrapTest, ARepairedVersionIsMovedAfterAll) {
  const std::string uid = Create("db", "one").uid();
  Damage(uid);
  ASSERT_TRUE(Rotate().ok());
  EXPECT_EQ(Maintain().code(), absl::StatusCode::kDataLoss);
  Damage(uid);  // The same bit again.
  clock_.Advance(Rewrap::kRetryAfter);
  EXPECT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_DESTROYED);
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(RewrapTest, DestroyedAndRemovedVersionsDoNotHoldARetiringKey) {
  Create("gone", "x");
  Create("db", "one");
  Add("db", "two");
  ASSERT_TRUE(Rotate().ok());
  keyward::secrets::v1::DestroySecretVersionRequest destroy;
  destroy.set_name(Name("db") + "/versions/1");
  ASSERT_TRUE(Call(destroy).status.ok());
  ASSERT_TRUE(Delete("gone", /*now=*/true).ok());
  EXPECT_EQ(Key().rewrap_remaining(), 1);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Key().versions(0).state(), keys::KEY_VERSION_STATE_DESTROYED);
  EXPECT_EQ(Read("db"), "two");
}

TEST_F(RewrapTest, AKeyRotatesOnlyWithItsEtag) {
  Create("db", "one");
  const std::string etag = Key().etag();
  ASSERT_TRUE(Rotate(etag).ok());
  EXPECT_EQ(ErrorReason(Rotate(etag).status()), kEtagMismatch);
}

TEST_F(RewrapTest, AKeyHasAtMost32VersionsThatWrapSomething) {
  Create("db", "one");
  for (int i = 1; i < KeyRing::kMaxLiveVersions; ++i) {
    ASSERT_TRUE(Rotate().ok()) << i;
  }
  EXPECT_EQ(Rotate().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Maintain().ok());
  EXPECT_TRUE(Rotate().ok());
  EXPECT_EQ(Read("db"), "one");
}

TEST_F(RewrapTest, KeysAreListed) {
  keys::ListKeysRequest request;
  request.set_parent(kTestProject);
  EXPECT_EQ(Ask<keys::ListKeysResponse>(request)->keys_size(), 0);
  Create("db");
  auto response = Ask<keys::ListKeysResponse>(request);
  ASSERT_EQ(response->keys_size(), 1);
  EXPECT_EQ(response->keys(0).name(), KeyName());
  EXPECT_TRUE(response->next_page_token().empty());
}

TEST_F(RewrapTest, AMissingKeyIsNotRotated) {
  EXPECT_EQ(Rotate().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward::store
