// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/record_codec.h"

#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;

SecretRecord Sample() {
  SecretRecord record;
  record.set_format(1);
  record.set_name("projects/p/secrets/s");
  record.set_uid("ab");
  record.set_generation(3);
  (*record.mutable_labels())["b"] = "2";
  (*record.mutable_labels())["a"] = "1";
  return record;
}

// The bytes that FORMAT.md shows: labels in key order.
TEST(RecordCodecTest, RecordsHaveTheirDocumentedBytes) {
  EXPECT_EQ(HexEncode(EncodeRecord(Sample())),
            "0801"
            "1214" +
                HexEncode("projects/p/secrets/s") +
                "1a026162"
                "2803"
                "3a060a0161120131"
                "3a060a0162120132");
}

TEST(RecordCodecTest, ARecordComesBackAsItWas) {
  auto record = DecodeRecord<SecretRecord>(EncodeRecord(Sample()));
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(EncodeRecord(*record), EncodeRecord(Sample()));
}

TEST(RecordCodecTest, GarbageIsDataLossAndIsNotQuoted) {
  auto record = DecodeRecord<SecretRecord>("\x0ahunter2");
  EXPECT_EQ(record.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(record.status().message().find("hunter2"), absl::string_view::npos);
}

TEST(RecordCodecTest, AnEmptyRecordIsDataLoss) {
  EXPECT_EQ(DecodeRecord<SecretRecord>("").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(RecordCodecTest, ANewerFormatIsRefusedByName) {
  SecretRecord record = Sample();
  record.set_format(2);
  auto decoded = DecodeRecord<SecretRecord>(EncodeRecord(record));
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(decoded.status().message().find("format 2"),
            absl::string_view::npos);
}

TEST(RecordCodecTest, TimesKeepTheirMicroseconds) {
  const absl::Time time = absl::FromUnixMicros(1700000000123456);
  EXPECT_EQ(ToMicros(time), 1700000000123456);
  EXPECT_EQ(FromMicros(ToMicros(time)), time);
}

}  // namespace
}  // namespace keyward::store
