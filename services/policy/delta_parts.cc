// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/delta_parts.h"

#include <utility>

namespace keyward::policy_service {
namespace {

using policy::PolicyDelta;
using policy::PolicyEntry;

// What a part holds beside its contents, and an element's tag and length.
constexpr size_t kPartHeaderBytes = 16;
constexpr size_t kElementHeaderBytes = 6;

}  // namespace

std::vector<PolicyDelta> SplitDelta(const PolicyDelta& delta,
                                    size_t max_bytes) {
  std::vector<PolicyDelta> parts(1);
  parts[0].set_revision(delta.revision());
  size_t bytes = kPartHeaderBytes;
  const auto make_room = [&](size_t size) {
    const bool empty =
        parts.back().entries().empty() && parts.back().removed().empty();
    if (!empty && bytes + size > max_bytes) {
      parts.emplace_back().set_revision(delta.revision());
      bytes = kPartHeaderBytes;
    }
    bytes += size;
  };
  for (const std::string& name : delta.removed()) {
    make_room(name.size() + kElementHeaderBytes);
    parts.back().add_removed(name);
  }
  for (const PolicyEntry& entry : delta.entries()) {
    make_room(entry.ByteSizeLong() + kElementHeaderBytes);
    *parts.back().add_entries() = entry;
  }
  return parts;
}

std::set<std::string> TouchedParents(const PolicyDelta& delta) {
  std::set<std::string> parents;
  for (const PolicyEntry& entry : delta.entries()) {
    const absl::string_view name = EntryName(entry);
    parents.emplace(entry.has_project() ? name : policy::ParentOf(name));
  }
  for (const std::string& name : delta.removed()) {
    parents.emplace(policy::ParentOf(name));
  }
  return parents;
}

absl::string_view EntryName(const PolicyEntry& entry) {
  switch (entry.entry_case()) {
    case PolicyEntry::kProject:
      return entry.project().name();
    case PolicyEntry::kRole:
      return entry.role().name();
    case PolicyEntry::kBinding:
      return entry.binding().name();
    case PolicyEntry::kDenyRule:
      return entry.deny_rule().name();
    case PolicyEntry::ENTRY_NOT_SET:
      return {};
  }
  return {};
}

}  // namespace keyward::policy_service
