// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What a transaction of the state layer is made of, and what it answers.
//
//   Transaction txn;
//   txn.id = TransactionId::Intent(intent_index);
//   txn.preconditions.push_back(Precondition::Absent("secret/42"));
//   txn.preconditions.push_back(Precondition::NumberAtMost("fence", revision));
//   txn.puts.push_back({"secret/42", bytes});
//   txn.txn_value = stored_answer;
//   txn.on_conflict = OnConflict::kBarId;
//
// All types here are plain values without invariants of their own;
// ValidateTransaction says whether a store will take one.

#ifndef KEYWARD_LIBS_KV_TRANSACTION_H_
#define KEYWARD_LIBS_KV_TRANSACTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace keyward::kv {

// etcd takes 128 operations in a transaction (--max-txn-ops). The engine may
// add up to 8 of its own: the claim of the id, the session's existence, two
// floors, and the removal of the ids below them.
// Applies to puts and deletes together, and to preconditions by themselves.
inline constexpr size_t kMaxOperations = 120;

// Keys are 1 to kMaxKeyBytes bytes, any bytes, ordered bytewise.
inline constexpr size_t kMaxKeyBytes = 1024;

// A value is shorter than 1 MiB.
inline constexpr size_t kMaxValueBytes = (size_t{1} << 20) - 1;

// Keys, values and txn_value of one transaction together. etcd refuses
// requests above 1.5 MiB; the rest is room for its encoding.
inline constexpr size_t kMaxTransactionBytes = 1280 * 1024;

// The stored answer of a transaction. It is kept until the id's floor passes
// it, so it must be a summary, not a payload.
inline constexpr size_t kMaxTxnValueBytes = 64 * 1024;

// Names one attempt to change something, for ever. The store claims the id in
// the same atomic write as the change, so that submitting it again answers
// what happened instead of doing it twice.
//
// There are two kinds. An intent's id is the index of its record in the audit
// log. Every other id belongs to a writer session (KeyValueStore::BeginSession)
// and is a number within it; use WriterSession (writer_session.h), which hands
// them out.
struct TransactionId {
  enum class Kind { kNone, kIntent, kSession };

  static TransactionId Intent(uint64_t index) {
    return {Kind::kIntent, 0, index};
  }
  static TransactionId InSession(uint64_t session, uint64_t number) {
    return {Kind::kSession, session, number};
  }

  // "intent/17", "session/3/9" or "none": for logs and messages.
  std::string ToString() const;

  Kind kind = Kind::kNone;  // kNone is refused by every call.
  uint64_t session = 0;     // kSession only.
  uint64_t number = 0;

  friend bool operator==(const TransactionId& a, const TransactionId& b) {
    return a.kind == b.kind && a.session == b.session && a.number == b.number;
  }
  friend bool operator!=(const TransactionId& a, const TransactionId& b) {
    return !(a == b);
  }
};

// A condition that is compared inside the transaction. It never looks at a
// value, apart from a number key's 8-byte big-endian number (EncodeNumber).
struct Precondition {
  enum class Kind {
    kRevisionIs,     // the key's mod_revision equals `number`; 0 = absent
    kExists,         // the key is present, whatever its revision
    kNumberAtMost,   // the number stored at the key is <= `number`
    kNumberAtLeast,  // the number stored at the key is >= `number`
  };

  static Precondition RevisionIs(absl::string_view key, uint64_t revision) {
    return {Kind::kRevisionIs, std::string(key), revision};
  }
  static Precondition Absent(absl::string_view key) {
    return {Kind::kRevisionIs, std::string(key), 0};
  }
  static Precondition Exists(absl::string_view key) {
    return {Kind::kExists, std::string(key), 0};
  }
  // "Refuse a change that was decided at revision r once the fence holds more
  // than r" is NumberAtMost(fence, r); raising it to N is NumberAtMost(fence,
  // N - 1) with a put of N. An absent number key fails both comparisons: a
  // fence that was lost refuses everything rather than nothing. Create it at
  // genesis, with Absent.
  static Precondition NumberAtMost(absl::string_view key, uint64_t number) {
    return {Kind::kNumberAtMost, std::string(key), number};
  }
  static Precondition NumberAtLeast(absl::string_view key, uint64_t number) {
    return {Kind::kNumberAtLeast, std::string(key), number};
  }

  Kind kind = Kind::kRevisionIs;
  std::string key;
  uint64_t number = 0;
};

// The 8 big-endian bytes of a number key's value.
std::string EncodeNumber(uint64_t number);

// The number that `value` holds, or DATA_LOSS unless it is 8 bytes long.
// Declared here so that owners read their fences as the engine compares them.
absl::StatusOr<uint64_t> DecodeNumber(absl::string_view value);

// Writes `value` at `key`, whether or not the key exists.
// `erase_old`: the bytes that the key held before must also be removed from
// the disk; see KeyValueStore::WaitErased.
struct Put {
  std::string key;
  std::string value;
  bool erase_old = false;
};

// Removes `key`; a key that is absent is no error. `erase` as in Put.
struct Delete {
  std::string key;
  bool erase = false;
};

// What a failed precondition leaves behind.
enum class OnConflict {
  // Nothing: the id is still free, and may be submitted with other contents.
  kLeaveIdOpen,
  // The id is durably barred in the same step, before the answer. Owners use
  // it for intents: what was once refused must not apply later.
  kBarId,
};

struct Transaction {
  // Mandatory. Presence of the id is looked at before anything else.
  TransactionId id;
  // Stored under the id, and given to whoever submits the id again.
  std::string txn_value;

  // All must hold. Never empty, unless raise_intent_floor is set: there is no
  // write without a precondition.
  std::vector<Precondition> preconditions;
  // A key appears at most once in puts and deletes together.
  std::vector<Put> puts;
  std::vector<Delete> deletes;
  OnConflict on_conflict = OnConflict::kLeaveIdOpen;

  // Raises the intents' floor: every intent id below the number is refused
  // from this transaction on, and its stored answer is dropped. It has the
  // precondition that the floor is not above it already; failing it is a
  // conflict like any other, with failed_precondition == preconditions.size().
  // Raise it only past intents that are closed in the audit log: of an id
  // below the floor nothing can be learned any more.
  absl::optional<uint64_t> raise_intent_floor;

  // The same for the ids of this transaction's own session (id.session), at
  // most id.number. WriterSession sets it.
  absl::optional<uint64_t> raise_session_floor;
};

// OK, or INVALID_ARGUMENT that names the bound which `txn` violates, never
// contents. Every engine calls it before anything else.
absl::Status ValidateTransaction(const Transaction& txn);

// What is known of a submission. Exactly one of these is reported.
struct CommitResult {
  enum class Outcome {
    // This submission changed the state, durably, as `revision`.
    kApplied,
    // The id was applied before, as `revision`; `txn_value` is what it stored.
    kAlreadyApplied,
    // The id is barred: it never applied and never will.
    kBarred,
    // A precondition failed and this submission changed nothing.
    // `failed_precondition` is its index and `current` the key's mod_revision,
    // or its number for number comparisons (0 when absent). After an earlier
    // submission of the id that was answered kUnknown this says nothing of
    // that one: settle it.
    kConflict,
    // It may have been applied, or may be later. Only Settle tells. `status`
    // says why (UNAVAILABLE, DEADLINE_EXCEEDED).
    kUnknown,
    // This submission is certain to have changed nothing and never will:
    //   INVALID_ARGUMENT    a bound was violated
    //   FAILED_PRECONDITION the id is below its floor or its session is closed
    //                       (nothing follows for earlier submissions of it)
    //   DEADLINE_EXCEEDED   the deadline passed before the engine took it
    //   RESOURCE_EXHAUSTED  too many transactions are waiting
    //   UNAVAILABLE         the engine is failed, reopening, or closed
    //   DATA_LOSS           what is stored cannot be read
    kRefused,
  };

  static CommitResult Applied(uint64_t revision);
  static CommitResult AlreadyApplied(uint64_t revision, std::string txn_value);
  static CommitResult Barred();
  static CommitResult Conflict(size_t failed_precondition, uint64_t current);
  static CommitResult Unknown(absl::Status status);
  static CommitResult Refused(absl::Status status);

  // The state now holds the transaction: kApplied or kAlreadyApplied.
  bool applied() const {
    return outcome == Outcome::kApplied || outcome == Outcome::kAlreadyApplied;
  }

  // "APPLIED@12", "UNKNOWN: UNAVAILABLE: ...": for logs and test failures.
  std::string ToString() const;

  Outcome outcome = Outcome::kUnknown;
  // Set by WriterSession, which chose the id: what to settle after kUnknown.
  TransactionId id;
  uint64_t revision = 0;
  std::string txn_value;
  size_t failed_precondition = 0;
  uint64_t current = 0;
  absl::Status status;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_TRANSACTION_H_
