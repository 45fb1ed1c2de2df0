// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_UNAVAILABLE_H_
#define KEYWARD_SERVICES_AUDIT_UNAVAILABLE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::audit_service {

// UNAVAILABLE, reason AUDIT_UNAVAILABLE: nothing was appended, and the call
// that wanted it must be refused.
absl::Status AuditUnavailable(absl::string_view why);

// The same, for what the disk or the state layer said: no caller is told
// `cause`.
absl::Status AuditFailed(absl::string_view cause);

// UNAVAILABLE, reason OUTCOME_UNKNOWN: the record may be in the log.
absl::Status AuditUnknown(absl::string_view why);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_UNAVAILABLE_H_
