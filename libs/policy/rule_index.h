// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_RULE_INDEX_H_
#define KEYWARD_LIBS_POLICY_RULE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/actions.h"
#include "libs/policy/scope.h"

namespace keyward::policy {

// One binding or deny rule as one principal meets it.
struct IndexedRule {
  ActionSet actions;
  absl::Time expire_time = absl::InfiniteFuture();
  // Of the binding or deny rule, and of the binding's role. They point into
  // the policy state, which must outlive the index.
  absl::string_view name;
  absl::string_view role;
};

// The rules of one principal, credential or everyone, by scope.
//
// Looking up costs one hash look-up for each ancestor of the resource and one
// binary search among prefixes, whatever the number of rules: within a scope a
// rule that could never be the one to decide is not kept for look-ups, so at
// most one rule for each action is left.
//
// Filled by Add and then Build, from one thread; safe for concurrent use
// afterwards.
class RuleIndex {
 public:
  RuleIndex() = default;
  // Look-ups hold views of the nodes, which a move keeps and a copy would not.
  RuleIndex(RuleIndex&&) = default;
  RuleIndex& operator=(RuleIndex&&) = default;
  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  void Add(Scope scope, IndexedRule rule);

  // Once, after the last Add and before the first look-up.
  void Build();

  // The rule that decides about `action` on `resource`, in the order that
  // PolicySnapshot gives; null if none holds at `now`.
  const IndexedRule* Find(size_t action, const ResourceName& resource,
                          absl::Time now) const;

  // Calls visit(scope, rule) for every rule, in the order of scopes, until it
  // answers false. A rule that was dropped from look-ups is visited too.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (const Node& node : nodes_) {
      for (const IndexedRule& rule : node.rules) {
        if (!visit(node.scope, rule)) return;
      }
    }
  }

  bool empty() const { return nodes_.empty(); }

 private:
  struct Node {
    Scope scope;
    std::vector<IndexedRule> rules;  // all of them
    std::vector<size_t> deciding;    // into `rules`: those kept
    // For a prefix: the longest other prefix that it begins with; -1 if none.
    int parent = -1;
  };

  void LinkPrefixes();
  static const IndexedRule* FindIn(const Node& node, size_t action,
                                   absl::Time now);

  // Sorted by (is_prefix, text); one for each scope.
  std::vector<Node> nodes_;
  // Places in nodes_, of scopes that are no prefixes. Views of nodes_' texts.
  absl::flat_hash_map<absl::string_view, size_t> exact_;
  // Where in nodes_ the prefixes begin.
  size_t first_prefix_ = 0;
};

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_RULE_INDEX_H_
