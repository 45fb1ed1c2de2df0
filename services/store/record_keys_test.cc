// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/record_keys.h"

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/kv/kv.h"

namespace keyward::store {
namespace {

// The bytes that FORMAT.md shows.
TEST(RecordKeysTest, KeysHaveTheirDocumentedBytes) {
  EXPECT_EQ(SecretKey("p1", "db"), "secret/p1/db");
  EXPECT_EQ(HexEncode(VersionKey("ab", 258)),
            HexEncode("version/ab/") + "0000000000000102");
  EXPECT_EQ(KeyKey("p1", "default"), "key/p1/default");
  EXPECT_EQ(HexEncode(WrapKey("k", 1, "ab", 2)),
            HexEncode("wrap/k/") + "0000000000000001" + HexEncode("/ab/") +
                "0000000000000002");
  EXPECT_EQ(RewrapKey("p1", "default"), "rewrap/p1/default");
  EXPECT_EQ(HexEncode(SealCountKey("p1", "k", 1)),
            HexEncode("seals/p1/k/") + "0000000000000001");
  EXPECT_EQ(RotationKey("p1", "default"), "rotate/p1/default");
  EXPECT_EQ(EventHeadKey("p1"), "eventhead/p1");
  EXPECT_EQ(HexEncode(EventKey("p1", 7)),
            HexEncode("event/p1/") + "0000000000000007");
  EXPECT_EQ(RequestIdKey("mac"), "reqid/mac");
  EXPECT_EQ(HexEncode(RequestIdExpiryKey(1, "mac")),
            HexEncode("reqexp/") + "0000000000000001" + HexEncode("/mac"));
  EXPECT_EQ(HexEncode(PurgeTimeKey(1, "ab")),
            HexEncode("purgeat/") + "0000000000000001" + HexEncode("/ab"));
  EXPECT_EQ(PurgeKey("ab"), "purge/ab");
}

TEST(RecordKeysTest, VersionsSortByNumber) {
  EXPECT_LT(VersionKey("ab", 9), VersionKey("ab", 10));
  EXPECT_LT(VersionKey("ab", 255), VersionKey("ab", 256));
}

TEST(RecordKeysTest, NoProjectsPrefixHoldsAnothersKeys) {
  EXPECT_NE(SecretKey("p10", "a").substr(0, SecretPrefix("p1").size()),
            SecretPrefix("p1"));
}

TEST(RecordKeysTest, ProjectUidsThatCouldSplitAKeyAreRefused) {
  for (const char* bad : {"", "a/b", "a b", "\n", "."}) {
    EXPECT_EQ(CheckProjectUid(bad).code(), absl::StatusCode::kInternal) << bad;
  }
  EXPECT_EQ(CheckProjectUid(std::string(65, 'a')).code(),
            absl::StatusCode::kInternal);
  EXPECT_TRUE(CheckProjectUid("0a-B_9").ok());
}

TEST(RecordKeysTest, AWrapKeyLeadsToItsVersion) {
  const std::string prefix = WrapPrefix("k", 3);
  auto key = VersionKeyOfWrap(WrapKey("k", 3, "ab", 47), prefix);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(*key, VersionKey("ab", 47));
  EXPECT_EQ(VersionKeyOfWrap("wrap/x", prefix).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(VersionKeyOfWrap(prefix + "12345678", prefix).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(RecordKeysTest, AnEventsNumberComesBackFromItsKey) {
  auto number = EventNumber(EventKey("p", 0x2f00), "p");
  ASSERT_TRUE(number.ok());
  EXPECT_EQ(*number, 0x2f00u);
  EXPECT_EQ(EventNumber(EventKey("p", 1), "q").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(RecordKeysTest, DueEndIncludesWhatIsDueNow) {
  EXPECT_LT(PurgeTimeKey(100, "ffff"), DueEnd(kPurgeTimePrefix, 100));
  EXPECT_GT(PurgeTimeKey(101, ""), DueEnd(kPurgeTimePrefix, 100));
}

}  // namespace
}  // namespace keyward::store
