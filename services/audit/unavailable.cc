// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/unavailable.h"

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::audit_service {

absl::Status AuditUnavailable(absl::string_view why) {
  return MakeError(absl::StatusCode::kUnavailable, kAuditUnavailable,
                   absl::StrCat("the audit log is unavailable: ", why));
}

absl::Status AuditFailed(absl::string_view cause) {
  return MakeErrorWithCause(absl::StatusCode::kUnavailable, kAuditUnavailable,
                            "the audit log is unavailable", cause);
}

absl::Status AuditUnknown(absl::string_view why) {
  return MakeError(
      absl::StatusCode::kUnavailable, kOutcomeUnknown,
      absl::StrCat("the audit record may or may not be durable: ", why));
}

}  // namespace keyward::audit_service
