// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/entry.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"

namespace keyward::audit {
namespace {

using v1::AuditEntry;

AuditEntry Access() {
  AuditEntry entry;
  entry.set_kind(v1::ENTRY_KIND_ACCESS);
  entry.set_decision(v1::DECISION_ALLOW);
  entry.set_principal("spiffe://keyward.internal/workload/payments-api");
  entry.set_resource("projects/default/secrets/db/versions/3");
  entry.set_policy_revision(7);
  return entry;
}

AuditEntry RoundTrip(const AuditEntry& entry) {
  return ParseEntry(SerializeEntry(entry).value()).value();
}

TEST(EntryTest, WellFormedEntryIsKeptAsItIs) {
  EXPECT_EQ(RoundTrip(Access()).SerializeAsString(),
            Access().SerializeAsString());
}

TEST(EntryTest, ResourceThatDoesNotParseIsNeverRecorded) {
  AuditEntry entry = Access();
  entry.set_resource("hunter2-pasted-by-mistake");
  const std::string leaf = SerializeEntry(entry).value();
  EXPECT_EQ(leaf.find("hunter2"), std::string::npos);
  EXPECT_EQ(ParseEntry(leaf).value().resource(), "");
}

TEST(EntryTest, LongestWellFormedResourceIsKeptWhole) {
  AuditEntry entry = Access();
  const std::string name = "projects/" + std::string(63, 'p') + "/secrets/" +
                           std::string(255, 's') + "/versions/" +
                           std::string(63, 'v');
  entry.set_resource(name);
  EXPECT_EQ(RoundTrip(entry).resource(), name);
}

TEST(EntryTest, CallerTextIsEscaped) {
  AuditEntry entry = Access();
  entry.set_user_agent("curl\n\x1b[2J\\\xff");
  EXPECT_EQ(RoundTrip(entry).user_agent(), "curl\\x0a\\x1b[2J\\\\\\xff");
}

TEST(EntryTest, CallerTextIsCutTo256BytesWithoutSplittingAnEscape) {
  EXPECT_EQ(EscapeText(std::string(1000, 'a'), 256), std::string(256, 'a'));
  EXPECT_EQ(EscapeText(std::string(254, 'a') + "\n", 256),
            std::string(254, 'a'));
  EXPECT_EQ(EscapeText(std::string(252, 'a') + "\n", 256).size(), 256u);
}

TEST(EntryTest, LongPrincipalsStayDistinct) {
  const std::string base = "spiffe://example.org/" + std::string(300, 'x');
  const std::string a = RecordedId(base + "a");
  const std::string b = RecordedId(base + "b");
  EXPECT_EQ(a.size(), kMaxCallerTextBytes);
  EXPECT_NE(a, b);
  EXPECT_EQ(a.substr(0, 21), "spiffe://example.org/");
}

TEST(EntryTest, ShortPrincipalIsRecordedAsItIs) {
  EXPECT_EQ(RecordedId("spiffe://a/b"), "spiffe://a/b");
  EXPECT_EQ(RecordedId(std::string(256, 'p')), std::string(256, 'p'));
}

TEST(EntryTest, EntryWithEverythingAtItsBoundFits) {
  AuditEntry entry;
  const std::string hostile(5000, '\xff');
  entry.mutable_time()->set_seconds(std::numeric_limits<int64_t>::max());
  entry.mutable_time()->set_nanos(999999999);
  entry.set_kind(v1::ENTRY_KIND_OUTCOME);
  entry.set_request_id(hostile);
  entry.set_principal(hostile);
  entry.set_authentication(hostile);
  entry.set_credential_id(hostile);
  entry.set_peer(hostile);
  entry.set_user_agent(hostile);
  entry.set_method(hostile);
  entry.set_action(hostile);
  entry.set_resource("projects/" + std::string(63, 'p') + "/secrets/" +
                     std::string(255, 's') + "/versions/" +
                     std::string(63, 'v'));
  entry.set_decision(v1::DECISION_DENY);
  entry.set_rule(hostile);
  entry.set_policy_revision(std::numeric_limits<uint64_t>::max());
  entry.set_code(16);
  entry.mutable_duration()->set_seconds(std::numeric_limits<int64_t>::max());
  entry.mutable_duration()->set_nanos(999999999);
  entry.set_intent_index(std::numeric_limits<uint64_t>::max());
  entry.set_outcome(v1::CHANGE_OUTCOME_UNKNOWN);
  entry.set_count(std::numeric_limits<uint64_t>::max());
  entry.set_detail(hostile);
  std::string leaf = SerializeEntry(entry).value();
  EXPECT_LE(leaf.size(), kMaxEntryBytes);
  EXPECT_GT(leaf.size(), kMaxEntryBytes - 256);
  entry.set_forwarded_by(hostile);
  leaf = SerializeEntry(entry).value();
  EXPECT_LE(leaf.size(), kMaxEntryBytes);
  EXPECT_GT(leaf.size(), kMaxEntryBytes - 192);
}

TEST(EntryTest, AProxyIsRecordedWholeAndTakesTheUserAgentsRoom) {
  AuditEntry entry = Access();
  entry.set_user_agent(std::string(100, 'a'));
  EXPECT_EQ(RoundTrip(entry).user_agent(), std::string(100, 'a'));
  const std::string proxy = "spiffe://corp/" + std::string(242, 'm');
  entry.set_forwarded_by(proxy);
  EXPECT_EQ(RoundTrip(entry).forwarded_by(), proxy);
  EXPECT_EQ(RoundTrip(entry).user_agent(), std::string(64, 'a'));
}

TEST(EntryTest, UnknownFieldsAreNotRecorded) {
  AuditEntry entry = Access();
  entry.GetReflection()->MutableUnknownFields(&entry)->AddLengthDelimited(
      999, std::string(4000, 'u'));
  EXPECT_EQ(SerializeEntry(entry).value(), Access().SerializeAsString());
}

TEST(EntryTest, EntryWithoutKindIsRefused) {
  EXPECT_EQ(SerializeEntry(AuditEntry()).status().code(),
            absl::StatusCode::kInvalidArgument);
  AuditEntry entry;
  entry.set_principal("p");
  EXPECT_EQ(ParseEntry(entry.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(EntryTest, LeafThatIsNoEntryIsRefused) {
  EXPECT_EQ(ParseEntry("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseEntry("\xff\xff\xff").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseEntry(std::string(kMaxEntryBytes + 1, '\0')).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(EntryTest, P2_AccessDenialIntentAndOpenedStreamAreDecisions) {
  for (const v1::EntryKind kind :
       {v1::ENTRY_KIND_ACCESS, v1::ENTRY_KIND_DENIAL, v1::ENTRY_KIND_INTENT,
        v1::ENTRY_KIND_STREAM_OPENED}) {
    AuditEntry entry = Access();
    entry.set_kind(kind);
    EXPECT_TRUE(IsDecision(entry));
    // Leaving the decision out does not make it none.
    entry.clear_decision();
    EXPECT_TRUE(IsDecision(entry));
    entry.set_principal("system:store");
    EXPECT_FALSE(IsDecision(entry));
    // What policy decided about one of Keyward's services is one.
    entry.set_decision(v1::DECISION_ALLOW);
    EXPECT_TRUE(IsDecision(entry));
  }
  AuditEntry outcome = Access();
  outcome.set_kind(v1::ENTRY_KIND_OUTCOME);
  EXPECT_FALSE(IsDecision(outcome));
}

TEST(EntryTest, UnknownOutcomeClosesNothing) {
  AuditEntry entry = Access();
  entry.set_kind(v1::ENTRY_KIND_OUTCOME);
  entry.set_outcome(v1::CHANGE_OUTCOME_UNKNOWN);
  EXPECT_FALSE(IsClosingOutcome(entry));
  entry.set_outcome(v1::CHANGE_OUTCOME_APPLIED);
  EXPECT_TRUE(IsClosingOutcome(entry));
  entry.set_outcome(v1::CHANGE_OUTCOME_NOT_APPLIED);
  EXPECT_TRUE(IsClosingOutcome(entry));
  entry.set_kind(v1::ENTRY_KIND_ACCESS);
  EXPECT_FALSE(IsClosingOutcome(entry));
}

// SerializeEntry looks for unknown fields in these and in the entry itself.
TEST(EntryTest, OfMessagesAnEntryHoldsTwoAlone) {
  std::vector<std::string> messages;
  const auto* const descriptor = v1::AuditEntry::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (descriptor->field(i)->message_type() == nullptr) continue;
    messages.push_back(descriptor->field(i)->name());
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"time", "duration"}));
}

TEST(EntryTest, UnknownFieldsAreDroppedWhereverTheyAre) {
  const AuditEntry plain = [] {
    AuditEntry entry;
    entry.set_kind(v1::ENTRY_KIND_ACCESS);
    entry.mutable_time()->set_seconds(7);
    entry.mutable_duration()->set_seconds(8);
    return entry;
  }();
  const std::string leaf = SerializeEntry(plain).value();
  for (int place = 0; place < 3; ++place) {
    AuditEntry entry = plain;
    google::protobuf::Message* const message =
        place == 0 ? static_cast<google::protobuf::Message*>(&entry)
        : place == 1
            ? entry.mutable_time()
            : static_cast<google::protobuf::Message*>(entry.mutable_duration());
    message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(
        999, std::string(4000, 'x'));
    EXPECT_EQ(SerializeEntry(entry).value(), leaf) << place;
  }
}

TEST(EntryTest, NothingOfAnEntryGivenBackIsInTheNext) {
  AuditEntry used = Access();
  used.set_detail("of the one before");
  GiveBackEntry(std::move(used));
  EXPECT_EQ(TakeEntry().SerializeAsString(), "");
  // A leaf's entry is given back by whoever serialized it.
  ASSERT_TRUE(SerializeEntry(Access()).ok());
  EXPECT_EQ(TakeEntry().SerializeAsString(), "");
}

TEST(EntryTest, ParsingIntoAnotherEntryLeavesNothingOfIt) {
  AuditEntry entry = Access();
  entry.set_detail("of the one before");
  entry.set_intent_index(7);
  AuditEntry small;
  small.set_kind(v1::ENTRY_KIND_REFUSALS);
  const std::string leaf = SerializeEntry(small).value();
  ASSERT_TRUE(ParseEntry(leaf, &entry).ok());
  EXPECT_EQ(entry.SerializeAsString(), leaf);
  EXPECT_EQ(ParseEntry("", &entry).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseEntry("\xff", &entry).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace keyward::audit
