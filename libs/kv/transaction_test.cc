// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/transaction.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace keyward::kv {
namespace {

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

Transaction Valid() {
  Transaction txn;
  txn.id = TransactionId::InSession(1, 5);
  txn.preconditions.push_back(Precondition::Absent("k"));
  txn.puts.push_back({"k", "v"});
  return txn;
}

absl::StatusCode Code(const Transaction& txn) {
  return ValidateTransaction(txn).code();
}

TEST(ValidateTransactionTest, AnOrdinaryTransactionIsValid) {
  EXPECT_EQ(Code(Valid()), kOk);
}

TEST(ValidateTransactionTest, AnIdIsMandatory) {
  Transaction txn = Valid();
  txn.id = {};
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, APreconditionIsMandatory) {
  Transaction txn = Valid();
  txn.preconditions.clear();
  EXPECT_EQ(Code(txn), kInvalid);
  txn.raise_intent_floor = 3;  // brings its own
  EXPECT_EQ(Code(txn), kOk);
}

TEST(ValidateTransactionTest, ClaimingAnIdAloneIsAllowed) {
  Transaction txn = Valid();
  txn.puts.clear();
  EXPECT_EQ(Code(txn), kOk);
}

TEST(ValidateTransactionTest, OperationsAreBounded) {
  Transaction txn = Valid();
  for (size_t i = 1; i < kMaxOperations; ++i) {
    txn.deletes.push_back({absl::StrCat("d", i)});
  }
  EXPECT_EQ(Code(txn), kOk);
  txn.deletes.push_back({"one more"});
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, PreconditionsAreBounded) {
  Transaction txn = Valid();
  for (size_t i = 1; i < kMaxOperations; ++i) {
    txn.preconditions.push_back(Precondition::Absent("k"));
  }
  EXPECT_EQ(Code(txn), kOk);
  txn.preconditions.push_back(Precondition::Absent("k"));
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, KeysAreBounded) {
  for (const size_t size : {size_t{0}, kMaxKeyBytes + 1}) {
    const std::string key(size, 'k');
    Transaction txn = Valid();
    txn.puts[0].key = key;
    EXPECT_EQ(Code(txn), kInvalid);
    txn = Valid();
    txn.deletes.push_back({key});
    EXPECT_EQ(Code(txn), kInvalid);
    txn = Valid();
    txn.preconditions[0].key = key;
    EXPECT_EQ(Code(txn), kInvalid);
  }
  Transaction txn = Valid();
  txn.puts[0].key = std::string(kMaxKeyBytes, 'k');
  EXPECT_EQ(Code(txn), kOk);
}

TEST(ValidateTransactionTest, ValuesAreShorterThanOneMebibyte) {
  Transaction txn = Valid();
  txn.puts[0].value = std::string(kMaxValueBytes, 'v');
  EXPECT_EQ(Code(txn), kOk);
  txn.puts[0].value.push_back('v');
  EXPECT_EQ(txn.puts[0].value.size(), size_t{1} << 20);
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, StoredAnswersAreBounded) {
  Transaction txn = Valid();
  txn.txn_value = std::string(kMaxTxnValueBytes, 'a');
  EXPECT_EQ(Code(txn), kOk);
  txn.txn_value.push_back('a');
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, TheWholeIsBounded) {
  Transaction txn = Valid();
  txn.puts[0].value = std::string(700 * 1024, 'v');
  txn.puts.push_back({"k2", std::string(500 * 1024, 'v')});
  EXPECT_EQ(Code(txn), kOk);
  txn.puts.push_back({"k3", std::string(100 * 1024, 'v')});
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, AKeyIsNamedOnce) {
  Transaction txn = Valid();
  txn.puts.push_back({"k", "other"});
  EXPECT_EQ(Code(txn), kInvalid);
  txn = Valid();
  txn.deletes.push_back({"k"});
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, AFloorIsNotRaisedAboveTheTransactionsOwnId) {
  Transaction txn = Valid();
  txn.raise_session_floor = 5;
  EXPECT_EQ(Code(txn), kOk);
  txn.raise_session_floor = 6;
  EXPECT_EQ(Code(txn), kInvalid);
  txn = Valid();
  txn.id = TransactionId::Intent(5);
  txn.raise_intent_floor = 5;
  EXPECT_EQ(Code(txn), kOk);
  txn.raise_intent_floor = 6;
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, OnlyASessionsTransactionRaisesItsFloor) {
  Transaction txn = Valid();
  txn.id = TransactionId::Intent(5);
  txn.raise_session_floor = 1;
  EXPECT_EQ(Code(txn), kInvalid);
}

TEST(ValidateTransactionTest, TheMessageNeverHoldsContents) {
  Transaction txn = Valid();
  txn.puts[0].key = "sensitive" + std::string(kMaxKeyBytes, 'k');
  const std::string message = ValidateTransaction(txn).ToString();
  EXPECT_EQ(message.find("sensitive"), std::string::npos);
}

TEST(NumberTest, IsEightBigEndianBytes) {
  EXPECT_EQ(EncodeNumber(0x0102030405060708),
            "\x01\x02\x03\x04\x05\x06\x07\x08");
  EXPECT_EQ(*DecodeNumber(EncodeNumber(UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(DecodeNumber("1234567").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeNumber("123456789").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(TransactionIdTest, IsNamedInLogs) {
  EXPECT_EQ(TransactionId::Intent(17).ToString(), "intent/17");
  EXPECT_EQ(TransactionId::InSession(3, 9).ToString(), "session/3/9");
  EXPECT_EQ(TransactionId().ToString(), "none");
  EXPECT_NE(TransactionId::Intent(17), TransactionId::InSession(0, 17));
}

TEST(CommitResultTest, IsReadableInTestFailures) {
  EXPECT_EQ(CommitResult::Applied(12).ToString(), "APPLIED@12");
  EXPECT_EQ(CommitResult::AlreadyApplied(12, "x").ToString(),
            "ALREADY_APPLIED@12");
  EXPECT_EQ(CommitResult::Barred().ToString(), "BARRED");
  EXPECT_EQ(CommitResult::Conflict(1, 7).ToString(),
            "CONFLICT: precondition 1, current 7");
  EXPECT_EQ(CommitResult::Unknown(absl::UnavailableError("x")).ToString(),
            "UNKNOWN: UNAVAILABLE: x");
  EXPECT_EQ(CommitResult::Refused(absl::UnavailableError("x")).ToString(),
            "REFUSED: UNAVAILABLE: x");
}

TEST(CommitResultTest, OnlyTheTwoAppliedOutcomesAreApplied) {
  EXPECT_TRUE(CommitResult::Applied(1).applied());
  EXPECT_TRUE(CommitResult::AlreadyApplied(1, "").applied());
  EXPECT_FALSE(CommitResult::Barred().applied());
  EXPECT_FALSE(CommitResult::Unknown(absl::OkStatus()).applied());
  EXPECT_FALSE(CommitResult().applied());
}

}  // namespace
}  // namespace keyward::kv
