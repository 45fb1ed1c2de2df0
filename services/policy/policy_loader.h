// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_POLICY_LOADER_H_
#define KEYWARD_SERVICES_POLICY_POLICY_LOADER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/kv/kv.h"
#include "services/policy/durable_policy.h"

namespace keyward::policy_service {

struct LoadedPolicy {
  DurablePolicy policy;
  // Of the whole snapshot that it begins with; 0 in a new folder.
  uint64_t snapshot_revision = 0;
};

// The newest durable policy: the last whole snapshot and the changes after it,
// up to the head. Revision 0 if the folder is new. DATA_LOSS if anything that
// the head promises is missing or damaged, since a policy that lacks one deny
// rule is another policy; FAILED_PRECONDITION if a newer release wrote it;
// UNAVAILABLE.
absl::StatusOr<LoadedPolicy> LoadPolicy(const kv::KeyValueReader& kv);

// UNAVAILABLE with the reason POLICY_UNAVAILABLE.
absl::Status StateUnavailable(absl::string_view why);

// The same, for what the state layer said: no caller is told `cause`.
absl::Status StateFailed(absl::string_view cause);

// An error of the state layer as policy's callers see it: damage as it is,
// anything else is its absence.
absl::Status ReadError(const absl::Status& status);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_POLICY_LOADER_H_
