// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_size.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::policy_service {
namespace {

using policy::PolicyState;

constexpr absl::string_view kSystem = "system";

struct Size {
  size_t entries = 0;
  size_t mentions = 0;
};

struct Sizes {
  Size whole;
  Size projects;  // The entries of all projects.
  Size parent;    // Those of one parent.
};

Sizes Measure(const PolicyState& state, absl::string_view parent) {
  Sizes sizes;
  sizes.whole.entries = state.projects().size();
  const auto count = [&](const std::string& name, int mentions) {
    const absl::string_view owner = policy::ParentOf(name);
    const auto add = [mentions](Size* size) {
      ++size->entries;
      size->mentions += static_cast<size_t>(mentions);
    };
    add(&sizes.whole);
    if (owner != kSystem) add(&sizes.projects);
    if (owner == parent) add(&sizes.parent);
  };
  for (const auto& [name, role] : state.roles()) count(name, 0);
  for (const auto& [name, binding] : state.bindings()) {
    count(name, binding->principals_size());
  }
  for (const auto& [name, rule] : state.deny_rules()) {
    count(name, rule->principals_size() + rule->credential_ids_size());
  }
  return sizes;
}

absl::Status CheckOne(const Size& before, const Size& after, const Size& bound,
                      absl::string_view what) {
  const bool fits =
      after.entries <= bound.entries || after.entries <= before.entries;
  const bool names_few =
      after.mentions <= bound.mentions || after.mentions <= before.mentions;
  if (fits && names_few) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted, kQuotaExceeded,
      absl::StrCat(what, " would exceed ", bound.entries, " entries or ",
                   bound.mentions, " named principals and credentials"));
}

}  // namespace

absl::Status CheckPolicySize(const PolicyState& before,
                             const PolicyState& after,
                             absl::string_view parent) {
  constexpr Size kWhole = {policy::kMaxPolicyEntries, kMaxPolicyMentions};
  constexpr Size kProject = {kMaxProjectEntries, kMaxProjectMentions};
  constexpr Size kProjects = {kWhole.entries - kSystemEntries,
                              kWhole.mentions - kSystemMentions};
  const Sizes old = Measure(before, parent);
  const Sizes now = Measure(after, parent);
  absl::Status status =
      CheckOne(old.whole, now.whole, kWhole, "the policy as a whole");
  if (!status.ok() || parent == kSystem) return status;
  status = CheckOne(old.parent, now.parent, kProject, "the project's policy");
  if (!status.ok()) return status;
  return CheckOne(old.projects, now.projects, kProjects,
                  "the policies of all projects together");
}

}  // namespace keyward::policy_service
