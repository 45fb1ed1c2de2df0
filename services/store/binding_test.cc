// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// P6 through the whole core: whoever can write to the disk swaps records, and
// edits what they say of themselves, and opens nothing by it.

#include <string>

#include "gtest/gtest.h"
#include "libs/kv/writer_session.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/store/record_codec.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::internal::store::v1::VersionRecord;

class BindingTest : public StoreFixture {
 protected:
  std::string Value(const std::string& key) {
    const auto entry = engine()->Get(key);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return entry.ok() ? entry->value : "";
  }

  VersionRecord Version(const std::string& uid, int64_t number) {
    return *DecodeRecord<VersionRecord>(Value(VersionKey(uid, number)));
  }

  void Write(const std::string& key, const std::string& value) {
    auto session = kv::WriterSession::Begin(engine(), Deadline());
    ASSERT_TRUE(session.ok());
    kv::Transaction txn;
    txn.preconditions.push_back(kv::Precondition::Exists(kInstallationKey));
    txn.puts.push_back({key, value});
    ASSERT_TRUE((*session)->CommitAndWait(txn, {Deadline()}).applied());
  }

  void ExpectClosed(const std::string& id, const std::string& version = "") {
    const auto value = Access(id, version);
    EXPECT_EQ(value.status().code(), absl::StatusCode::kDataLoss)
        << value.status();
  }
};

TEST_F(BindingTest, P6_APayloadSwappedBetweenSecretsDoesNotOpen) {
  const std::string a = Create("a", "of a").uid();
  const std::string b = Create("b", "of b").uid();
  VersionRecord swapped = Version(a, 1);
  swapped.set_sealed_payload(Version(b, 1).sealed_payload());
  Write(VersionKey(a, 1), EncodeRecord(swapped));
  ExpectClosed("a");
}

TEST_F(BindingTest, P6_AWrappedKeySwappedBetweenSecretsDoesNotOpen) {
  const std::string a = Create("a", "of a").uid();
  const std::string b = Create("b", "of b").uid();
  VersionRecord swapped = Version(a, 1);
  swapped.set_wrapped_data_key(Version(b, 1).wrapped_data_key());
  Write(VersionKey(a, 1), EncodeRecord(swapped));
  ExpectClosed("a");
}

TEST_F(BindingTest, P6_BothBoxesSwappedBetweenSecretsDoNotOpen) {
  const std::string a = Create("a", "of a").uid();
  const std::string b = Create("b", "of b").uid();
  VersionRecord swapped = Version(a, 1);
  swapped.set_sealed_payload(Version(b, 1).sealed_payload());
  swapped.set_wrapped_data_key(Version(b, 1).wrapped_data_key());
  Write(VersionKey(a, 1), EncodeRecord(swapped));
  ExpectClosed("a");
}

TEST_F(BindingTest, P6_AWholeVersionRecordSwappedBetweenSecretsDoesNotOpen) {
  const std::string a = Create("a", "of a").uid();
  const std::string b = Create("b", "of b").uid();
  Write(VersionKey(a, 1), Value(VersionKey(b, 1)));
  ExpectClosed("a");
  // And made to say that it belongs there.
  VersionRecord forged = Version(b, 1);
  forged.set_secret_uid(a);
  forged.set_secret_name(Name("a"));
  Write(VersionKey(a, 1), EncodeRecord(forged));
  ExpectClosed("a");
}

TEST_F(BindingTest, P6_AnOlderVersionPutInTheCurrentOnesPlaceDoesNotOpen) {
  const std::string uid = Create("a", "first").uid();
  Add("a", "second");
  Write(VersionKey(uid, 2), Value(VersionKey(uid, 1)));
  ExpectClosed("a");
  VersionRecord forged = Version(uid, 1);
  forged.set_number(2);
  Write(VersionKey(uid, 2), EncodeRecord(forged));
  ExpectClosed("a");
  EXPECT_EQ(Read("a", "1"), "first");
}

TEST_F(BindingTest, P6_AWholeSecretRecordUnderAnotherNameDoesNotOpen) {
  Create("public", "of public");
  Create("private", "of private");
  const std::string stolen = Value(SecretKey(kTestProjectUid, "private"));
  Write(SecretKey(kTestProjectUid, "public"), stolen);
  ExpectClosed("public");
  // Renamed, it leads to the other's versions, which know their name.
  SecretRecord forged = *DecodeRecord<SecretRecord>(stolen);
  forged.set_name(Name("public"));
  Write(SecretKey(kTestProjectUid, "public"), EncodeRecord(forged));
  ExpectClosed("public");
}

TEST_F(BindingTest, P6_ANameCreatedAgainOpensNothingOfItsPredecessor) {
  const std::string old_uid = Create("a", "old").uid();
  const std::string old_version = Value(VersionKey(old_uid, 1));
  const std::string old_secret = Value(SecretKey(kTestProjectUid, "a"));
  ASSERT_TRUE(Delete("a", /*now=*/true).ok());
  const std::string new_uid = Create("a", "new").uid();
  ASSERT_NE(new_uid, old_uid);
  VersionRecord forged = *DecodeRecord<VersionRecord>(old_version);
  forged.set_secret_uid(new_uid);
  Write(VersionKey(new_uid, 1), EncodeRecord(forged));
  ExpectClosed("a");
}

TEST_F(BindingTest, P6_AVersionOfAnotherInstallationDoesNotOpen) {
  const std::string uid = Create("a", "here").uid();
  // The same key material, told that it belongs elsewhere.
  VersionRecord forged = Version(uid, 1);
  forged.set_key_uid(std::string(32, '0'));
  Write(VersionKey(uid, 1), EncodeRecord(forged));
  ExpectClosed("a");
}

TEST_F(BindingTest, AFlippedRecordIsAnErrorAndNeverAValue) {
  const std::string uid = Create("a", "value of a").uid();
  const std::string good = Value(VersionKey(uid, 1));
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] ^= 0x10;
    Write(VersionKey(uid, 1), bad);
    const auto value = Access("a");
    // A bit of a time or of a flag may flip unnoticed; never one of a value.
    if (value.ok()) {
      EXPECT_EQ(*value, "value of a") << i;
    }
  }
}

}  // namespace
}  // namespace keyward::store
