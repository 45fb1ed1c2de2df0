// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_PARENT_ETAG_H_
#define KEYWARD_SERVICES_POLICY_PARENT_ETAG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

// The etag of the entries of `parent` as a whole: the first 8 bytes of SHA-256
// over the parent's uid (the project's; "system" for system) and the revision
// of their last change, base64url. Pure functions.
std::string ParentEtag(const DurablePolicy& policy, const std::string& parent);

// OK if `etag` is empty (no precondition) or the present one. INVALID_ARGUMENT
// about `etag` for what cannot be an etag; ABORTED with the reason
// ETAG_MISMATCH for another one: read again.
absl::Status CheckParentEtag(absl::string_view etag, absl::string_view present);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_PARENT_ETAG_H_
