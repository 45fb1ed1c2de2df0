// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_DELTA_PARTS_H_
#define KEYWARD_SERVICES_POLICY_DELTA_PARTS_H_

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/policy/policy_model.h"

namespace keyward::policy_service {

// Pure functions on what one revision changes.

// The change cut into parts of at most `max_bytes` serialized, at least one.
// Merged in order they give the change again. An entry or a name longer than
// that has a part of its own.
std::vector<policy::PolicyDelta> SplitDelta(const policy::PolicyDelta& delta,
                                            size_t max_bytes);

// The parents whose entries the change touches; a project's own entry counts
// as its own parent's.
std::set<std::string> TouchedParents(const policy::PolicyDelta& delta);

// The name of an entry of any kind.
absl::string_view EntryName(const policy::PolicyEntry& entry);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_DELTA_PARTS_H_
