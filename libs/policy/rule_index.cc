// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/rule_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"

namespace keyward::policy {
namespace {

// The resource's name, then the names of its ancestors below `system`: what is
// left after an even number of segments. Calls visit(name) until it answers
// true; true if one did.
template <typename Visitor>
bool AnyAncestor(absl::string_view name, Visitor visit) {
  while (!name.empty()) {
    if (visit(name)) return true;
    const size_t id = name.rfind('/');
    if (id == absl::string_view::npos) return false;
    const size_t collection = name.rfind('/', id - 1);
    if (collection == absl::string_view::npos) return false;
    name = name.substr(0, collection);
  }
  return false;
}

constexpr absl::string_view kSystem = "system";

}  // namespace

void RuleIndex::Add(Scope scope, IndexedRule rule) {
  nodes_.push_back(Node{std::move(scope), {std::move(rule)}, {}, -1});
}

void RuleIndex::Build() {
  const auto key = [](const Node& node) {
    return std::tuple<bool, absl::string_view>(node.scope.is_prefix(),
                                               node.scope.text());
  };
  std::stable_sort(
      nodes_.begin(), nodes_.end(),
      [&key](const Node& a, const Node& b) { return key(a) < key(b); });

  std::vector<Node> merged;
  for (Node& node : nodes_) {
    if (!merged.empty() && key(merged.back()) == key(node)) {
      merged.back().rules.push_back(std::move(node.rules.front()));
    } else {
      merged.push_back(std::move(node));
    }
  }
  nodes_ = std::move(merged);

  for (Node& node : nodes_) {
    std::sort(node.rules.begin(), node.rules.end(),
              [](const IndexedRule& a, const IndexedRule& b) {
                if (a.expire_time != b.expire_time) {
                  return a.expire_time > b.expire_time;
                }
                return a.name < b.name;
              });
    // Whenever a later rule holds, all before it do: it can only decide about
    // actions that none of them has.
    ActionSet covered;
    for (size_t i = 0; i < node.rules.size(); ++i) {
      if ((node.rules[i].actions & ~covered).none()) continue;
      covered |= node.rules[i].actions;
      node.deciding.push_back(i);
    }
  }

  first_prefix_ = 0;
  while (first_prefix_ < nodes_.size() &&
         !nodes_[first_prefix_].scope.is_prefix()) {
    exact_[nodes_[first_prefix_].scope.text()] = first_prefix_;
    ++first_prefix_;
  }
  LinkPrefixes();
}

void RuleIndex::LinkPrefixes() {
  // In sorted order a prefix stands right behind those that it begins with,
  // and others that begin with them.
  std::vector<int> open;
  for (size_t i = first_prefix_; i < nodes_.size(); ++i) {
    const absl::string_view text = nodes_[i].scope.text();
    while (!open.empty() &&
           !absl::StartsWith(text, nodes_[open.back()].scope.text())) {
      open.pop_back();
    }
    nodes_[i].parent = open.empty() ? -1 : open.back();
    open.push_back(static_cast<int>(i));
  }
}

const IndexedRule* RuleIndex::FindIn(const Node& node, size_t action,
                                     absl::Time now) {
  for (const size_t i : node.deciding) {
    const IndexedRule& rule = node.rules[i];
    // Those behind it end no later.
    if (rule.expire_time <= now) return nullptr;
    if (rule.actions.test(action)) return &rule;
  }
  return nullptr;
}

const IndexedRule* RuleIndex::Find(size_t action, const ResourceName& resource,
                                   absl::Time now) const {
  const absl::string_view name = resource.ToString();
  const IndexedRule* found = nullptr;
  const auto look_up = [&](absl::string_view ancestor) {
    const auto node = exact_.find(ancestor);
    if (node == exact_.end()) return false;
    found = FindIn(nodes_[node->second], action, now);
    return found != nullptr;
  };
  if (!exact_.empty() &&
      (AnyAncestor(name, look_up) || (name != kSystem && look_up(kSystem)))) {
    return found;
  }
  // The greatest prefix that is not behind the name: if any prefix fits, this
  // one begins with it, or is it, since everything that sorts between a string
  // and a longer one that begins with it begins with it too.
  const auto after =
      std::upper_bound(nodes_.begin() + first_prefix_, nodes_.end(), name,
                       [](absl::string_view text, const Node& node) {
                         return text < absl::string_view(node.scope.text());
                       });
  for (int i = static_cast<int>(after - nodes_.begin()) - 1;
       i >= static_cast<int>(first_prefix_); i = nodes_[i].parent) {
    if (!absl::StartsWith(name, nodes_[i].scope.text())) continue;
    found = FindIn(nodes_[i], action, now);
    if (found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace keyward::policy
