// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/kv_contract_test_suite.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"

namespace keyward::kv {
namespace {

using Outcome = CommitResult::Outcome;

constexpr char kFeed[] = "event/";
constexpr absl::Duration kTestWait = absl::Seconds(30);

SteadyTime Soon() { return SystemClock().SteadyNow() + kTestWait; }

// A transaction that puts `key` if `precondition` holds.
Transaction PutIf(Precondition precondition, absl::string_view key,
                  absl::string_view value) {
  Transaction txn;
  txn.preconditions.push_back(std::move(precondition));
  txn.puts.push_back({std::string(key), std::string(value)});
  return txn;
}

Transaction PutAs(const TransactionId& id, absl::string_view key,
                  absl::string_view value, absl::string_view txn_value = "") {
  Transaction txn = PutIf(Precondition::Absent(key), key, value);
  txn.id = id;
  txn.txn_value = std::string(txn_value);
  return txn;
}

std::string EventsText(const FeedPage& page) {
  return absl::StrJoin(page.events, " ", [](std::string* out, const auto& e) {
    absl::StrAppend(out, e.revision,
                    e.kind == FeedEvent::Kind::kPut ? "+" : "-", e.key);
  });
}

}  // namespace

void KvContractTest::SetUp() {
  engine_ = GetParam()({kFeed});
  session_ = *WriterSession::Begin(store(), Soon());
}

void KvContractTest::Restart() {
  session_.reset();
  absl::Status restarted = engine_->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
  session_ = *WriterSession::Begin(store(), Soon());
}

CommitResult KvContractTest::Commit(Transaction txn) {
  if (txn.id.kind != TransactionId::Kind::kNone) {
    return store()->CommitAndWait(std::move(txn), {Soon()});
  }
  return session_->CommitAndWait(std::move(txn), {Soon()});
}

uint64_t KvContractTest::Put(absl::string_view key, absl::string_view value) {
  absl::StatusOr<Entry> now = store()->Get(key);
  CommitResult result = Commit(
      PutIf(Precondition::RevisionIs(key, now.ok() ? now->mod_revision : 0),
            key, value));
  EXPECT_EQ(result.outcome, Outcome::kApplied) << result.ToString();
  return result.revision;
}

void KvContractTest::Delete(absl::string_view key) {
  Transaction txn;
  txn.preconditions.push_back(Precondition::Exists(key));
  txn.deletes.push_back({std::string(key)});
  CommitResult result = Commit(std::move(txn));
  EXPECT_EQ(result.outcome, Outcome::kApplied) << result.ToString();
}

std::string KvContractTest::Value(absl::string_view key) {
  absl::StatusOr<Entry> entry = store()->Get(key);
  if (entry.ok()) return entry->value;
  return absl::StrCat("<", absl::StatusCodeToString(entry.status().code()),
                      ">");
}

std::string KvContractTest::RangeText(const KeyValueReader& reader,
                                      absl::string_view begin,
                                      absl::string_view end,
                                      RangeOptions options) {
  absl::StatusOr<RangeResult> result = reader.Range(begin, end, options);
  if (!result.ok()) {
    return absl::StrCat("<", absl::StatusCodeToString(result.status().code()),
                        ">");
  }
  std::string text =
      absl::StrJoin(result->entries, " ", [](std::string* out, const auto& e) {
        absl::StrAppend(out, e.key, "=", e.value);
      });
  return result->more ? text + " ..." : text;
}

// Reading and writing.

TEST_P(KvContractTest, AnAbsentKeyIsNotFound) {
  EXPECT_EQ(store()->Get("nothing").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(KvContractTest, AnEntryHasTheRevisionOfItsTransaction) {
  const uint64_t revision = Put("k", "v");
  absl::StatusOr<Entry> entry = store()->Get("k");
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->key, "k");
  EXPECT_EQ(entry->value, "v");
  EXPECT_EQ(entry->mod_revision, revision);
  EXPECT_EQ(*store()->Revision(), revision);
}

TEST_P(KvContractTest, RevisionsGrowAndAreSharedWithinATransaction) {
  const uint64_t first = Put("a", "1");
  Transaction txn = PutIf(Precondition::Exists("a"), "b", "2");
  txn.puts.push_back({"c", "3"});
  const uint64_t second = Commit(std::move(txn)).revision;
  EXPECT_GT(second, first);
  EXPECT_EQ(store()->Get("b")->mod_revision, second);
  EXPECT_EQ(store()->Get("c")->mod_revision, second);
  EXPECT_EQ(store()->Get("a")->mod_revision, first);
}

TEST_P(KvContractTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string key("\0\xff\x01/\0", 5);
  const std::string value("\0binary\xff", 8);
  Put(key, value);
  EXPECT_EQ(Value(key), value);
  EXPECT_EQ(Value(key.substr(0, 4)), "<NOT_FOUND>");
}

TEST_P(KvContractTest, AnEmptyValueIsNotAbsent) {
  Put("k", "");
  ASSERT_TRUE(store()->Get("k").ok());
  EXPECT_EQ(Commit(PutIf(Precondition::Absent("k"), "k", "x")).outcome,
            Outcome::kConflict);
}

TEST_P(KvContractTest, ADeletedKeyIsAbsentAndMayBeCreatedAgain) {
  Put("k", "old");
  Delete("k");
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
  EXPECT_EQ(Commit(PutIf(Precondition::Absent("k"), "k", "new")).outcome,
            Outcome::kApplied);
  EXPECT_EQ(Value("k"), "new");
}

TEST_P(KvContractTest, DeletingAnAbsentKeyIsNoError) {
  Transaction txn;
  txn.preconditions.push_back(Precondition::Absent("k"));
  txn.deletes.push_back({"k"});
  EXPECT_EQ(Commit(std::move(txn)).outcome, Outcome::kApplied);
}

TEST_P(KvContractTest, GetManyAnswersEachKeyInOrder) {
  Put("a", "1");
  Put("c", "3");
  const std::vector<absl::StatusOr<Entry>> entries =
      store()->GetMany({"c", "b", "", "a"});
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0]->value, "3");
  EXPECT_EQ(entries[1].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(entries[2].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(entries[3]->value, "1");
}

TEST_P(KvContractTest, GetManyIsBounded) {
  EXPECT_EQ(store()
                ->GetMany(std::vector<std::string>(kMaxGetManyKeys, "k"))[0]
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  const auto entries =
      store()->GetMany(std::vector<std::string>(kMaxGetManyKeys + 1, "k"));
  ASSERT_EQ(entries.size(), kMaxGetManyKeys + 1);
  EXPECT_EQ(entries[0].status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(KvContractTest, KeysOfReadsAreBounded) {
  EXPECT_EQ(store()->Get("").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store()->Get(std::string(kMaxKeyBytes, 'k')).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store()->Get(std::string(kMaxKeyBytes + 1, 'k')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Ranges.

TEST_P(KvContractTest, ARangeIsOrderedAndEndsBeforeItsEnd) {
  for (const char* key : {"b", "a/2", "a", "a/1", "c"}) Put(key, "x");
  EXPECT_EQ(RangeText(*store(), "a", "b"), "a=x a/1=x a/2=x");
  EXPECT_EQ(RangeText(*store(), "a/", PrefixEnd("a/")), "a/1=x a/2=x");
  EXPECT_EQ(RangeText(*store(), "", ""), "a=x a/1=x a/2=x b=x c=x");
  EXPECT_EQ(RangeText(*store(), "c", "a"), "");
}

TEST_P(KvContractTest, AReversedRangeHasTheSameEntries) {
  for (const char* key : {"a", "b", "c"}) Put(key, "x");
  RangeOptions reverse;
  reverse.reverse = true;
  EXPECT_EQ(RangeText(*store(), "a", "c", reverse), "b=x a=x");
  EXPECT_EQ(RangeText(*store(), "", "", reverse), "c=x b=x a=x");
  EXPECT_EQ(RangeText(*store(), "b", "", reverse), "c=x b=x");
  EXPECT_EQ(RangeText(*store(), "aa", "b", reverse), "");
}

TEST_P(KvContractTest, ARangeShowsNothingButOwnersKeys) {
  EXPECT_EQ(RangeText(*store(), "", ""), "");
  store()->SettleAndWait(TransactionId::Intent(5), {Soon()});
  Put("event/1", "x");
  EXPECT_EQ(RangeText(*store(), "", ""), "event/1=x");
}

TEST_P(KvContractTest, ARangeStopsAtItsLimitAndSaysSo) {
  for (const char* key : {"a", "b", "c"}) Put(key, "x");
  RangeOptions options;
  options.limit = 2;
  EXPECT_EQ(RangeText(*store(), "", "", options), "a=x b=x ...");
  EXPECT_EQ(RangeText(*store(), KeyAfter("b"), "", options), "c=x");
  options.limit = 3;
  EXPECT_EQ(RangeText(*store(), "", "", options), "a=x b=x c=x");
}

TEST_P(KvContractTest, ARangeStopsAtItsBytesButNotBeforeOneEntry) {
  Put("a", std::string(100, 'x'));
  Put("b", std::string(100, 'y'));
  RangeOptions options;
  options.max_bytes = 10;
  absl::StatusOr<RangeResult> page = store()->Range("", "", options);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->entries.size(), 1u);
  EXPECT_TRUE(page->more);
  options.max_bytes = 202;
  EXPECT_EQ(store()->Range("", "", options)->entries.size(), 2u);
}

TEST_P(KvContractTest, ARangeOfKeysAloneHasNoValues) {
  const uint64_t revision = Put("a", "value");
  RangeOptions options;
  options.keys_only = true;
  absl::StatusOr<RangeResult> page = store()->Range("", "", options);
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0].value, "");
  EXPECT_EQ(page->entries[0].mod_revision, revision);
  EXPECT_EQ(page->revision, revision);
}

TEST_P(KvContractTest, BoundsOfARangeAreChecked) {
  RangeOptions options;
  for (const size_t limit : {size_t{0}, kMaxRangeEntries + 1}) {
    options.limit = limit;
    EXPECT_EQ(RangeText(*store(), "", "", options), "<INVALID_ARGUMENT>");
  }
  options = {};
  for (const size_t bytes : {size_t{0}, kMaxRangeBytes + 1}) {
    options.max_bytes = bytes;
    EXPECT_EQ(RangeText(*store(), "", "", options), "<INVALID_ARGUMENT>");
  }
  EXPECT_EQ(RangeText(*store(), std::string(kMaxKeyBytes + 2, 'k'), ""),
            "<INVALID_ARGUMENT>");
}

TEST_P(KvContractTest, ASnapshotKeepsItsStateOverSeveralPages) {
  Put("a", "old");
  const uint64_t revision = Put("b", "old");
  absl::StatusOr<std::unique_ptr<Snapshot>> snapshot = store()->NewSnapshot();
  ASSERT_TRUE(snapshot.ok());
  Put("a", "new");
  Delete("b");
  Put("c", "new");
  EXPECT_EQ(*(*snapshot)->Revision(), revision);
  EXPECT_EQ((*snapshot)->Get("a")->value, "old");
  EXPECT_EQ((*snapshot)->GetMany({"b"})[0]->value, "old");
  RangeOptions one;
  one.limit = 1;
  EXPECT_EQ(RangeText(**snapshot, "", "", one), "a=old ...");
  EXPECT_EQ(RangeText(**snapshot, KeyAfter("a"), "", one), "b=old");
  EXPECT_EQ(RangeText(*store(), "", ""), "a=new c=new");
}

// Preconditions.

TEST_P(KvContractTest, ARevisionPreconditionHoldsOnlyForThatRevision) {
  const uint64_t revision = Put("k", "1");
  CommitResult stale =
      Commit(PutIf(Precondition::RevisionIs("k", revision - 1), "k", "2"));
  EXPECT_EQ(stale.outcome, Outcome::kConflict);
  EXPECT_EQ(stale.current, revision);
  EXPECT_EQ(stale.failed_precondition, 0u);
  EXPECT_EQ(Value("k"), "1");
  EXPECT_EQ(
      Commit(PutIf(Precondition::RevisionIs("k", revision), "k", "2")).outcome,
      Outcome::kApplied);
}

TEST_P(KvContractTest, AbsentAndExistsAreOpposites) {
  EXPECT_EQ(Commit(PutIf(Precondition::Exists("k"), "k", "1")).outcome,
            Outcome::kConflict);
  EXPECT_EQ(Commit(PutIf(Precondition::Absent("k"), "k", "1")).outcome,
            Outcome::kApplied);
  EXPECT_EQ(Commit(PutIf(Precondition::Absent("k"), "k", "2")).outcome,
            Outcome::kConflict);
  EXPECT_EQ(Commit(PutIf(Precondition::Exists("k"), "k", "2")).outcome,
            Outcome::kApplied);
}

TEST_P(KvContractTest, AConflictNamesTheFirstPreconditionThatFails) {
  const uint64_t revision = Put("a", "1");
  Transaction txn = PutIf(Precondition::RevisionIs("a", revision), "x", "1");
  txn.preconditions.push_back(Precondition::Exists("b"));
  txn.preconditions.push_back(Precondition::Exists("c"));
  CommitResult result = Commit(std::move(txn));
  EXPECT_EQ(result.outcome, Outcome::kConflict);
  EXPECT_EQ(result.failed_precondition, 1u);
  EXPECT_EQ(result.current, 0u);
  EXPECT_EQ(Value("x"), "<NOT_FOUND>");
}

TEST_P(KvContractTest, P2_ANumberPreconditionComparesTheFence) {
  Put("fence", EncodeNumber(300));
  const auto at_most = [&](uint64_t n) {
    return Commit(PutIf(Precondition::NumberAtMost("fence", n), "k", "v"));
  };
  CommitResult below = at_most(299);
  EXPECT_EQ(below.outcome, Outcome::kConflict);
  EXPECT_EQ(below.current, 300u);
  EXPECT_EQ(at_most(300).outcome, Outcome::kApplied);
  EXPECT_EQ(at_most(70000).outcome, Outcome::kApplied);
  const auto at_least = [&](uint64_t n) {
    return Commit(PutIf(Precondition::NumberAtLeast("fence", n), "k", "v"));
  };
  EXPECT_EQ(at_least(301).outcome, Outcome::kConflict);
  EXPECT_EQ(at_least(300).outcome, Outcome::kApplied);
  EXPECT_EQ(at_least(0).outcome, Outcome::kApplied);
}

TEST_P(KvContractTest, P2_AFenceThatIsMissingRefusesEverything) {
  EXPECT_EQ(
      Commit(PutIf(Precondition::NumberAtMost("fence", UINT64_MAX), "k", "v"))
          .outcome,
      Outcome::kConflict);
  EXPECT_EQ(
      Commit(PutIf(Precondition::NumberAtLeast("fence", 0), "k", "v")).outcome,
      Outcome::kConflict);
}

TEST_P(KvContractTest, ANumberKeyThatHoldsNoNumberIsDataLoss) {
  Put("fence", "123456789");
  CommitResult result =
      Commit(PutIf(Precondition::NumberAtMost("fence", 1), "k", "v"));
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDataLoss);
}

TEST_P(KvContractTest, AConflictChangesNothing) {
  const uint64_t revision = Put("a", "1");
  Transaction txn = PutIf(Precondition::Absent("a"), "b", "1");
  txn.deletes.push_back({"a"});
  EXPECT_EQ(Commit(std::move(txn)).outcome, Outcome::kConflict);
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("b"), "<NOT_FOUND>");
  EXPECT_EQ(*store()->Revision(), revision);
}

// Bounds.

TEST_P(KvContractTest, ThereIsNoWriteWithoutAPreconditionOrAnId) {
  Transaction txn;
  txn.puts.push_back({"k", "v"});
  CommitResult result = Commit(txn);
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  txn.preconditions.push_back(Precondition::Absent("k"));
  result = store()->CommitAndWait(txn, {Soon()});
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(KvContractTest, TheLargestTransactionFitsAndOneOperationMoreDoesNot) {
  Transaction txn;
  for (size_t i = 0; i < kMaxOperations; ++i) {
    txn.preconditions.push_back(Precondition::Absent(absl::StrCat("k", i)));
    txn.puts.push_back({absl::StrCat("k", i), std::string(1000, 'v')});
  }
  Transaction larger = txn;
  larger.puts.push_back({"one more", ""});
  EXPECT_EQ(Commit(std::move(larger)).status.code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Commit(std::move(txn)).outcome, Outcome::kApplied);
}

TEST_P(KvContractTest, TheLargestValueIsReadBackAsItWas) {
  const std::string value(kMaxValueBytes, 'v');
  Put("k", value);
  EXPECT_EQ(Value("k"), value);
}

// Ids.

TEST_P(KvContractTest, P4_AnIdIsAppliedOnceAndAnswersItsStoredResult) {
  const TransactionId id = TransactionId::Intent(7);
  CommitResult first = Commit(PutAs(id, "k", "v", "answer"));
  ASSERT_EQ(first.outcome, Outcome::kApplied);
  Delete("k");
  // The same id again, even with other contents, changes nothing.
  CommitResult again = Commit(PutAs(id, "other", "v", "other answer"));
  EXPECT_EQ(again.outcome, Outcome::kAlreadyApplied);
  EXPECT_EQ(again.txn_value, "answer");
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
  EXPECT_EQ(Value("other"), "<NOT_FOUND>");
}

TEST_P(KvContractTest, AnIdIsLookedAtBeforeThePreconditions) {
  const TransactionId id = TransactionId::Intent(7);
  Commit(PutAs(id, "k", "v"));
  // Absent("k") fails now, but that is because the id was applied.
  EXPECT_EQ(Commit(PutAs(id, "k", "v")).outcome, Outcome::kAlreadyApplied);
}

TEST_P(KvContractTest, AConflictLeavesTheIdOpenUnlessToldToBarIt) {
  Put("k", "taken");
  const TransactionId id = TransactionId::Intent(7);
  EXPECT_EQ(Commit(PutAs(id, "k", "v")).outcome, Outcome::kConflict);
  EXPECT_EQ(store()->GetTransaction(id).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Commit(PutAs(id, "free", "v")).outcome, Outcome::kApplied);
}

TEST_P(KvContractTest, P1_AConflictThatBarsTheIdHoldsForEver) {
  Put("k", "taken");
  const TransactionId id = TransactionId::Intent(7);
  Transaction txn = PutAs(id, "k", "v");
  txn.on_conflict = OnConflict::kBarId;
  CommitResult conflict = Commit(txn);
  EXPECT_EQ(conflict.outcome, Outcome::kConflict);
  EXPECT_EQ(conflict.current, store()->Get("k")->mod_revision);
  Delete("k");
  EXPECT_EQ(Commit(txn).outcome, Outcome::kBarred);
  Restart();
  EXPECT_EQ(Commit(txn).outcome, Outcome::kBarred);
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
}

TEST_P(KvContractTest, P1_SettlingAnAbsentIdBarsItForEver) {
  const TransactionId id = TransactionId::Intent(7);
  EXPECT_EQ(store()->SettleAndWait(id, {Soon()}).outcome, Outcome::kBarred);
  EXPECT_EQ(store()->SettleAndWait(id, {Soon()}).outcome, Outcome::kBarred);
  EXPECT_EQ(Commit(PutAs(id, "k", "v")).outcome, Outcome::kBarred);
  Restart();
  EXPECT_EQ(Commit(PutAs(id, "k", "v")).outcome, Outcome::kBarred);
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
}

TEST_P(KvContractTest, SettlingAnAppliedIdAnswersItsStoredResult) {
  const TransactionId id = TransactionId::Intent(7);
  const uint64_t revision = Commit(PutAs(id, "k", "v", "answer")).revision;
  CommitResult settled = store()->SettleAndWait(id, {Soon()});
  EXPECT_EQ(settled.outcome, Outcome::kAlreadyApplied);
  EXPECT_EQ(settled.txn_value, "answer");
  EXPECT_EQ(settled.revision, revision);
}

TEST_P(KvContractTest, SettlingNoIdIsInvalid) {
  CommitResult result = store()->SettleAndWait({}, {Soon()});
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(KvContractTest, TheRecordOfAnIdCanBeRead) {
  const TransactionId id = TransactionId::Intent(7);
  const uint64_t revision = Commit(PutAs(id, "k", "v", "answer")).revision;
  absl::StatusOr<TransactionRecord> record = store()->GetTransaction(id);
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(record->applied);
  EXPECT_EQ(record->txn_value, "answer");
  EXPECT_EQ(record->revision, revision);
  store()->SettleAndWait(TransactionId::Intent(8), {Soon()});
  EXPECT_FALSE(store()->GetTransaction(TransactionId::Intent(8))->applied);
  EXPECT_EQ(store()->GetTransaction({}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(KvContractTest, P4_RecordsOfIdsSurviveARestart) {
  Commit(PutAs(TransactionId::Intent(7), "k", "v", "answer"));
  Restart();
  CommitResult again = Commit(PutAs(TransactionId::Intent(7), "k", "v"));
  EXPECT_EQ(again.outcome, Outcome::kAlreadyApplied);
  EXPECT_EQ(again.txn_value, "answer");
}

// The intents' floor.

TEST_P(KvContractTest, P1_AnIntentBelowTheFloorIsRefusedAndNotSettled) {
  Commit(PutAs(TransactionId::Intent(7), "k", "v", "answer"));
  Transaction raise;
  raise.raise_intent_floor = 8;
  EXPECT_EQ(Commit(std::move(raise)).outcome, Outcome::kApplied);
  EXPECT_EQ(*store()->IntentFloor(), 8u);

  CommitResult below = Commit(PutAs(TransactionId::Intent(5), "k5", "v"));
  EXPECT_EQ(below.outcome, Outcome::kRefused);
  EXPECT_EQ(below.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Value("k5"), "<NOT_FOUND>");
  // What intent 7 did is not known any more: it must not read as "barred".
  EXPECT_EQ(store()->SettleAndWait(TransactionId::Intent(7), {Soon()}).outcome,
            Outcome::kUnknown);
  EXPECT_EQ(store()->GetTransaction(TransactionId::Intent(7)).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Commit(PutAs(TransactionId::Intent(8), "k8", "v")).outcome,
            Outcome::kApplied);
}

TEST_P(KvContractTest, TheFloorNeverGoesDown) {
  Transaction raise;
  raise.raise_intent_floor = 8;
  EXPECT_EQ(Commit(raise).outcome, Outcome::kApplied);
  EXPECT_EQ(Commit(raise).outcome, Outcome::kApplied);  // equal: no change
  raise.raise_intent_floor = 7;
  CommitResult lower = Commit(raise);
  EXPECT_EQ(lower.outcome, Outcome::kConflict);
  EXPECT_EQ(lower.failed_precondition, 0u);
  EXPECT_EQ(lower.current, 8u);
  Restart();
  EXPECT_EQ(*store()->IntentFloor(), 8u);
}

// Sessions.

TEST_P(KvContractTest, NoSessionIsGivenTwice) {
  const uint64_t first = *store()->BeginSession(Soon());
  const uint64_t second = *store()->BeginSession(Soon());
  ASSERT_TRUE(store()->CloseSession(second, Soon()).ok());
  Restart();
  const uint64_t third = *store()->BeginSession(Soon());
  EXPECT_NE(first, second);
  EXPECT_NE(third, first);
  EXPECT_NE(third, second);
}

TEST_P(KvContractTest, AnIdOfAClosedSessionIsRefusedAndStaysUnknown) {
  const uint64_t session = *store()->BeginSession(Soon());
  const TransactionId id = TransactionId::InSession(session, 0);
  ASSERT_EQ(Commit(PutAs(id, "k", "v")).outcome, Outcome::kApplied);
  ASSERT_TRUE(store()->CloseSession(session, Soon()).ok());
  EXPECT_TRUE(store()->CloseSession(session, Soon()).ok());  // again: no error

  const TransactionId next = TransactionId::InSession(session, 1);
  CommitResult refused = Commit(PutAs(next, "k2", "v"));
  EXPECT_EQ(refused.outcome, Outcome::kRefused);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Value("k2"), "<NOT_FOUND>");
  EXPECT_EQ(store()->SettleAndWait(id, {Soon()}).outcome, Outcome::kUnknown);
  EXPECT_EQ(store()->SettleAndWait(next, {Soon()}).outcome, Outcome::kUnknown);
}

TEST_P(KvContractTest, ASessionThatNeverBeganIsAClosedOne) {
  EXPECT_EQ(
      Commit(PutAs(TransactionId::InSession(1000000, 0), "k", "v")).outcome,
      Outcome::kRefused);
}

TEST_P(KvContractTest, ASessionEndsWithItsProcess) {
  const uint64_t session = *store()->BeginSession(Soon());
  Restart();
  EXPECT_EQ(
      Commit(PutAs(TransactionId::InSession(session, 0), "k", "v")).outcome,
      Outcome::kRefused);
}

TEST_P(KvContractTest, IdsBelowASessionsFloorAreRefused) {
  const uint64_t session = *store()->BeginSession(Soon());
  Transaction txn = PutAs(TransactionId::InSession(session, 10), "k", "v");
  txn.raise_session_floor = 9;
  ASSERT_EQ(Commit(std::move(txn)).outcome, Outcome::kApplied);
  EXPECT_EQ(
      Commit(PutAs(TransactionId::InSession(session, 8), "k8", "v")).outcome,
      Outcome::kRefused);
  EXPECT_EQ(
      Commit(PutAs(TransactionId::InSession(session, 9), "k9", "v")).outcome,
      Outcome::kApplied);
}

// Feeds.

TEST_P(KvContractTest, AFeedHasEveryChangeOfItsKeyspaceInOrder) {
  const uint64_t one = Put("event/b", "x");
  Put("elsewhere", "x");
  Transaction txn = PutIf(Precondition::Exists("event/b"), "event/d", "x");
  txn.puts.push_back({"event/c", "x"});
  txn.deletes.push_back({"event/b"});
  txn.deletes.push_back({"event/none"});
  const uint64_t two = Commit(std::move(txn)).revision;
  absl::StatusOr<FeedPage> page = store()->ReadFeed(kFeed, 0, 100);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(EventsText(*page), absl::StrCat(one, "+event/b ", two, "-event/b ",
                                            two, "+event/c ", two, "+event/d"));
  EXPECT_EQ(page->through_revision, two);
}

TEST_P(KvContractTest, AFeedIsReadFromARevisionInPagesThatKeepRevisionsWhole) {
  const uint64_t one = Put("event/1", "x");
  Transaction txn = PutIf(Precondition::Absent("event/2"), "event/2", "x");
  txn.puts.push_back({"event/3", "x"});
  const uint64_t two = Commit(std::move(txn)).revision;
  const uint64_t three = Put("event/4", "x");
  absl::StatusOr<FeedPage> page = store()->ReadFeed(kFeed, one + 1, 1);
  EXPECT_EQ(EventsText(*page), absl::StrCat(two, "+event/2 ", two, "+event/3"));
  EXPECT_EQ(page->through_revision, two);
  page = store()->ReadFeed(kFeed, page->through_revision + 1, 1);
  EXPECT_EQ(EventsText(*page), absl::StrCat(three, "+event/4"));
  EXPECT_EQ(page->through_revision, three);
}

TEST_P(KvContractTest, AnIdleFeedsPositionMovesOn) {
  Put("event/1", "x");
  const uint64_t elsewhere = Put("elsewhere", "x");
  absl::StatusOr<FeedPage> page = store()->ReadFeed(kFeed, elsewhere, 10);
  EXPECT_EQ(EventsText(*page), "");
  EXPECT_EQ(page->through_revision, elsewhere);
  EXPECT_TRUE(store()->ReadFeed(kFeed, elsewhere + 1, 10).ok());
}

TEST_P(KvContractTest, APositionInTheFutureIsOutOfRange) {
  const uint64_t revision = Put("event/1", "x");
  EXPECT_EQ(store()->ReadFeed(kFeed, revision + 2, 10).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST_P(KvContractTest, ACompactedPositionIsOutOfRangeAlsoAfterARestart) {
  const uint64_t one = Put("event/1", "x");
  const uint64_t two = Put("event/2", "x");
  ASSERT_TRUE(store()->CompactFeed(kFeed, one).ok());
  ASSERT_TRUE(store()->CompactFeed(kFeed, 0).ok());  // lower: no change
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(store()->ReadFeed(kFeed, one, 10).status().code(),
              absl::StatusCode::kOutOfRange);
    EXPECT_EQ(EventsText(*store()->ReadFeed(kFeed, one + 1, 10)),
              absl::StrCat(two, "+event/2"));
    Restart();
  }
}

TEST_P(KvContractTest, BoundsOfFeedsAreChecked) {
  EXPECT_EQ(store()->ReadFeed("other/", 0, 10).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store()->ReadFeed(kFeed, 0, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store()->ReadFeed(kFeed, 0, kMaxFeedEvents + 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store()->CompactFeed("other/", 0).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store()->CompactFeed(kFeed, *store()->Revision() + 1).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store()->SubscribeFeed("other/", [](uint64_t) {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(KvContractTest, ASubscriberHearsOfAChangeThatItCanThenRead) {
  Mutex mu;
  CondVar changed;
  uint64_t heard = 0;
  auto subscription = store()->SubscribeFeed(kFeed, [&](uint64_t revision) {
    MutexLock lock(&mu);
    heard = std::max(heard, revision);
    changed.SignalAll();
  });
  ASSERT_TRUE(subscription.ok());
  const uint64_t revision = Put("event/1", "x");
  {
    MutexLock lock(&mu);
    while (heard < revision) ASSERT_TRUE(changed.WaitFor(&mu, kTestWait));
  }
  EXPECT_EQ(EventsText(*store()->ReadFeed(kFeed, revision, 10)),
            absl::StrCat(revision, "+event/1"));
}

TEST_P(KvContractTest, AnEndedSubscriptionHearsNothing) {
  std::atomic<int> heard{0};
  auto subscription = store()->SubscribeFeed(kFeed, [&](uint64_t) { ++heard; });
  subscription->reset();
  Put("event/1", "x");
  EXPECT_EQ(heard, 0);
}

// Erasing.

TEST_P(KvContractTest, AnErasedKeyIsUnreadableAtOnceAndItsRemovalReported) {
  Put("k", "value");
  Transaction txn;
  txn.preconditions.push_back(Precondition::Exists("k"));
  txn.deletes.push_back({"k", /*erase=*/true});
  const CommitResult erased = Commit(std::move(txn));
  ASSERT_EQ(erased.outcome, Outcome::kApplied);
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
  Mutex mu;
  CondVar changed;
  bool done = false;
  store()->WaitErased(erased.revision, [&](absl::Status status) {
    EXPECT_TRUE(status.ok()) << status;
    MutexLock lock(&mu);
    done = true;
    changed.SignalAll();
  });
  MutexLock lock(&mu);
  while (!done) ASSERT_TRUE(changed.WaitFor(&mu, absl::Minutes(1)));
  EXPECT_GE(store()->Stats().erased_through, erased.revision);
  EXPECT_EQ(store()->Stats().pending_erasures, 0u);
}

// Concurrency and durability.

TEST_P(KvContractTest, P4_EverythingAcknowledgedSurvivesARestart) {
  std::vector<uint64_t> revisions;
  for (int i = 0; i < 50; ++i) {
    revisions.push_back(Put(absl::StrCat("k", i), absl::StrCat("v", i)));
  }
  Restart();
  for (int i = 0; i < 50; ++i) {
    absl::StatusOr<Entry> entry = store()->Get(absl::StrCat("k", i));
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_EQ(entry->value, absl::StrCat("v", i));
    EXPECT_EQ(entry->mod_revision, revisions[i]);
  }
  EXPECT_GT(Put("later", "x"), revisions.back());
}

TEST_P(KvContractTest, CompareAndSetLosesNoIncrementOfManyThreads) {
  constexpr uint64_t kThreads = 8, kEach = 100;
  Put("counter", EncodeNumber(0));
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (uint64_t done = 0; done < kEach;) {
        absl::StatusOr<Entry> entry = store()->Get("counter");
        CommitResult result = Commit(
            PutIf(Precondition::RevisionIs("counter", entry->mod_revision),
                  "counter", EncodeNumber(*DecodeNumber(entry->value) + 1)));
        if (result.outcome == Outcome::kApplied) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*DecodeNumber(Value("counter")), kThreads * kEach);
}

TEST_P(KvContractTest, OfManyConcurrentSubmissionsOfOneIdOneApplies) {
  constexpr int kThreads = 8;
  std::atomic<int> applied{0}, already{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const CommitResult result =
          Commit(PutAs(TransactionId::Intent(3), absl::StrCat("k", t), "v"));
      if (result.outcome == Outcome::kApplied) ++applied;
      if (result.outcome == Outcome::kAlreadyApplied) ++already;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(already, kThreads - 1);
  EXPECT_EQ(store()->Range("", "", {})->entries.size(), 1u);
}

TEST_P(KvContractTest, ARangeIsOneStateWhileOthersWrite) {
  Put("a", EncodeNumber(0));
  Put("b", EncodeNumber(0));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t n = 1; !stop; ++n) {
      Transaction txn = PutIf(Precondition::Exists("a"), "a", EncodeNumber(n));
      txn.puts.push_back({"b", EncodeNumber(n)});
      Commit(std::move(txn));
    }
  });
  for (int i = 0; i < 500; ++i) {
    absl::StatusOr<RangeResult> page = store()->Range("", "", {});
    ASSERT_EQ(page->entries.size(), 2u);
    EXPECT_EQ(page->entries[0].value, page->entries[1].value);
    EXPECT_GE(page->revision, page->entries[0].mod_revision);
  }
  stop = true;
  writer.join();
}

TEST_P(KvContractTest, ADeadlineThatHasPassedIsRefusedAsNotApplied) {
  CommitResult result =
      store()->CommitAndWait(PutAs(TransactionId::Intent(1), "k", "v"),
                             {SystemClock().SteadyNow() - absl::Hours(1)});
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Value("k"), "<NOT_FOUND>");
}

}  // namespace keyward::kv
