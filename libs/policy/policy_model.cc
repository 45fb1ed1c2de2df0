// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/policy_model.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace keyward::policy {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <typename T>
const T* FindIn(const EntryMap<T>& map, absl::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : found->second.get();
}

template <typename T>
void PutIn(EntryMap<T>* map, T* entry) {
  std::string name = entry->name();
  (*map)[std::move(name)] = std::make_shared<const T>(std::move(*entry));
}

template <typename T>
bool RemoveFrom(EntryMap<T>* map, absl::string_view name) {
  const auto found = map->find(name);
  if (found == map->end()) return false;
  map->erase(found);
  return true;
}

absl::Status NotUnderstood() {
  return absl::FailedPreconditionError(
      "the policy holds something that this release does not understand");
}

}  // namespace

size_t PolicyState::size() const {
  return projects_.size() + roles_.size() + bindings_.size() +
         deny_rules_.size();
}

const v1::Project* PolicyState::FindProject(absl::string_view name) const {
  return FindIn(projects_, name);
}
const v1::Role* PolicyState::FindRole(absl::string_view name) const {
  return FindIn(roles_, name);
}
const v1::Binding* PolicyState::FindBinding(absl::string_view name) const {
  return FindIn(bindings_, name);
}
const v1::DenyRule* PolicyState::FindDenyRule(absl::string_view name) const {
  return FindIn(deny_rules_, name);
}

absl::Status PolicyState::Put(PolicyEntry entry) {
  if (HasUnknownFields(entry)) return NotUnderstood();
  switch (entry.entry_case()) {
    case PolicyEntry::kProject:
      PutIn(&projects_, entry.mutable_project());
      return absl::OkStatus();
    case PolicyEntry::kRole:
      PutIn(&roles_, entry.mutable_role());
      return absl::OkStatus();
    case PolicyEntry::kBinding:
      PutIn(&bindings_, entry.mutable_binding());
      return absl::OkStatus();
    case PolicyEntry::kDenyRule:
      PutIn(&deny_rules_, entry.mutable_deny_rule());
      return absl::OkStatus();
    case PolicyEntry::ENTRY_NOT_SET:
      return NotUnderstood();
  }
  return NotUnderstood();
}

bool PolicyState::Remove(absl::string_view name) {
  return RemoveFrom(&roles_, name) || RemoveFrom(&bindings_, name) ||
         RemoveFrom(&deny_rules_, name);
}

absl::Status PolicyState::Apply(const PolicyDelta& delta) {
  if (delta.revision() <= revision_) {
    return absl::FailedPreconditionError(
        absl::StrCat("revision ", delta.revision(),
                     " does not follow revision ", revision_));
  }
  if (HasUnknownFields(delta)) return NotUnderstood();
  for (const std::string& name : delta.removed()) Remove(name);
  for (const PolicyEntry& entry : delta.entries()) {
    absl::Status status = Put(entry);
    if (!status.ok()) return status;
  }
  revision_ = delta.revision();
  return absl::OkStatus();
}

std::vector<PolicyEntry> PolicyState::Entries() const {
  std::vector<PolicyEntry> entries;
  entries.reserve(size());
  for (const auto& [name, project] : projects_) {
    *entries.emplace_back().mutable_project() = *project;
  }
  for (const auto& [name, role] : roles_) {
    *entries.emplace_back().mutable_role() = *role;
  }
  for (const auto& [name, binding] : bindings_) {
    *entries.emplace_back().mutable_binding() = *binding;
  }
  for (const auto& [name, rule] : deny_rules_) {
    *entries.emplace_back().mutable_deny_rule() = *rule;
  }
  return entries;
}

absl::string_view ParentOf(absl::string_view entry_name) {
  constexpr absl::string_view kSystem = "system";
  if (absl::StartsWith(entry_name, "system/")) {
    return entry_name.substr(0, kSystem.size());
  }
  if (!absl::StartsWith(entry_name, "projects/")) return {};
  const size_t end = entry_name.find('/', sizeof("projects/") - 1);
  return end == absl::string_view::npos ? absl::string_view()
                                        : entry_name.substr(0, end);
}

bool HasUnknownFields(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace keyward::policy
