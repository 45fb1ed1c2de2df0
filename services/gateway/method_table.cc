// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/method_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/field_mask.pb.h"

namespace keyward::gateway {
namespace {

using access::v1::AccessCheck;
using access::v1::AccessRule;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

absl::Status Refuse(const MethodDescriptor* method, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("method ", method->full_name(), ": ", why));
}

// The gateway answers these itself: from the snapshot that is in force, which
// is the one that decides.
bool AnsweredFromSnapshot(const MethodDescriptor* method) {
  return method->name() == "ExplainAccess" ||
         method->name() == "TestPermissions" ||
         method->name() == "GetCallerIdentity";
}

absl::StatusOr<MethodOwner> OwnerOf(const MethodDescriptor* method) {
  const std::string& package = method->file()->package();
  if (package == "keyward.secrets.v1" || package == "keyward.keys.v1") {
    return MethodOwner::kStore;
  }
  if (package == "keyward.policy.v1") {
    return AnsweredFromSnapshot(method) ? MethodOwner::kGateway
                                        : MethodOwner::kPolicy;
  }
  if (package == "keyward.audit.v1") return MethodOwner::kAudit;
  if (package == "keyward.operators.v1") return MethodOwner::kGateway;
  return Refuse(method, absl::StrCat("no service owns package ", package));
}

bool IsString(const FieldPath& path, bool repeated) {
  return path.field()->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
         path.field()->is_repeated() == repeated;
}

// Compiles `text` unless it is empty, and requires a string there.
absl::Status CompileString(const Descriptor* type, const std::string& text,
                           bool repeated, FieldPath* out) {
  if (text.empty()) return absl::OkStatus();
  absl::StatusOr<FieldPath> path = FieldPath::Compile(type, text);
  if (!path.ok()) return path.status();
  if (!IsString(*path, repeated)) {
    return absl::InvalidArgumentError(
        absl::StrCat("field path ", text, " is no ",
                     repeated ? "list of strings" : "string"));
  }
  *out = *std::move(path);
  return absl::OkStatus();
}

// Which parts of a check each kind must have and must not have.
absl::Status CheckShape(const AccessCheck& check) {
  using access::v1::KIND_COLLECTION;
  using access::v1::KIND_NAME;
  using access::v1::KIND_PARENT;
  using access::v1::KIND_REPEATED;
  using access::v1::KIND_SELF;
  using access::v1::KIND_UNSPECIFIED;
  const access::v1::Kind kind = check.kind();
  if (kind == KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("a check has no kind");
  }
  if (check.action().empty() != (kind == KIND_SELF)) {
    return absl::InvalidArgumentError(
        "exactly the checks that are not SELF name an action");
  }
  if ((kind == KIND_NAME || kind == KIND_REPEATED) &&
      check.resource().empty()) {
    return absl::InvalidArgumentError("a check names no resource field");
  }
  if ((kind == KIND_PARENT) != !check.child_id().empty() ||
      check.child_id().empty() != check.child_collection().empty()) {
    return absl::InvalidArgumentError(
        "exactly PARENT checks name the child's id and collection");
  }
  if ((kind == KIND_COLLECTION) != !check.response_items().empty()) {
    return absl::InvalidArgumentError(
        "exactly COLLECTION checks name the response's items");
  }
  return absl::OkStatus();
}

absl::Status CompileCheck(const MethodDescriptor* method,
                          const AccessCheck& check, MethodRule* rule) {
  if (absl::Status shape = CheckShape(check); !shape.ok()) return shape;
  const Descriptor* request = method->input_type();
  CompiledCheck compiled;
  compiled.action = check.action();
  compiled.kind = check.kind();
  compiled.child_collection = check.child_collection();
  const bool repeated = check.kind() == access::v1::KIND_REPEATED;
  absl::Status status =
      CompileString(request, check.resource(), repeated, &compiled.resource);
  if (status.ok()) {
    status =
        CompileString(request, check.child_id(), false, &compiled.child_id);
  }
  if (!status.ok()) return status;
  if (!check.when_set().empty()) {
    absl::StatusOr<FieldPath> path =
        FieldPath::Compile(request, check.when_set());
    if (!path.ok()) return path.status();
    compiled.when_set = *std::move(path);
  }
  if (!check.response_items().empty()) {
    absl::StatusOr<FieldPath> items =
        FieldPath::Compile(method->output_type(), check.response_items());
    if (!items.ok()) return items.status();
    if (items->field()->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        items->field()->message_type()->FindFieldByName("name") == nullptr) {
      return absl::InvalidArgumentError("the items have no field `name`");
    }
    rule->items = *std::move(items);
  }
  if (repeated) rule->names = compiled.resource;
  rule->checks.push_back(std::move(compiled));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<MethodRule>> Compile(
    const MethodDescriptor* method) {
  if (!method->options().HasExtension(access::v1::access)) {
    return Refuse(method, "has no access option");
  }
  const AccessRule& option = method->options().GetExtension(access::v1::access);
  auto rule = std::make_unique<MethodRule>();
  rule->method = method;
  rule->name = method->full_name();
  rule->not_implemented = option.not_implemented();
  absl::StatusOr<MethodOwner> owner = OwnerOf(method);
  if (!owner.ok()) return owner.status();
  rule->owner = *owner;
  if (option.effect() == access::v1::EFFECT_UNSPECIFIED) {
    return Refuse(method, "has no effect");
  }
  rule->change = option.effect() == access::v1::EFFECT_CHANGE;
  if (option.checks().empty()) return Refuse(method, "has no check");
  for (const AccessCheck& check : option.checks()) {
    absl::Status status = CompileCheck(method, check, rule.get());
    if (!status.ok()) return Refuse(method, status.message());
  }
  // A check that never applies alone is no check: the first one always does.
  if (!rule->checks[0].when_set.empty()) {
    return Refuse(method, "its first check is conditional");
  }
  const bool repeated = rule->checks[0].kind == access::v1::KIND_REPEATED;
  if (repeated != !option.element_method().empty() ||
      (repeated && (rule->checks.size() != 1 || rule->change))) {
    return Refuse(method,
                  "exactly a read with one REPEATED check has an "
                  "element_method");
  }
  if (method->client_streaming() ||
      (method->server_streaming() && rule->change)) {
    return Refuse(method, "a stream may only be a read from the server");
  }
  return rule;
}

// Whether `mask` names the field at `path` ("secret.key"), which masks write
// relative to the resource ("key").
bool MaskNames(const Message& request, const FieldPath& path) {
  const FieldDescriptor* field =
      request.GetDescriptor()->FindFieldByName("update_mask");
  if (field == nullptr || field->message_type() == nullptr ||
      field->message_type()->full_name() != "google.protobuf.FieldMask") {
    return false;
  }
  const auto& mask = static_cast<const FieldMask&>(
      request.GetReflection()->GetMessage(request, field));
  absl::string_view relative = path.text();
  const size_t dot = relative.find('.');
  if (dot != absl::string_view::npos) relative.remove_prefix(dot + 1);
  for (const std::string& named : mask.paths()) {
    if (named == "*" || named == path.text() || named == relative) return true;
  }
  return false;
}

absl::StatusOr<Target> ResolveCheck(const CompiledCheck& check,
                                    const Message& request) {
  Target target;
  target.action = check.action;
  target.kind = check.kind;
  if (!check.resource.empty()) {
    absl::StatusOr<ResourceName> name = ResourceName::Parse(
        check.resource.GetString(request), check.resource.text());
    if (!name.ok()) return name.status();
    target.resource = *std::move(name);
  }
  if (check.kind == access::v1::KIND_PARENT) {
    absl::StatusOr<ResourceName> child = target.resource.Child(
        check.child_collection, check.child_id.GetString(request),
        check.child_id.text());
    if (!child.ok()) return child.status();
    target.resource = *std::move(child);
  }
  return target;
}

}  // namespace

absl::StatusOr<std::vector<Target>> MethodRule::Resolve(
    const Message& request) const {
  std::vector<Target> targets;
  targets.reserve(checks.size());
  for (const CompiledCheck& check : checks) {
    if (!check.when_set.empty() && !check.when_set.IsSet(request) &&
        !MaskNames(request, check.when_set)) {
      continue;
    }
    absl::StatusOr<Target> target = ResolveCheck(check, request);
    if (!target.ok()) return target.status();
    targets.push_back(*std::move(target));
  }
  return targets;
}

absl::StatusOr<std::unique_ptr<MethodTable>> MethodTable::Create(
    const std::vector<const ServiceDescriptor*>& services) {
  std::unique_ptr<MethodTable> table(new MethodTable());
  absl::flat_hash_map<std::string, const MethodRule*> by_name;
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      absl::StatusOr<std::unique_ptr<MethodRule>> rule = Compile(method);
      if (!rule.ok()) return rule.status();
      by_name[method->full_name()] = rule->get();
      table->rules_[method] = *std::move(rule);
    }
  }
  for (auto& [method, rule] : table->rules_) {
    const std::string& element =
        method->options().GetExtension(access::v1::access).element_method();
    if (element.empty()) continue;
    auto found = by_name.find(element);
    if (found == by_name.end() || found->second->change ||
        found->second->checks.size() != 1 ||
        found->second->checks[0].kind != access::v1::KIND_NAME ||
        found->second->checks[0].action != rule->checks[0].action) {
      return Refuse(method, absl::StrCat("its element_method ", element,
                                         " is no read of one name with the "
                                         "same action"));
    }
    rule->element = found->second;
  }
  return table;
}

const MethodRule* MethodTable::Find(const MethodDescriptor* method) const {
  auto found = rules_.find(method);
  return found == rules_.end() ? nullptr : found->second.get();
}

std::vector<std::string> MethodTable::Actions() const {
  std::set<std::string> actions;
  for (const auto& [method, rule] : rules_) {
    for (const CompiledCheck& check : rule->checks) {
      if (!check.action.empty()) actions.insert(check.action);
    }
  }
  return {actions.begin(), actions.end()};
}

}  // namespace keyward::gateway
