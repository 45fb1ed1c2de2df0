// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/change_call.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::policy_service {

absl::Status NotYetInForce(uint64_t revision) {
  return MakeError(
      absl::StatusCode::kUnavailable, kNotYetInForce,
      absl::StrCat("durable as revision ", revision,
                   ", not yet in force: it comes into force at a later moment "
                   "and is never withdrawn; a retry with the same request_id "
                   "answers once it is"),
      {{"revision", absl::StrCat(revision)}});
}

absl::Status WaitedForForce(uint64_t revision) {
  return MakeError(
      absl::StatusCode::kUnavailable, kPolicyUnavailable,
      absl::StrCat("an earlier change, revision ", revision,
                   ", is not in force yet; this one was not made"));
}

absl::Status TooLate() {
  return MakeError(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                   "the deadline passed before policy could take the change "
                   "up; it was not made");
}

absl::Status TooBusy() {
  return WithRetryAfter(
      MakeError(absl::StatusCode::kUnavailable, kPolicyUnavailable,
                "too many policy changes are waiting; this one was not made"),
      absl::Seconds(1));
}

absl::Status ChangeUnknown() {
  return MakeError(absl::StatusCode::kUnavailable, kOutcomeUnknown,
                   "the change may or may not have been made; repeat it with "
                   "the same request_id to learn");
}

absl::Status ChangeBarred() {
  return MakeError(absl::StatusCode::kUnavailable, kIntentBarred,
                   "the change was given up before it arrived; try again");
}

absl::Status StaleDecision() {
  return absl::FailedPreconditionError(
      "decided under another revision than the newest one");
}

}  // namespace keyward::policy_service
