// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_ACTIONS_H_
#define KEYWARD_LIBS_POLICY_ACTIONS_H_

#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/protobuf/descriptor.h"

namespace keyward::policy {

// A set of actions, as bits by their number in one catalog. Sets of different
// catalogs mean nothing to each other.
inline constexpr size_t kMaxActions = 128;
using ActionSet = std::bitset<kMaxActions>;

// The closed list of actions: those that the contracts' access options name,
// and no others. A role or rule that names an action outside the list is
// refused, since a misspelt action in a deny rule would refuse nothing.
//
// An action is `KIND.VERB`, such as `secrets.access`. Its kind is all before
// the last dot; the pattern `secrets.*` stands for every action of a kind,
// those that later releases add included.
//
// Immutable; safe for concurrent use.
class ActionCatalog {
 public:
  // Collects the actions of every method of `services` (public contracts).
  // Checks of KIND_SELF need no action. INVALID_ARGUMENT, naming the method,
  // if a method has no access option or a check names a malformed action: a
  // contract that cannot be authorized must not be served.
  // RESOURCE_EXHAUSTED above kMaxActions.
  static absl::StatusOr<std::shared_ptr<const ActionCatalog>> FromServices(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // The number of a known action; absent for any other text, patterns
  // included.
  absl::optional<size_t> Find(absl::string_view action) const;

  // OK if `pattern` is a known action or `KIND.*` of a known kind;
  // INVALID_ARGUMENT about `field` otherwise.
  absl::Status ValidatePattern(absl::string_view pattern,
                               absl::string_view field) const;

  // The actions that a pattern stands for: one, a kind's, or all for `*`. The
  // empty set for what is not known: in a binding it gives nothing.
  ActionSet Expand(absl::string_view pattern) const;

  // Every action, sorted; an action's place is its number.
  const std::vector<std::string>& actions() const { return actions_; }

 private:
  explicit ActionCatalog(std::vector<std::string> sorted_actions);

  std::vector<std::string> actions_;
  absl::flat_hash_map<std::string, size_t> numbers_;
  absl::flat_hash_map<std::string, ActionSet> kinds_;
};

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_ACTIONS_H_
