// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What concurrent callers did with one secret and what they were told: the
// operations with their starts, ends and outcomes, and their form as lines of
// text.

#ifndef KEYWARD_TESTS_FAULT_LOAD_HISTORY_H_
#define KEYWARD_TESTS_FAULT_LOAD_HISTORY_H_

#include <cstdint>
#include <istream>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::fault {

enum class Kind : uint8_t {
  kAdd,
  kRead,
  kEnable,
  kDisable,
  kDestroy,
  // Lets the guests use the secret, or no longer: one binding.
  kGrant,
  kRevoke,
  // The states of all versions.
  kList,
};

enum class Outcome : uint8_t {
  kDone,
  // The refusals that tell something about the secret, each by the state that
  // it is refused for.
  kDenied,
  kNotFound,
  kDisabled,
  kDestroyed,
  kCurrent,
  // Refused for a reason that tells nothing: the operation had no effect.
  kRefused,
  // It may have taken effect, may yet do so, or never will.
  kUnknown,
};

// The end of what has an unknown outcome.
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// A version's state in the result of kList.
inline constexpr char kEnabledState = 'E';
inline constexpr char kDisabledState = 'D';
inline constexpr char kDestroyedState = 'X';

struct Operation {
  // Who: a number for people. Guests need the binding, owners nothing.
  int caller = 0;
  bool guest = false;

  Kind kind = Kind::kRead;
  // kRead, kEnable, kDisable, kDestroy: the version asked for. 0 is the current
  // one, which only kRead may ask for.
  int64_t asked = 0;
  bool allow_current = false;  // kDestroy

  // Nanoseconds of one steady clock: taken before the call was sent and after
  // it was answered, so that the call lies in between.
  int64_t start = 0;
  int64_t end = 0;

  Outcome outcome = Outcome::kUnknown;
  // kAdd, and what a kRead returned: the version's number.
  int64_t number = 0;
  // kAdd: what was written; no two operations of a history write the same.
  // kRead: what was returned, 0 if it is nothing that anybody has written.
  uint64_t value = 0;
  // kList: each version's state, the first version's first.
  std::string states;

  friend bool operator==(const Operation& a, const Operation& b) {
    return a.caller == b.caller && a.guest == b.guest && a.kind == b.kind &&
           a.asked == b.asked && a.allow_current == b.allow_current &&
           a.start == b.start && a.end == b.end && a.outcome == b.outcome &&
           a.number == b.number && a.value == b.value && a.states == b.states;
  }
};

// All operations on one secret, which at first has no version and no binding.
struct History {
  std::string secret;
  std::vector<Operation> operations;
};

// One line without its end, such as
//   `12 guest read asked=0 100..250 done number=3 value=1f`
std::string FormatOperation(const Operation& operation);

// What FormatOperation wrote. INVALID_ARGUMENT otherwise.
absl::StatusOr<Operation> ParseOperation(absl::string_view line);

// The text of a history: `secret NAME`, its operations, an empty line.
std::string FormatHistory(const History& history);

// The histories of a text. INVALID_ARGUMENT, with the number of the line, if it
// is no such text.
absl::StatusOr<std::vector<History>> ParseHistories(std::istream& in);

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_HISTORY_H_
