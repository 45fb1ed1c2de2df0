// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The worked examples of FORMAT.md. If one of these fails, stores that exist
// cannot be read any more: change the version, not the test.

#include "libs/kv/format.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace keyward::kv::format {
namespace {

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

TEST(FormatGoldenTest, Marker) {
  EXPECT_EQ(EncodeMarker(1), "keyward kv format 1\n");
  EXPECT_EQ(*DecodeMarker("keyward kv format 1\n"), 1u);
  EXPECT_EQ(std::string(kMarkerFile), "KEYWARD");
}

TEST(FormatGoldenTest, NewestLog) {
  EXPECT_EQ(EncodeNewestLog(12), "keyward kv newest log 12\n");
  EXPECT_EQ(*DecodeNewestLog("keyward kv newest log 12\n"), 12u);
  EXPECT_EQ(DecodeNewestLog("keyward kv newest log 012\n").status().code(),
            kDataLoss);
  EXPECT_EQ(std::string(kNewestLogFile), "KEYWARD.newest");
}

TEST(FormatGoldenTest, Meta) {
  EXPECT_EQ(Hex(RevisionKey()), "01" + Hex("revision"));
  EXPECT_EQ(Hex(IntentFloorKey()), "01" + Hex("intent_floor"));
  EXPECT_EQ(Hex(OwnerKey()), "01" + Hex("owner"));
  EXPECT_EQ(Hex(FeedMetaKey("event/")), "01" + Hex("feed/event/"));
  EXPECT_EQ(*DecodeFeedMetaKey(FeedMetaKey("event/")), "event/");
  EXPECT_EQ(Hex(EncodeNumber(258)), "0000000000000102");
}

TEST(FormatGoldenTest, Data) {
  EXPECT_EQ(Hex(DataKey("s/1")), "02732f31");
  EXPECT_EQ(Hex(EncodeData(258, "hi")), "00000000000001026869");
  absl::StatusOr<Data> data = DecodeData(Bytes("00000000000001026869"));
  EXPECT_EQ(data->mod_revision, 258u);
  EXPECT_EQ(*DecodeDataKey(Bytes("02732f31")), "s/1");
}

TEST(FormatGoldenTest, Transactions) {
  EXPECT_EQ(Hex(TransactionKey(TransactionId::Intent(7))),
            "03690000000000000007");
  EXPECT_EQ(Hex(TransactionKey(TransactionId::InSession(3, 9))),
            "037300000000000000030000000000000009");
  EXPECT_EQ(Hex(EncodeTransaction({true, 258, "ok"})),
            "4100000000000001026f6b");
  EXPECT_EQ(Hex(EncodeTransaction({false, 258, ""})), "420000000000000102");
}

TEST(FormatGoldenTest, Sessions) {
  EXPECT_EQ(Hex(SessionKey(3)), "040000000000000003");
  EXPECT_EQ(*DecodeSessionKey(Bytes("040000000000000003")), 3u);
}

TEST(FormatGoldenTest, Feeds) {
  EXPECT_EQ(Hex(FeedKey("e/", 258, "e/1")), "050002652f0000000000000102652f31");
  EXPECT_EQ(Hex(EncodeFeedKind(FeedEvent::Kind::kPut)), "50");
  EXPECT_EQ(Hex(EncodeFeedKind(FeedEvent::Kind::kDelete)), "44");
}

TEST(FormatGoldenTest, Erasures) {
  EXPECT_EQ(Hex(ErasureKey(258, "s/1")), "060000000000000102732f31");
}

TEST(FormatTest, TransactionKeysComeBackAsTheyWere) {
  for (const TransactionId& id :
       {TransactionId::Intent(0), TransactionId::Intent(UINT64_MAX),
        TransactionId::InSession(0, 0),
        TransactionId::InSession(UINT64_MAX, 5)}) {
    EXPECT_EQ(*DecodeTransactionKey(TransactionKey(id)), id);
  }
}

TEST(FormatTest, RecordsComeBackAsTheyWere) {
  absl::StatusOr<TransactionRecord> record =
      DecodeTransaction(EncodeTransaction({true, 12, "answer"}));
  EXPECT_TRUE(record->applied);
  EXPECT_EQ(record->revision, 12u);
  EXPECT_EQ(record->txn_value, "answer");
  absl::StatusOr<FeedEvent> event = DecodeFeed(
      "e/", FeedKey("e/", 12, "e/1"), EncodeFeedKind(FeedEvent::Kind::kDelete));
  EXPECT_EQ(event->revision, 12u);
  EXPECT_EQ(event->key, "e/1");
  EXPECT_EQ(event->kind, FeedEvent::Kind::kDelete);
  absl::StatusOr<Erasure> erasure = DecodeErasureKey(ErasureKey(12, "s"));
  EXPECT_EQ(erasure->revision, 12u);
  EXPECT_EQ(erasure->key, "s");
}

TEST(FormatTest, KeysOfANumberSortAsNumbers) {
  EXPECT_LT(TransactionKey(TransactionId::Intent(255)),
            TransactionKey(TransactionId::Intent(256)));
  EXPECT_LT(FeedKey("e/", 255, "z"), FeedKey("e/", 256, "a"));
  EXPECT_LE(FeedBegin("e/", 256), FeedKey("e/", 256, "a"));
}

TEST(FormatTest, TheMetaSpaceIsTheFirst) {
  EXPECT_LT(SpaceEnd(Space::kMeta), DataKey("a"));
  EXPECT_EQ(SpaceEnd(Space::kMeta), SpaceBegin(Space::kData));
}

TEST(FormatTest, OneFeedsEventsNeverLieWithinAnothers) {
  // "e" with the key "\x00..." must not read as "e\x00...".
  const std::string other("e\0", 2);
  const std::string key = FeedKey(other, 1, "x");
  EXPECT_TRUE(key < FeedBegin("e", 0) || key > FeedBegin("e", UINT64_MAX));
}

TEST(FormatTest, DamagedMarkersAreDataLoss) {
  for (const char* content :
       {"", "keyward kv format 1", "keyward kv format \n",
        "keyward kv format 1 \n", "keyward kv format +1\n",
        "keyward kv format 99999999999999999999\n"}) {
    EXPECT_EQ(DecodeMarker(content).status().code(), kDataLoss) << content;
  }
}

TEST(FormatTest, DamagedDataIsDataLoss) {
  EXPECT_EQ(DecodeData("1234567").status().code(), kDataLoss);
  EXPECT_EQ(DecodeData(std::string(8, '\0')).status().code(), kDataLoss);
  EXPECT_EQ(DecodeDataKey("").status().code(), kDataLoss);
  EXPECT_EQ(DecodeDataKey("\x02").status().code(), kDataLoss);
  EXPECT_EQ(DecodeDataKey("\x03s").status().code(), kDataLoss);
}

TEST(FormatTest, DamagedTransactionsAreDataLoss) {
  for (const char* hex : {"", "41", "4100000000000001", "430000000000000102",
                          "410000000000000000", "42000000000000010200"}) {
    EXPECT_EQ(DecodeTransaction(Bytes(hex)).status().code(), kDataLoss) << hex;
  }
  for (const char* hex :
       {"", "03", "0369", "03690000000000000007ff", "0378", "0373",
        "03730000000000000003", "0273", "0369000000000007"}) {
    EXPECT_EQ(DecodeTransactionKey(Bytes(hex)).status().code(), kDataLoss)
        << hex;
  }
}

TEST(FormatTest, OtherDamagedRecordsAreDataLoss) {
  EXPECT_EQ(DecodeSessionKey(Bytes("0400000000000003")).status().code(),
            kDataLoss);
  EXPECT_EQ(DecodeSessionKey(Bytes("04000000000000000300")).status().code(),
            kDataLoss);
  EXPECT_EQ(DecodeErasureKey(Bytes("060000000000000102")).status().code(),
            kDataLoss);
  EXPECT_EQ(DecodeFeedMetaKey(RevisionKey()).status().code(), kDataLoss);
  const std::string key = FeedKey("e/", 1, "k");
  EXPECT_EQ(DecodeFeed("e/", key, "X").status().code(), kDataLoss);
  EXPECT_EQ(DecodeFeed("e/", key, "").status().code(), kDataLoss);
  EXPECT_EQ(DecodeFeed("f/", key, "P").status().code(), kDataLoss);
  EXPECT_EQ(DecodeFeed("e/", FeedBegin("e/", 1), "P").status().code(),
            kDataLoss);
}

}  // namespace
}  // namespace keyward::kv::format
