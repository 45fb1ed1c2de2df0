// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_POLICY_MODEL_H_
#define KEYWARD_LIBS_POLICY_POLICY_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/policy/v1/policy.pb.h"

namespace keyward::policy {

using PolicyEntry = keyward::internal::policy::v1::PolicyEntry;
using PolicyDelta = keyward::internal::policy::v1::PolicyDelta;

// Entries by their full name. Values are shared between revisions, so a copy
// of a state costs its pointers and not its contents.
template <typename T>
using EntryMap =
    absl::btree_map<std::string, std::shared_ptr<const T>, std::less<>>;

// Greatest number of entries of all parents together, deleted projects
// included. A gateway holds all of them compiled, about 1 KiB each. How they
// are shared is the policy service's to say (services/policy/policy_size.h).
inline constexpr size_t kMaxPolicyEntries = 200000;

// A whole policy at one revision: projects, and the roles, bindings and deny
// rules of all parents. Built-in roles are not in it.
//
// It holds what it is given: whoever makes a change validates the entries
// first (entry_validation.h, reference_check.h). An entry that it cannot
// understand in full it refuses, see Apply.
//
// A value type; cheap to copy; safe for concurrent use as a const object.
class PolicyState {
 public:
  // Revision 0: nothing is in it, so nothing is allowed.
  PolicyState() = default;

  uint64_t revision() const { return revision_; }
  void set_revision(uint64_t revision) { revision_ = revision; }

  const EntryMap<v1::Project>& projects() const { return projects_; }
  const EntryMap<v1::Role>& roles() const { return roles_; }
  const EntryMap<v1::Binding>& bindings() const { return bindings_; }
  const EntryMap<v1::DenyRule>& deny_rules() const { return deny_rules_; }

  // All entries together.
  size_t size() const;

  // By full name; null if there is none.
  const v1::Project* FindProject(absl::string_view name) const;
  const v1::Role* FindRole(absl::string_view name) const;
  const v1::Binding* FindBinding(absl::string_view name) const;
  const v1::DenyRule* FindDenyRule(absl::string_view name) const;

  // Adds or replaces one entry. FAILED_PRECONDITION if it is of a kind or has
  // a field that this release does not know: to read past an unknown condition
  // of a binding would be to grant more than was said.
  absl::Status Put(PolicyEntry entry);

  // Removes the role, binding or deny rule with this name; true if there was
  // one. Projects are never removed.
  bool Remove(absl::string_view name);

  // Brings the state to delta.revision, which must be greater than its own:
  // FAILED_PRECONDITION otherwise, and as Put. On an error the state is
  // between two revisions and must be thrown away.
  absl::Status Apply(const PolicyDelta& delta);

  // Every entry: projects, roles, bindings, deny rules, each by name.
  std::vector<PolicyEntry> Entries() const;

 private:
  uint64_t revision_ = 0;
  EntryMap<v1::Project> projects_;
  EntryMap<v1::Role> roles_;
  EntryMap<v1::Binding> bindings_;
  EntryMap<v1::DenyRule> deny_rules_;
};

// `system` or `projects/P`: whose entry this name is. Empty for names of
// nothing of the kind, built-in roles included.
absl::string_view ParentOf(absl::string_view entry_name);

// True if `message`, or a message in it, holds fields that this release does
// not know.
bool HasUnknownFields(const google::protobuf::Message& message);

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_POLICY_MODEL_H_
