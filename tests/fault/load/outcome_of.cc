// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/outcome_of.h"

#include <string>

#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::fault {
namespace {

// What the refusal by a version's state is; kUnknown if it is none.
Outcome OfPrecondition(const std::string& reason) {
  if (reason == kVersionDisabled) return Outcome::kDisabled;
  if (reason == kVersionDestroyed) return Outcome::kDestroyed;
  if (reason == kVersionCurrent) return Outcome::kCurrent;
  return Outcome::kUnknown;
}

// Of a status with a reason of Keyward's; kUnknown if it tells nothing.
Outcome OfReason(absl::StatusCode code, const std::string& reason) {
  switch (code) {
    case absl::StatusCode::kPermissionDenied:
      return Outcome::kDenied;
    case absl::StatusCode::kNotFound:
      return Outcome::kNotFound;
    case absl::StatusCode::kFailedPrecondition:
      return OfPrecondition(reason);
    case absl::StatusCode::kResourceExhausted:
      return Outcome::kRefused;
    case absl::StatusCode::kUnavailable:
      return reason == kOutcomeUnknown || reason == kNotYetInForce
                 ? Outcome::kUnknown
                 : Outcome::kRefused;
    case absl::StatusCode::kDeadlineExceeded:
      return reason == kDeadlineTooShort ? Outcome::kRefused
                                         : Outcome::kUnknown;
    default:
      return Outcome::kUnknown;
  }
}

// Whether the contracts have an answer of unknown outcome like this one.
bool MayBeUnknown(absl::StatusCode code, const std::string& reason) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return reason.empty();
    default:
      return false;
  }
}

}  // namespace

Outcome OutcomeOf(const absl::Status& status, bool changes, std::string* odd) {
  if (status.ok()) return Outcome::kDone;
  const std::string reason = ErrorReason(status);
  if (!reason.empty()) {
    const Outcome outcome = OfReason(status.code(), reason);
    if (outcome != Outcome::kUnknown) return outcome;
  }
  // A read has no outcome that could be unknown.
  const bool foreseen =
      MayBeUnknown(status.code(), reason) && (changes || reason.empty());
  if (!foreseen) *odd = status.ToString();
  return changes ? Outcome::kUnknown : Outcome::kRefused;
}

}  // namespace keyward::fault
