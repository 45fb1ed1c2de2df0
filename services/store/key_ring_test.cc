// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/key_ring.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/keys/v1/key_service.pb.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::KeyRecord;

constexpr char kName[] = "projects/pay/keys/default";

class KeyRingTest : public ::testing::Test {
 protected:
  KeyRecord NewKey() {
    auto key = Ring().NewKey(kName, "puid1", absl::FromUnixSeconds(1800000000));
    EXPECT_TRUE(key.ok()) << key.status();
    return key.ok() ? *key : KeyRecord();
  }
  // A ring that remembers nothing.
  KeyRing Ring() { return KeyRing(disk_.store(), &seal_, &random_); }
  absl::StatusCode Opens(const KeyRecord& key, int64_t version) {
    return Ring().Open(key, version).status().code();
  }

  kv::TestKv disk_;
  crypto::FakeSeal seal_;
  crypto::FakeRandom random_;
};

TEST_F(KeyRingTest, ANewKeyHasOnePrimaryVersion) {
  const KeyRecord key = NewKey();
  EXPECT_EQ(key.primary_version(), 1);
  EXPECT_EQ(key.generation(), 1u);
  EXPECT_EQ(key.uid().size(), 32u);
  ASSERT_EQ(key.versions_size(), 1);
  EXPECT_EQ(key.versions(0).state(),
            keyward::keys::v1::KEY_VERSION_STATE_PRIMARY);
  EXPECT_EQ(Opens(key, 1), absl::StatusCode::kOk);
}

TEST_F(KeyRingTest, VersionsHaveDifferentMaterial) {
  KeyRecord key = NewKey();
  ASSERT_TRUE(Ring().AddVersion(absl::UnixEpoch(), &key).ok());
  KeyRing ring = Ring();
  const auto first = ring.Open(key, 1);
  const auto second = ring.Open(key, 2);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->size(), 32u);
  EXPECT_FALSE((*first)->Equals(**second));
}

TEST_F(KeyRingTest, P6_MaterialOpensOnlyAsTheKeyAndVersionItIs) {
  KeyRecord key = NewKey();
  ASSERT_TRUE(Ring().AddVersion(absl::UnixEpoch(), &key).ok());
  KeyRecord swapped = key;
  swapped.mutable_versions(0)->set_wrapped_material(
      key.versions(1).wrapped_material());
  EXPECT_EQ(Opens(swapped, 1), absl::StatusCode::kDataLoss);
  swapped = key;
  swapped.set_name("projects/pay/keys/other");
  EXPECT_EQ(Opens(swapped, 1), absl::StatusCode::kDataLoss);
  swapped = key;
  swapped.set_uid(std::string(32, '0'));
  EXPECT_EQ(Opens(swapped, 1), absl::StatusCode::kDataLoss);
}

TEST_F(KeyRingTest, AnotherRootKeyOpensNothing) {
  const KeyRecord key = NewKey();
  crypto::FakeSeal other(2);
  KeyRing ring(disk_.store(), &other, &random_);
  EXPECT_FALSE(ring.Open(key, 1).ok());
}

TEST_F(KeyRingTest, MissingAndDestroyedVersionsAreDataLoss) {
  KeyRecord key = NewKey();
  EXPECT_EQ(Opens(key, 2), absl::StatusCode::kDataLoss);
  key.mutable_versions(0)->clear_wrapped_material();
  EXPECT_EQ(Opens(key, 1), absl::StatusCode::kDataLoss);
}

TEST_F(KeyRingTest, AnOpenedKeyIsRememberedUntilItIsForgotten) {
  const KeyRecord key = NewKey();
  KeyRing ring = Ring();
  ASSERT_TRUE(ring.Open(key, 1).ok());
  seal_.SetSealed(true);
  EXPECT_TRUE(ring.Open(key, 1).ok());
  ring.Forget(key.uid(), 1);
  EXPECT_EQ(ErrorReason(ring.Open(key, 1).status()), kSealed);
}

TEST_F(KeyRingTest, NoKeyIsMadeWithoutRandomness) {
  random_.FailWith(absl::InternalError("no entropy"));
  EXPECT_EQ(Ring().NewKey(kName, "p", absl::UnixEpoch()).status().code(),
            absl::StatusCode::kInternal);
}

TEST_F(KeyRingTest, AVersionWhoseKeyIsMissingIsDataLoss) {
  keyward::internal::store::v1::VersionRecord version;
  version.set_key_name(kName);
  version.set_key_uid("x");
  version.set_key_version(1);
  EXPECT_EQ(Ring().OpenFor("puid1", version).status().code(),
            absl::StatusCode::kDataLoss);
  version.set_key_name("garbage");
  EXPECT_EQ(Ring().OpenFor("puid1", version).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace keyward::store
