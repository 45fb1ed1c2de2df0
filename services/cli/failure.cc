// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/failure.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/cli/printable.h"

namespace keyward::cli {
namespace {

// Local to the process: these never come from a server, whose payloads are
// named by type URLs.
constexpr char kUsagePayload[] = "keyward.cli/usage";
constexpr char kHintPayload[] = "keyward.cli/hint";
constexpr char kNegativePayload[] = "keyward.cli/negative";

struct ReasonHint {
  const char* reason;
  const char* hint;
};

constexpr ReasonHint kReasonHints[] = {
    {kPermissionDenied,
     "`keyward auth whoami` shows who you are and what you hold"},
    {kEtagMismatch, "it was changed meanwhile; look at it again, then repeat"},
    {kSecretDeleted, "`keyward secret undelete` brings it back"},
    {kDeletionProtected,
     "`keyward secret update NAME --no-deletion-protection` allows it"},
    {kVersionDisabled, "`keyward secret enable` makes it readable again"},
    {kSecretExpired,
     "`keyward secret update NAME --ttl` or --no-expiry makes it readable "
     "again"},
    {kOutcomeUnknown,
     "the change may or may not have been made; look before you repeat it"},
    {kNotYetInForce,
     "the change is durable and comes into force once every service is "
     "reachable; repeat the command to wait for that"},
    {kPositionCompacted, "list again and watch from now on"},
    {kPositionForeign,
     "the installation was restored; list again and watch from now on"},
    {kRoleInUse, "remove the bindings that name the role in the same apply"},
    {kLastAdministrator,
     "bind another administrator of `system` first; `keyward operator "
     "recover-admin` is the way back when there is none"},
};

absl::string_view HintForCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return "check KEYWARD_CERT and KEYWARD_KEY, or the token; `keyward "
             "identity issue NAME` makes a new development identity";
    case absl::StatusCode::kUnavailable:
      return "is the gateway running, and is it the one that KEYWARD_ADDR and "
             "KEYWARD_CA name?";
    case absl::StatusCode::kDeadlineExceeded:
      return "--timeout gives it more time, up to 60s";
    default:
      return "";
  }
}

std::string HintFor(const absl::Status& status) {
  const absl::optional<absl::Cord> given = status.GetPayload(kHintPayload);
  if (given.has_value()) return std::string(*given);
  if (status.GetPayload(kUsagePayload).has_value()) {
    return "--help shows how the command is used";
  }
  const std::string reason = ErrorReason(status);
  for (const ReasonHint& candidate : kReasonHints) {
    if (reason == candidate.reason) return candidate.hint;
  }
  const absl::optional<absl::Duration> delay = RetryAfter(status);
  if (delay.has_value()) {
    return absl::StrCat("try again in ", absl::FormatDuration(*delay));
  }
  // A service's own reason says more than the code.
  const bool transport =
      reason.empty() || status.code() != absl::StatusCode::kUnavailable;
  return transport ? std::string(HintForCode(status.code())) : "";
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

absl::Status WithHint(absl::Status error, absl::string_view hint) {
  if (!error.ok()) error.SetPayload(kHintPayload, absl::Cord(hint));
  return error;
}

absl::Status NegativeResult() {
  absl::Status status = absl::FailedPreconditionError("no");
  status.SetPayload(kNegativePayload, absl::Cord());
  return status;
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return kExitDone;
  return status.GetPayload(kUsagePayload).has_value() ? kExitUsage
                                                      : kExitFailed;
}

std::string FailureText(const absl::Status& status) {
  if (status.ok() || status.GetPayload(kNegativePayload).has_value()) return "";
  std::string text = "keyward: ";
  if (status.GetPayload(kUsagePayload).has_value()) {
    absl::StrAppend(&text, "usage");
  } else {
    absl::StrAppend(&text, absl::StatusCodeToString(status.code()));
    const std::string reason = ErrorReason(status);
    if (!reason.empty()) absl::StrAppend(&text, " (", Printable(reason), ")");
  }
  absl::StrAppend(&text, ": ", Printable(status.message()), "\n");
  const std::string hint = HintFor(status);
  if (!hint.empty()) absl::StrAppend(&text, "hint: ", Printable(hint), "\n");
  return text;
}

}  // namespace keyward::cli
