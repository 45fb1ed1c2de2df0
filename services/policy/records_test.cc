// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes that FORMAT.md shows. If one of these changes, folders that exist
// can no longer be read: make a new format instead.

#include "services/policy/records.h"

#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/policy/policy_for_testing.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/delta_parts.h"
#include "services/policy/request_ids.h"

namespace keyward::policy_service {
namespace {

namespace records = keyward::internal::policy::v1;

std::string Hex(const google::protobuf::Message& record) {
  return absl::BytesToHexString(EncodeRecord(record));
}

TEST(RecordsGoldenTest, Keys) {
  EXPECT_EQ(absl::BytesToHexString(DeltaKey(258, 1)),
            "64656c74612f"
            "0000000000000102"
            "00000001");
  EXPECT_EQ(absl::BytesToHexString(ChunkKey(258, 0)),
            "6368756e6b2f"
            "0000000000000102"
            "00000000");
  EXPECT_EQ(GenerationKey("projects/default"), "generation/projects/default");
  EXPECT_EQ(DeletionKey("projects/p-1"), "deletion/projects/p-1");
  EXPECT_EQ(absl::BytesToHexString(
                RequestIdExpiryKey(absl::FromUnixMicros(513), "request/k")),
            absl::StrCat("726571756573742d6578706972792f", "0000000000000201",
                         "726571756573742f6b"));
}

TEST(RecordsGoldenTest, Head) {
  records::HeadRecord head;
  head.set_format(kRecordFormat);
  head.set_revision(258);
  EXPECT_EQ(Hex(head), "0801108202");
}

TEST(RecordsGoldenTest, Delta) {
  records::DeltaRecord record;
  record.set_format(kRecordFormat);
  record.set_parts(1);
  record.mutable_delta()->set_revision(2);
  *record.mutable_delta()->add_entries() =
      policy::TestEntry(policy::TestRole("system/roles/r", {"keys.get"}));
  record.mutable_delta()->add_removed("system/roles/q");
  EXPECT_EQ(Hex(record),
            "08011001"
            "1a30"
            "0802"
            "121c"
            "121a"
            "0a0e73797374656d2f726f6c65732f72"
            "12086b6579732e676574"
            "1a0e73797374656d2f726f6c65732f71");
}

TEST(RecordsGoldenTest, SnapshotAndChunk) {
  records::SnapshotRecord snapshot;
  snapshot.set_format(kRecordFormat);
  snapshot.set_revision(5);
  snapshot.set_chunks(2);
  EXPECT_EQ(Hex(snapshot), "080110051802");
  records::SnapshotChunkRecord chunk;
  chunk.set_format(kRecordFormat);
  chunk.mutable_chunk()->set_revision(5);
  chunk.mutable_chunk()->set_number(1);
  chunk.mutable_chunk()->set_last(true);
  EXPECT_EQ(Hex(chunk), "08011206080510011801");
}

TEST(RecordsGoldenTest, RequestIdsAreHashesOfWhoWhatAndWhich) {
  policy::v1::DeleteProjectRequest request;
  request.set_name("projects/p-1");
  const auto use = UseRequestId("oidc:i:a", "m", "id", request).value();
  EXPECT_EQ(use.key.size(), sizeof("request/") - 1 + 32);
  EXPECT_EQ(absl::BytesToHexString(use.content_hash),
            "c6fae9fb1ad23511bfd455d4c780baff058763518234456961fe764c8df98795");
  EXPECT_EQ(absl::BytesToHexString(use.key.substr(8)),
            "fdb765accb1f4b275b4ec4cc21383de01e72b91c3e718f0576ba8b5d7a9e9414");
}

TEST(RecordsTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(DecodeRecord<records::HeadRecord>("\xff\xff").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRecord<records::HeadRecord>("").status().code(),
            absl::StatusCode::kDataLoss);
  records::HeadRecord newer;
  newer.set_format(kRecordFormat + 1);
  EXPECT_EQ(
      DecodeRecord<records::HeadRecord>(EncodeRecord(newer)).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(RequestIdsTest, IdsAreBoundedPrintableText) {
  policy::v1::DeleteProjectRequest request;
  EXPECT_EQ(UseRequestId("p", "m", "", request)->key, "");
  EXPECT_TRUE(UseRequestId("p", "m", std::string(64, 'x'), request).ok());
  for (const std::string& id : {std::string(65, 'x'), std::string("a\nb"),
                                std::string("\x7f"), std::string("\xc3\xa9")}) {
    EXPECT_EQ(UseRequestId("p", "m", id, request).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(RequestIdsTest, NoTwoCallersOrMethodsShareAnId) {
  policy::v1::DeleteProjectRequest request;
  const std::string key = UseRequestId("ab", "c", "d", request)->key;
  EXPECT_NE(UseRequestId("a", "bc", "d", request)->key, key);
  EXPECT_NE(UseRequestId("ab", "cd", "", request)->key, key);
  EXPECT_NE(UseRequestId("ab", "c", "e", request)->key, key);
}

TEST(DeltaPartsTest, PartsAreBoundedAndMergeToTheWhole) {
  policy::PolicyDelta delta;
  delta.set_revision(4);
  for (int i = 0; i < 100; ++i) {
    *delta.add_entries() = policy::TestEntry(
        policy::TestRole(absl::StrCat("system/roles/r", i), {"keys.get"}));
    delta.add_removed(absl::StrCat("system/bindings/b", i));
  }
  policy::PolicyDelta merged;
  const auto parts = SplitDelta(delta, 500);
  EXPECT_GT(parts.size(), 5u);
  for (const policy::PolicyDelta& part : parts) {
    EXPECT_LE(part.ByteSizeLong(), 500u);
    EXPECT_EQ(part.revision(), 4u);
    merged.MergeFrom(part);
  }
  EXPECT_EQ(merged.SerializeAsString(), delta.SerializeAsString());
  EXPECT_EQ(SplitDelta(policy::PolicyDelta(), 500).size(), 1u);
}

TEST(DeltaPartsTest, NamesTheParentsThatAreTouched) {
  policy::PolicyDelta delta;
  *delta.add_entries() = policy::TestEntry(policy::TestProject("p-1"));
  delta.add_removed("system/bindings/b");
  EXPECT_EQ(TouchedParents(delta),
            (std::set<std::string>{"projects/p-1", "system"}));
}

}  // namespace
}  // namespace keyward::policy_service
