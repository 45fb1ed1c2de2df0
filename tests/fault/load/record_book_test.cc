// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// A log as it should be is found right, and each way in which it can be wrong
// is found.

#include "tests/fault/load/record_book.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/proto_time.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {
namespace {

using audit::v1::AuditEntry;

constexpr char kAlice[] = "spiffe://keyward.internal/workload/alice";
constexpr char kBob[] = "spiffe://keyward.internal/workload/bob";

AuditEntry Entry(audit::v1::EntryKind kind, const std::string& principal,
                 const std::string& method, const std::string& resource,
                 int code = 0) {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_principal(principal);
  entry.set_method("keyward.secrets.v1.SecretService." + method);
  entry.set_resource("projects/default/secrets/" + resource);
  entry.set_code(code);
  *entry.mutable_time() = ToTimestamp(absl::FromUnixSeconds(1000));
  return entry;
}

AuditEntry Access(const std::string& principal, const std::string& resource,
                  int code = 0) {
  return Entry(audit::v1::ENTRY_KIND_ACCESS, principal, "AccessSecretVersion",
               resource, code);
}

Operation Read(int64_t number) {
  Operation read;
  read.kind = Kind::kRead;
  read.outcome = Outcome::kDone;
  read.number = number;
  return read;
}

Operation Changed(Kind kind, int64_t number) {
  Operation change;
  change.kind = kind;
  change.outcome = Outcome::kDone;
  (kind == Kind::kAdd ? change.number : change.asked) = number;
  return change;
}

// A log that grows, and the book beside it.
class Log {
 public:
  explicit Log(RecordBook* book) : book_(book) {}

  uint64_t Add(const AuditEntry& entry) {
    book_->Add(next_, entry);
    return next_++;
  }
  uint64_t Intend(const std::string& method, const std::string& resource) {
    return Add(Entry(audit::v1::ENTRY_KIND_INTENT, kAlice, method, resource));
  }
  void Close(
      uint64_t intent, const std::string& method, const std::string& resource,
      audit::v1::ChangeOutcome outcome = audit::v1::CHANGE_OUTCOME_APPLIED) {
    AuditEntry entry =
        Entry(audit::v1::ENTRY_KIND_OUTCOME, kAlice, method, resource);
    entry.set_intent_index(intent);
    entry.set_outcome(outcome);
    Add(entry);
  }
  void Change(const std::string& method, const std::string& resource,
              const std::string& made) {
    Close(Intend(method, resource), method, made);
  }

 private:
  RecordBook* const book_;
  uint64_t next_ = 0;
};

std::string Text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppend(&text, finding.promise, ": ", finding.what, "\n");
  }
  return text;
}

TEST(RecordBookTest, AnswersInTheOrderOfTheirRecordsAreRight) {
  RecordBook book;
  Log log(&book);
  book.Expect(kAlice, "a", Changed(Kind::kAdd, 1));
  book.Expect(kAlice, "a", Read(1));
  book.Expect(kBob, "a", Read(1));
  log.Add(Access(kBob, "a/versions/1"));
  log.Change("AddSecretVersion", "a", "a/versions/1");
  log.Add(Access(kAlice, "a/versions/1"));
  EXPECT_EQ(Text(book.Settle()), "");
  EXPECT_EQ(book.entries(), 4u);
  EXPECT_EQ(book.open_intents(), 0u);
}

TEST(RecordBookTest, ARecordWithoutAnAnswerIsNoViolation) {
  RecordBook book;
  Log log(&book);
  book.Expect(kAlice, "a", Read(2));
  log.Add(Access(kAlice, "a/versions/1"));
  log.Add(Access(kAlice, "a/versions/2"));
  EXPECT_EQ(Text(book.Settle()), "");
}

TEST(RecordBookTest, P1_AnAnsweredReadWithoutItsRecordIsFound) {
  RecordBook book;
  Log log(&book);
  book.Expect(kAlice, "a", Read(1));
  book.Expect(kAlice, "a", Read(1));
  log.Add(Access(kAlice, "a/versions/1"));
  EXPECT_EQ(Text(book.Settle()),
            "P1: an answer has no record in the log: a: 0 owner read 0..0 done "
            "number=1 (1 answers from there on)\n");
}

TEST(RecordBookTest, P1_NoRecordOfAnotherCallerVersionOrCodeWillDo) {
  for (const AuditEntry& entry :
       {Access(kBob, "a/versions/1"), Access(kAlice, "a/versions/2"),
        Access(kAlice, "b/versions/1"), Access(kAlice, "a/versions/1", 9),
        Entry(audit::v1::ENTRY_KIND_ACCESS, kAlice, "GetSecretVersion",
              "a/versions/1"),
        Entry(audit::v1::ENTRY_KIND_INTENT, kAlice, "AccessSecretVersion",
              "a/versions/1")}) {
    RecordBook book;
    Log log(&book);
    book.Expect(kAlice, "a", Read(1));
    log.Add(entry);
    EXPECT_NE(Text(book.Settle()), "") << entry.ShortDebugString();
  }
}

TEST(RecordBookTest, P1_AnAnsweredChangeNeedsItsOutcomeAndNotTheIntentAlone) {
  RecordBook book;
  Log log(&book);
  book.Expect(kAlice, "a", Changed(Kind::kAdd, 1));
  const uint64_t intent = log.Intend("AddSecretVersion", "a");
  EXPECT_NE(Text(book.Settle()), "");

  book.Expect(kAlice, "a", Changed(Kind::kAdd, 1));
  log.Close(intent, "AddSecretVersion", "a/versions/1",
            audit::v1::CHANGE_OUTCOME_UNKNOWN);
  EXPECT_NE(Text(book.Settle()), "");

  book.Expect(kAlice, "a", Changed(Kind::kAdd, 1));
  log.Close(intent, "AddSecretVersion", "a/versions/1",
            audit::v1::CHANGE_OUTCOME_NOT_APPLIED);
  EXPECT_NE(Text(book.Settle()), "");
}

TEST(RecordBookTest, P1_ADenialNeedsItsRecord) {
  Operation denied = Read(0);
  denied.outcome = Outcome::kDenied;
  RecordBook book;
  Log log(&book);
  book.Expect(kAlice, "a", denied);
  log.Add(Access(kAlice, "a", 7));
  EXPECT_NE(Text(book.Settle()), "");
  book.Expect(kAlice, "a", denied);
  log.Add(Entry(audit::v1::ENTRY_KIND_DENIAL, kAlice, "AccessSecretVersion",
                "a", 7));
  EXPECT_EQ(Text(book.Settle()), "");
}

TEST(RecordBookTest, NothingIsExpectedOfWhatToldNothing) {
  RecordBook book;
  for (const Outcome outcome : {Outcome::kRefused, Outcome::kUnknown}) {
    Operation operation = Changed(Kind::kAdd, 1);
    operation.outcome = outcome;
    book.Expect(kAlice, "a", operation);
  }
  EXPECT_EQ(Text(book.Settle()), "");
}

TEST(RecordBookTest, P1_AnOutcomeWithoutItsIntentOrASecondOneIsFound) {
  RecordBook book;
  Log log(&book);
  log.Close(7, "AddSecretVersion", "a/versions/1");
  EXPECT_EQ(Text(book.Settle()),
            "P1: entry 0 closes the intent 7, which is not open before it\n");
  const uint64_t intent = log.Intend("AddSecretVersion", "a");
  log.Close(intent, "AddSecretVersion", "a/versions/1");
  EXPECT_EQ(Text(book.Settle()), "");
  log.Close(intent, "AddSecretVersion", "a/versions/1");
  EXPECT_NE(Text(book.Settle()), "");
}

TEST(RecordBookTest, P1_AVisibleVersionNeedsAnOutcomeOrAnOpenIntent) {
  RecordBook book;
  Log log(&book);
  log.Change("AddSecretVersion", "a", "a/versions/1");
  log.Change("AddSecretVersion", "b", "b/versions/1");
  log.Intend("AddSecretVersion", "b");
  log.Change("AddSecretVersion", "c", "c/versions/1");
  EXPECT_EQ(Text(book.Compare("a", "E", 0, 0)), "");
  EXPECT_EQ(Text(book.Compare("b", "EE", 1, 0)), "") << "one is open";
  EXPECT_NE(Text(book.Compare("c", "EE", 1, 0)), "") << "none is open";
}

TEST(RecordBookTest, AnOutcomeThatTheReconcilerFoundOutNamesNoVersion) {
  for (const int visible : {1, 2}) {
    RecordBook book;
    Log log(&book);
    log.Change("AddSecretVersion", "a", "a");
    const std::string states(visible, kEnabledState);
    EXPECT_EQ(book.Compare("a", states, 0, 0).empty(), visible == 1);
  }
}

TEST(RecordBookTest, P4_WhatIsOnRecordAsAddedIsVisible) {
  for (const int unknown : {0, 1}) {
    RecordBook book;
    Log log(&book);
    log.Change("AddSecretVersion", "a", "a/versions/1");
    log.Change("AddSecretVersion", "a", "a/versions/2");
    // It may have been made after the look if somebody still waits for it.
    EXPECT_EQ(book.Compare("a", "E", unknown, 0).empty(), unknown == 1);
  }
}

TEST(RecordBookTest, P1_NothingIsDestroyedWithoutARecord) {
  RecordBook book;
  Log log(&book);
  for (const char* secret : {"a", "b", "c"}) {
    log.Change("AddSecretVersion", secret, absl::StrCat(secret, "/versions/1"));
  }
  log.Change("DestroySecretVersion", "a/versions/1", "a/versions/1");
  log.Intend("DestroySecretVersion", "b/versions/1");
  EXPECT_EQ(Text(book.Compare("a", "X", 0, 0)), "");
  EXPECT_EQ(Text(book.Compare("b", "X", 0, 1)), "");
  EXPECT_NE(Text(book.Compare("c", "X", 0, 0)), "");
}

TEST(RecordBookTest, P4_WhatIsOnRecordAsDestroyedIsDestroyed) {
  RecordBook book;
  Log log(&book);
  log.Change("AddSecretVersion", "a", "a/versions/1");
  log.Change("DestroySecretVersion", "a/versions/1", "a/versions/1");
  EXPECT_NE(Text(book.Compare("a", "E", 0, 0)), "");
}

TEST(RecordBookTest, P1_AnIntentThatStaysOpenIsFound) {
  RecordBook book;
  Log log(&book);
  log.Intend("AddSecretVersion", "a");
  EXPECT_EQ(Text(book.OlderThan(absl::Seconds(60))), "");
  AuditEntry later = Access(kAlice, "a/versions/1");
  *later.mutable_time() = ToTimestamp(absl::FromUnixSeconds(1061));
  log.Add(later);
  EXPECT_NE(Text(book.OlderThan(absl::Seconds(60))), "");
  EXPECT_EQ(Text(book.OlderThan(absl::Seconds(61))), "");
}

}  // namespace
}  // namespace keyward::fault
