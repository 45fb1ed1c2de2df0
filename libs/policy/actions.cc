// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/actions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "proto/keyward/access/v1/access.pb.h"

namespace keyward::policy {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// An action longer than this could not stand in an audit record in full.
constexpr size_t kMaxActionBytes = 64;

absl::string_view KindOf(absl::string_view action) {
  return action.substr(0, action.rfind('.'));
}

bool IsAction(absl::string_view text) {
  const size_t dot = text.rfind('.');
  if (dot == absl::string_view::npos || dot == 0 || dot + 1 == text.size() ||
      text.size() > kMaxActionBytes) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalpha(c) || c == '.'; });
}

absl::Status Collect(const MethodDescriptor& method,
                     std::set<std::string>* actions) {
  if (!method.options().HasExtension(access::v1::access)) {
    return absl::InvalidArgumentError(
        absl::StrCat(method.full_name(), " has no access option"));
  }
  const access::v1::AccessRule& rule =
      method.options().GetExtension(access::v1::access);
  if (rule.checks().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(method.full_name(), " has no access check"));
  }
  for (const access::v1::AccessCheck& check : rule.checks()) {
    if (check.kind() == access::v1::KIND_SELF) continue;
    if (!IsAction(check.action())) {
      return absl::InvalidArgumentError(absl::StrCat(
          method.full_name(), " checks something that is no action"));
    }
    actions->insert(check.action());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ActionCatalog>>
ActionCatalog::FromServices(
    const std::vector<const ServiceDescriptor*>& services) {
  std::set<std::string> actions;
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      absl::Status status = Collect(*service->method(i), &actions);
      if (!status.ok()) return status;
    }
  }
  if (actions.size() > kMaxActions) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the contracts name more than ", kMaxActions, " actions"));
  }
  return std::shared_ptr<const ActionCatalog>(
      absl::WrapUnique(new ActionCatalog(
          std::vector<std::string>(actions.begin(), actions.end()))));
}

ActionCatalog::ActionCatalog(std::vector<std::string> sorted_actions)
    : actions_(std::move(sorted_actions)) {
  for (size_t i = 0; i < actions_.size(); ++i) {
    numbers_[actions_[i]] = i;
    kinds_[KindOf(actions_[i])].set(i);
  }
}

absl::optional<size_t> ActionCatalog::Find(absl::string_view action) const {
  const auto found = numbers_.find(action);
  if (found == numbers_.end()) return absl::nullopt;
  return found->second;
}

absl::Status ActionCatalog::ValidatePattern(absl::string_view pattern,
                                            absl::string_view field) const {
  if (pattern != "*" && Expand(pattern).any()) return absl::OkStatus();
  return FieldError(field,
                    "must be a known action such as 'secrets.access', or "
                    "'KIND.*' for all actions of a known kind");
}

ActionSet ActionCatalog::Expand(absl::string_view pattern) const {
  if (pattern == "*") {
    ActionSet all;
    for (size_t i = 0; i < actions_.size(); ++i) all.set(i);
    return all;
  }
  if (absl::EndsWith(pattern, ".*")) {
    const auto kind = kinds_.find(pattern.substr(0, pattern.size() - 2));
    return kind == kinds_.end() ? ActionSet() : kind->second;
  }
  ActionSet one;
  if (const absl::optional<size_t> number = Find(pattern)) one.set(*number);
  return one;
}

}  // namespace keyward::policy
