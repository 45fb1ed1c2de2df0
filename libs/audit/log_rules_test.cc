// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_rules.h"

#include <string>

#include "gtest/gtest.h"
#include "libs/audit/entry.h"

namespace keyward::audit {
namespace {

using v1::AuditEntry;

std::string Leaf(v1::EntryKind kind, uint64_t revision) {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  return SerializeEntry(entry).value();
}

std::string Outcome(uint64_t intent, v1::ChangeOutcome outcome) {
  AuditEntry entry;
  entry.set_kind(v1::ENTRY_KIND_OUTCOME);
  entry.set_intent_index(intent);
  entry.set_outcome(outcome);
  return SerializeEntry(entry).value();
}

class LogRulesTest : public ::testing::Test {
 protected:
  void Good(const std::string& leaf) { EXPECT_TRUE(rules_.Add(leaf).ok()); }
  void Bad(const std::string& leaf) {
    EXPECT_EQ(rules_.Add(leaf).code(), absl::StatusCode::kDataLoss);
  }

  LogRules rules_;
};

TEST_F(LogRulesTest, P2_DecisionStandsOnlyAtTheFenceOfItsPlace) {
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 3));
  Good(Leaf(v1::ENTRY_KIND_ACCESS, 3));
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 4));
  Bad(Leaf(v1::ENTRY_KIND_ACCESS, 3));
  Bad(Leaf(v1::ENTRY_KIND_DENIAL, 5));
  Bad(Leaf(v1::ENTRY_KIND_INTENT, 0));
  Bad(Leaf(v1::ENTRY_KIND_STREAM_OPENED, 3));
  Good(Leaf(v1::ENTRY_KIND_DENIAL, 4));
}

TEST_F(LogRulesTest, P2_FenceOnlyRises) {
  Bad(Leaf(v1::ENTRY_KIND_IN_FORCE, 0));
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 3));
  Bad(Leaf(v1::ENTRY_KIND_IN_FORCE, 3));
  Bad(Leaf(v1::ENTRY_KIND_IN_FORCE, 2));
  EXPECT_EQ(rules_.fence(), 3u);
}

TEST_F(LogRulesTest, P1_IntentHasOneClosingOutcome) {
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 1));
  Good(Leaf(v1::ENTRY_KIND_INTENT, 1));
  EXPECT_EQ(rules_.open_intents().count(1), 1u);
  Good(Outcome(1, v1::CHANGE_OUTCOME_UNKNOWN));
  EXPECT_EQ(rules_.open_intents().count(1), 1u);
  Good(Outcome(1, v1::CHANGE_OUTCOME_APPLIED));
  EXPECT_TRUE(rules_.open_intents().empty());
  Bad(Outcome(1, v1::CHANGE_OUTCOME_NOT_APPLIED));
  Bad(Outcome(1, v1::CHANGE_OUTCOME_UNKNOWN));
}

TEST_F(LogRulesTest, P1_OutcomeOfWhatIsNoIntentIsRefused) {
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 1));
  Bad(Outcome(0, v1::CHANGE_OUTCOME_APPLIED));
  Bad(Outcome(77, v1::CHANGE_OUTCOME_APPLIED));
}

TEST_F(LogRulesTest, OpenedAndClosedAreToldOnce) {
  Good(Leaf(v1::ENTRY_KIND_IN_FORCE, 1));
  Good(Leaf(v1::ENTRY_KIND_INTENT, 1));
  Good(Outcome(1, v1::CHANGE_OUTCOME_APPLIED));
  EXPECT_EQ(rules_.TakeOpened(), std::vector<uint64_t>{1});
  EXPECT_EQ(rules_.TakeClosed(), (std::vector<ClosedIntent>{{1, 2}}));
  EXPECT_TRUE(rules_.TakeOpened().empty());
  EXPECT_TRUE(rules_.TakeClosed().empty());
}

TEST_F(LogRulesTest, LeafThatIsNoEntryIsRefused) { Bad("\xff\xff"); }

}  // namespace
}  // namespace keyward::audit
