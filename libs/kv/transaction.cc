// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/transaction.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "libs/base/byte_order.h"

namespace keyward::kv {
namespace {

absl::Status Violation(absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat("transaction: ", rule));
}

absl::Status CheckKey(absl::string_view key) {
  if (key.empty()) return Violation("a key is empty");
  if (key.size() > kMaxKeyBytes) {
    return Violation(
        absl::StrCat("a key is longer than ", kMaxKeyBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckId(const Transaction& txn) {
  if (txn.id.kind == TransactionId::Kind::kNone) {
    return Violation("has no id");
  }
  if (!txn.raise_session_floor.has_value()) return absl::OkStatus();
  if (txn.id.kind != TransactionId::Kind::kSession) {
    return Violation("raises a session's floor under an intent's id");
  }
  // Above its own id it would forget itself, and a retry would apply twice.
  if (*txn.raise_session_floor > txn.id.number) {
    return Violation("raises its session's floor above its own id");
  }
  return absl::OkStatus();
}

absl::Status CheckIntentFloor(const Transaction& txn) {
  if (txn.raise_intent_floor.has_value() &&
      txn.id.kind == TransactionId::Kind::kIntent &&
      *txn.raise_intent_floor > txn.id.number) {
    return Violation("raises the intents' floor above its own id");
  }
  return absl::OkStatus();
}

absl::Status CheckPreconditions(const Transaction& txn) {
  if (txn.preconditions.size() > kMaxOperations) {
    return Violation(
        absl::StrCat("has more than ", kMaxOperations, " preconditions"));
  }
  if (txn.preconditions.empty() && !txn.raise_intent_floor.has_value()) {
    return Violation("has no precondition");
  }
  for (const Precondition& precondition : txn.preconditions) {
    absl::Status status = CheckKey(precondition.key);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckOperations(const Transaction& txn) {
  if (txn.puts.size() + txn.deletes.size() > kMaxOperations) {
    return Violation(
        absl::StrCat("has more than ", kMaxOperations, " operations"));
  }
  absl::InlinedVector<absl::string_view, 32> keys;
  for (const Put& put : txn.puts) {
    absl::Status status = CheckKey(put.key);
    if (!status.ok()) return status;
    keys.push_back(put.key);
    if (put.value.size() > kMaxValueBytes) {
      return Violation("a value is not shorter than 1 MiB");
    }
  }
  for (const Delete& del : txn.deletes) {
    absl::Status status = CheckKey(del.key);
    if (!status.ok()) return status;
    keys.push_back(del.key);
  }
  // Engines differ in what the second of two operations would see.
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return Violation("names a key twice");
  }
  return absl::OkStatus();
}

absl::Status CheckSize(const Transaction& txn) {
  if (txn.txn_value.size() > kMaxTxnValueBytes) {
    return Violation(
        absl::StrCat("txn_value is longer than ", kMaxTxnValueBytes, " bytes"));
  }
  size_t bytes = txn.txn_value.size();
  for (const Precondition& precondition : txn.preconditions) {
    bytes += precondition.key.size();
  }
  for (const Put& put : txn.puts) bytes += put.key.size() + put.value.size();
  for (const Delete& del : txn.deletes) bytes += del.key.size();
  if (bytes > kMaxTransactionBytes) {
    return Violation(absl::StrCat("is larger than ", kMaxTransactionBytes,
                                  " bytes together"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string TransactionId::ToString() const {
  switch (kind) {
    case Kind::kIntent:
      return absl::StrCat("intent/", number);
    case Kind::kSession:
      return absl::StrCat("session/", session, "/", number);
    case Kind::kNone:
      break;
  }
  return "none";
}

std::string EncodeNumber(uint64_t number) { return BigEndian64(number); }

absl::StatusOr<uint64_t> DecodeNumber(absl::string_view value) {
  if (value.size() != sizeof(uint64_t)) {
    return absl::DataLossError(
        absl::StrCat("a number key holds ", value.size(), " bytes, not 8"));
  }
  return TakeBigEndian64(&value);
}

absl::Status ValidateTransaction(const Transaction& txn) {
  for (auto* check : {&CheckId, &CheckIntentFloor, &CheckPreconditions,
                      &CheckOperations, &CheckSize}) {
    absl::Status status = (*check)(txn);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

CommitResult CommitResult::Applied(uint64_t revision) {
  CommitResult result;
  result.outcome = Outcome::kApplied;
  result.revision = revision;
  return result;
}

CommitResult CommitResult::AlreadyApplied(uint64_t revision,
                                          std::string txn_value) {
  CommitResult result;
  result.outcome = Outcome::kAlreadyApplied;
  result.revision = revision;
  result.txn_value = std::move(txn_value);
  return result;
}

CommitResult CommitResult::Barred() {
  CommitResult result;
  result.outcome = Outcome::kBarred;
  return result;
}

CommitResult CommitResult::Conflict(size_t failed_precondition,
                                    uint64_t current) {
  CommitResult result;
  result.outcome = Outcome::kConflict;
  result.failed_precondition = failed_precondition;
  result.current = current;
  return result;
}

CommitResult CommitResult::Unknown(absl::Status status) {
  CommitResult result;
  result.outcome = Outcome::kUnknown;
  result.status = std::move(status);
  return result;
}

CommitResult CommitResult::Refused(absl::Status status) {
  CommitResult result;
  result.outcome = Outcome::kRefused;
  result.status = std::move(status);
  return result;
}

std::string CommitResult::ToString() const {
  switch (outcome) {
    case Outcome::kApplied:
      return absl::StrCat("APPLIED@", revision);
    case Outcome::kAlreadyApplied:
      return absl::StrCat("ALREADY_APPLIED@", revision);
    case Outcome::kBarred:
      return "BARRED";
    case Outcome::kConflict:
      return absl::StrCat("CONFLICT: precondition ", failed_precondition,
                          ", current ", current);
    case Outcome::kUnknown:
      return absl::StrCat("UNKNOWN: ", status.ToString());
    case Outcome::kRefused:
      return absl::StrCat("REFUSED: ", status.ToString());
  }
  return "";
}

}  // namespace keyward::kv
