// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/checked_item.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/audit/entry.h"

namespace keyward::audit_service {
namespace {

using audit::v1::AuditEntry;

AuditEntry Entry(audit::v1::EntryKind kind, uint64_t revision = 0) {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  return entry;
}

AuditEntry Outcome(uint64_t intent, audit::v1::ChangeOutcome outcome) {
  AuditEntry entry = Entry(audit::v1::ENTRY_KIND_OUTCOME);
  entry.set_intent_index(intent);
  entry.set_outcome(outcome);
  return entry;
}

rpc::AppendItem Item(const std::vector<AuditEntry>& entries,
                     std::optional<uint64_t> fenced) {
  rpc::AppendItem item;
  for (const AuditEntry& entry : entries) {
    item.entries.push_back(audit::SerializeEntry(entry).value());
  }
  item.fenced_revision = fenced;
  return item;
}

absl::StatusCode CodeOf(rpc::AppendItem item) {
  return CheckItem(std::move(item)).status().code();
}

TEST(CheckedItemTest, FactsOfTheRecordsAreFound) {
  const CheckedItem item =
      CheckItem(Item({Entry(audit::v1::ENTRY_KIND_INTENT, 5),
                      Outcome(3, audit::v1::CHANGE_OUTCOME_APPLIED),
                      Outcome(4, audit::v1::CHANGE_OUTCOME_UNKNOWN)},
                     5))
          .value();
  EXPECT_EQ(item.intents, std::vector<size_t>{0});
  ASSERT_EQ(item.outcomes.size(), 2u);
  EXPECT_EQ(item.outcomes[0].offset, 1u);
  EXPECT_EQ(item.outcomes[0].intent_index, 3u);
  EXPECT_TRUE(item.outcomes[0].closing);
  EXPECT_FALSE(item.outcomes[1].closing);
  EXPECT_EQ(item.intent_operations(), 3u);
  EXPECT_EQ(item.leaf_bytes, item.leaves[0].size() + item.leaves[1].size() +
                                 item.leaves[2].size());
}

TEST(CheckedItemTest, P2_DecisionWithoutItsFenceIsRefused) {
  for (const audit::v1::EntryKind kind :
       {audit::v1::ENTRY_KIND_ACCESS, audit::v1::ENTRY_KIND_DENIAL,
        audit::v1::ENTRY_KIND_INTENT, audit::v1::ENTRY_KIND_STREAM_OPENED}) {
    EXPECT_EQ(CodeOf(Item({Entry(kind, 5)}, std::nullopt)),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(Item({Entry(kind, 4)}, 5)),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(Item({Entry(kind, 5)}, 5)), absl::StatusCode::kOk);
  }
}

TEST(CheckedItemTest, FactsNeedNoFence) {
  EXPECT_EQ(CodeOf(Item({Entry(audit::v1::ENTRY_KIND_INVALID)}, std::nullopt)),
            absl::StatusCode::kOk);
  AuditEntry own = Entry(audit::v1::ENTRY_KIND_INTENT);
  own.set_principal("system:store");
  EXPECT_EQ(CodeOf(Item({own}, std::nullopt)), absl::StatusCode::kOk);
}

TEST(CheckedItemTest, P2_InForceRecordCannotBeAppended) {
  EXPECT_EQ(CodeOf(Item({Entry(audit::v1::ENTRY_KIND_IN_FORCE, 9)}, 9)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      CodeOf(Item({Entry(audit::v1::ENTRY_KIND_IN_FORCE, 9)}, std::nullopt)),
      absl::StatusCode::kInvalidArgument);
}

TEST(CheckedItemTest, ChecksNameARevision) {
  EXPECT_EQ(CodeOf(Item({}, 5)), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(Item({}, std::nullopt)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Item({}, 0)), absl::StatusCode::kInvalidArgument);
}

TEST(CheckedItemTest, OutcomesSayWhatBecameOfTheChange) {
  EXPECT_EQ(
      CodeOf(Item({Outcome(1, audit::v1::CHANGE_OUTCOME_UNSPECIFIED)}, {})),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Item({Outcome(1, audit::v1::CHANGE_OUTCOME_APPLIED),
                         Outcome(1, audit::v1::CHANGE_OUTCOME_NOT_APPLIED)},
                        {})),
            absl::StatusCode::kInvalidArgument);
}

TEST(CheckedItemTest, P3_SecondOutcomeOfAnIntentInOneItemIsRefused) {
  const audit::v1::ChangeOutcome outcomes[] = {
      audit::v1::CHANGE_OUTCOME_APPLIED, audit::v1::CHANGE_OUTCOME_NOT_APPLIED,
      audit::v1::CHANGE_OUTCOME_UNKNOWN};
  for (const audit::v1::ChangeOutcome first : outcomes) {
    for (const audit::v1::ChangeOutcome second : outcomes) {
      EXPECT_EQ(CodeOf(Item({Outcome(1, first), Outcome(1, second)}, {})),
                absl::StatusCode::kInvalidArgument);
    }
  }
}

TEST(CheckedItemTest, MalformedRecordsAreRefused) {
  rpc::AppendItem item;
  item.entries = {"\xff\xff"};
  EXPECT_EQ(CodeOf(item), absl::StatusCode::kInvalidArgument);
  item.entries = {""};
  EXPECT_EQ(CodeOf(item), absl::StatusCode::kInvalidArgument);
  item.entries = {std::string(audit::kMaxEntryBytes + 1, 'x')};
  EXPECT_EQ(CodeOf(item), absl::StatusCode::kInvalidArgument);
}

TEST(CheckedItemTest, BoundsAreKept) {
  const AuditEntry fact = Entry(audit::v1::ENTRY_KIND_INVALID);
  EXPECT_EQ(CodeOf(Item(std::vector<AuditEntry>(kMaxItemEntries, fact), {})),
            absl::StatusCode::kOk);
  EXPECT_EQ(
      CodeOf(Item(std::vector<AuditEntry>(kMaxItemEntries + 1, fact), {})),
      absl::StatusCode::kInvalidArgument);
  const AuditEntry intent = Entry(audit::v1::ENTRY_KIND_INTENT, 5);
  EXPECT_EQ(CodeOf(Item(std::vector<AuditEntry>(100, intent), 5)),
            absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(Item(std::vector<AuditEntry>(101, intent), 5)),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit_service
