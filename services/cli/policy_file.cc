// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/policy_file.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/proto_time.h"
#include "libs/config/yaml_tree.h"
#include "libs/policy/builtin_roles.h"
#include "services/cli/names.h"

namespace keyward::cli {
namespace {

using config::YamlEntry;
using config::YamlNode;
using policy::v1::ApplyPolicyRequest;
using policy::v1::Binding;
using policy::v1::DenyRule;
using policy::v1::GetPolicyResponse;
using policy::v1::Role;

absl::Status At(absl::string_view where, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", rule));
}

// Reads one map of the file. Every key must be asked for: Finish() refuses
// those that nobody knows. The first error is kept, and Finish() returns it.
class MapReader {
 public:
  explicit MapReader(const YamlNode& node) : node_(node) {
    if (node.kind != YamlNode::Kind::kMap) Fail(node.where, "must be a map");
  }

  std::string Text(const std::string& key) {
    const YamlNode* value = Take(key);
    if (value == nullptr) return "";
    if (value->kind != YamlNode::Kind::kScalar) {
      Fail(value->where, absl::StrCat(key, " must be a text"));
      return "";
    }
    return value->scalar;
  }

  std::vector<std::string> Texts(const std::string& key) {
    std::vector<std::string> texts;
    for (const YamlNode& item : Items(key)) {
      if (item.kind != YamlNode::Kind::kScalar) {
        Fail(item.where, absl::StrCat(key, " must be a list of texts"));
      }
      texts.push_back(item.scalar);
    }
    return texts;
  }

  const std::vector<YamlNode>& Items(const std::string& key) {
    static const std::vector<YamlNode>& none = *new std::vector<YamlNode>();
    const YamlNode* value = Take(key);
    if (value == nullptr) return none;
    if (value->kind != YamlNode::Kind::kSequence) {
      Fail(value->where, absl::StrCat(key, " must be a list"));
      return none;
    }
    return value->items;
  }

  void Fail(absl::string_view where, absl::string_view rule) {
    if (status_.ok()) status_ = At(where, rule);
  }
  void Require(const std::string& key, bool there) {
    if (!there) Fail(node_.where, absl::StrCat(key, " is missing"));
  }
  absl::string_view where() const { return node_.where; }

  absl::Status Finish() {
    for (const YamlEntry& entry : node_.entries) {
      if (asked_.count(entry.key) == 0) {
        Fail(entry.where, absl::StrCat("there is no '", entry.key, "' here; ",
                                       absl::StrJoin(asked_, ", "), " are"));
      }
    }
    return status_;
  }

 private:
  const YamlNode* Take(const std::string& key) {
    asked_.insert(key);
    const YamlNode* value = node_.Find(key);
    const bool absent =
        value == nullptr || value->kind == YamlNode::Kind::kNull;
    return absent ? nullptr : value;
  }

  const YamlNode& node_;
  std::set<std::string> asked_;
  absl::Status status_;
};

std::string EntryName(absl::string_view parent, absl::string_view collection,
                      const std::string& text) {
  if (text.empty() || absl::StrContains(text, '/')) return text;
  return absl::StrCat(parent, "/", collection, "/", text);
}

// The project's id in "projects/P", or "" for "system".
absl::string_view ProjectOf(absl::string_view parent) {
  return absl::ConsumePrefix(&parent, "projects/") ? parent
                                                   : absl::string_view();
}

// What is common to bindings and deny rules.
template <typename Entry>
void ReadScope(absl::string_view parent, MapReader* reader, Entry* entry) {
  for (std::string& principal : reader->Texts("principals")) {
    entry->add_principals(std::move(principal));
  }
  const std::string resource = reader->Text("resource");
  reader->Require("resource", !resource.empty());
  const absl::string_view project = ProjectOf(parent);
  absl::StatusOr<std::string> full = PolicyResource(project, resource);
  if (full.ok() && project.empty() && *full != "system" &&
      !absl::StartsWith(resource, "projects/")) {
    full = absl::InvalidArgumentError("give the resource's full name");
  }
  if (full.ok()) {
    entry->set_resource(*full);
  } else {
    reader->Fail(reader->where(), full.status().message());
  }
  const std::string expires = reader->Text("expireTime");
  absl::Time time;
  std::string error;
  if (expires.empty()) return;
  // Abseil also reads "infinite-future", and years that no contract has.
  if (absl::ParseTime(absl::RFC3339_full, expires, &time, &error) &&
      IsValidTimestamp(ToTimestamp(time))) {
    *entry->mutable_expire_time() = ToTimestamp(time);
  } else {
    reader->Fail(reader->where(),
                 "expireTime must be a time such as 2027-01-01T00:00:00Z");
  }
}

template <typename Entry>
void ReadActions(MapReader* reader, Entry* entry) {
  for (std::string& action : reader->Texts("actions")) {
    entry->add_actions(std::move(action));
  }
  reader->Require("actions", entry->actions_size() > 0);
}

absl::Status ReadRole(absl::string_view parent, const YamlNode& node,
                      Role* role) {
  MapReader reader(node);
  role->set_name(EntryName(parent, "roles", reader.Text("name")));
  reader.Require("name", !role->name().empty());
  ReadActions(&reader, role);
  role->set_description(reader.Text("description"));
  return reader.Finish();
}

absl::Status ReadBinding(absl::string_view parent, const YamlNode& node,
                         Binding* binding) {
  MapReader reader(node);
  binding->set_name(EntryName(parent, "bindings", reader.Text("name")));
  reader.Require("name", !binding->name().empty());
  const std::string role = reader.Text("role");
  reader.Require("role", !role.empty());
  binding->set_role(RoleName(parent, role));
  ReadScope(parent, &reader, binding);
  reader.Require("principals", binding->principals_size() > 0);
  binding->set_description(reader.Text("description"));
  return reader.Finish();
}

absl::Status ReadDenyRule(absl::string_view parent, const YamlNode& node,
                          DenyRule* rule) {
  MapReader reader(node);
  rule->set_name(EntryName(parent, "denyRules", reader.Text("name")));
  reader.Require("name", !rule->name().empty());
  ReadScope(parent, &reader, rule);
  for (std::string& id : reader.Texts("credentialIds")) {
    rule->add_credential_ids(std::move(id));
  }
  reader.Require("principals or credentialIds",
                 rule->principals_size() + rule->credential_ids_size() > 0);
  ReadActions(&reader, rule);
  rule->set_description(reader.Text("description"));
  return reader.Finish();
}

absl::Status ReadEntries(MapReader* root, ApplyPolicyRequest* request) {
  absl::Status status;
  for (const YamlNode& node : root->Items("roles")) {
    if (status.ok()) {
      status = ReadRole(request->parent(), node, request->add_roles());
    }
  }
  for (const YamlNode& node : root->Items("bindings")) {
    if (status.ok()) {
      status = ReadBinding(request->parent(), node, request->add_bindings());
    }
  }
  for (const YamlNode& node : root->Items("denyRules")) {
    if (status.ok()) {
      status = ReadDenyRule(request->parent(), node, request->add_deny_rules());
    }
  }
  return status;
}

// Two entries of one name in a file: the later would silently win.
template <typename Entries>
absl::Status CheckDistinct(absl::string_view origin, const Entries& entries) {
  std::set<std::string> names;
  for (const auto& entry : entries) {
    if (!names.insert(entry.name()).second) {
      return At(origin, absl::StrCat(entry.name(), " is there twice"));
    }
  }
  return absl::OkStatus();
}

// In double quotes. A line feed would be read back as a space: a description
// may have one.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"",
                      absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                                 {"\"", "\\\""},
                                                 {"\n", "\\n"},
                                                 {"\r", "\\r"},
                                                 {"\t", "\\t"}}),
                      "\"");
}

// Exactly: an expiry that is printed as none, or as another,
// would be put in force as such when the file is applied again.
std::string ExpireTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", FromTimestamp(time),
                          absl::UTCTimeZone());
}

template <typename Texts>
std::string QuotedList(const Texts& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return absl::StrCat("[", absl::StrJoin(quoted, ", "), "]");
}

template <typename Entry>
void AppendScope(const Entry& entry, std::string* text) {
  absl::StrAppend(text, "    principals: ", QuotedList(entry.principals()),
                  "\n    resource: ", Quoted(entry.resource()), "\n");
  if (entry.has_expire_time()) {
    absl::StrAppend(text,
                    "    expireTime: ", Quoted(ExpireTime(entry.expire_time())),
                    "\n");
  }
}

void AppendDescription(absl::string_view description, std::string* text) {
  if (!description.empty()) {
    absl::StrAppend(text, "    description: ", Quoted(description), "\n");
  }
}

std::string Summary(const Role& role) {
  return absl::StrCat("role ", role.name(), ": ",
                      absl::StrJoin(role.actions(), ", "));
}

std::string Summary(const Binding& binding) {
  std::string text =
      absl::StrCat("binding ", binding.name(), ": ",
                   absl::StrJoin(binding.principals(), ", "), " have ",
                   binding.role(), " on ", binding.resource());
  if (binding.has_expire_time()) {
    absl::StrAppend(&text, " until ", ExpireTime(binding.expire_time()));
  }
  return text;
}

std::string Summary(const DenyRule& rule) {
  std::vector<std::string> whom(rule.principals().begin(),
                                rule.principals().end());
  whom.insert(whom.end(), rule.credential_ids().begin(),
              rule.credential_ids().end());
  return absl::StrCat(
      "deny rule ", rule.name(), ": ", absl::StrJoin(whom, ", "), " never ",
      absl::StrJoin(rule.actions(), ", "), " on ", rule.resource());
}

template <typename Entries>
void Compare(const Entries& before, const Entries& wanted,
             const ApplyPolicyRequest& request,
             std::vector<std::string>* lines) {
  for (const auto& entry : wanted) {
    const auto old = std::find_if(
        before.begin(), before.end(),
        [&entry](const auto& e) { return e.name() == entry.name(); });
    if (old == before.end()) {
      lines->push_back(absl::StrCat("+ ", Summary(entry)));
    } else if (!google::protobuf::util::MessageDifferencer::Equals(*old,
                                                                   entry)) {
      lines->push_back(absl::StrCat("~ ", Summary(entry)));
    }
  }
  for (const auto& entry : before) {
    const auto same_name = [&entry](const auto& e) {
      return e.name() == entry.name();
    };
    const bool replaced = request.replace_all() &&
                          std::none_of(wanted.begin(), wanted.end(), same_name);
    const bool removed =
        std::find(request.removed().begin(), request.removed().end(),
                  entry.name()) != request.removed().end();
    if (replaced || removed) {
      lines->push_back(absl::StrCat("- ", Summary(entry)));
    }
  }
}

}  // namespace

std::string RoleName(absl::string_view parent, absl::string_view text) {
  if (text.empty() || absl::StrContains(text, '/')) return std::string(text);
  const std::string builtin = absl::StrCat("roles/", text);
  if (policy::FindBuiltinRole(builtin) != nullptr) return builtin;
  return absl::StrCat(parent, "/roles/", text);
}

absl::StatusOr<ApplyPolicyRequest> ParsePolicyFile(absl::string_view text,
                                                   absl::string_view origin,
                                                   absl::string_view project) {
  absl::StatusOr<YamlNode> tree = config::ParseYaml(text, origin);
  if (!tree.ok()) return tree.status();
  MapReader root(*tree);
  ApplyPolicyRequest request;
  const std::string parent = root.Text("parent");
  absl::StatusOr<std::string> name =
      PolicyParent(parent.empty() ? project : parent);
  if (!name.ok()) return At(origin, "parent must be system or a project");
  request.set_parent(*name);
  request.set_etag(root.Text("etag"));
  absl::Status status = ReadEntries(&root, &request);
  if (status.ok()) status = root.Finish();
  if (status.ok()) status = CheckDistinct(origin, request.roles());
  if (status.ok()) status = CheckDistinct(origin, request.bindings());
  if (status.ok()) status = CheckDistinct(origin, request.deny_rules());
  if (!status.ok()) return status;
  return request;
}

std::string FormatPolicyFile(absl::string_view parent,
                             const GetPolicyResponse& policy) {
  std::string text = absl::StrCat("parent: ", Quoted(parent), "\n");
  if (policy.roles_size() > 0) absl::StrAppend(&text, "roles:\n");
  for (const Role& role : policy.roles()) {
    absl::StrAppend(&text, "  - name: ", Quoted(role.name()),
                    "\n    actions: ", QuotedList(role.actions()), "\n");
    AppendDescription(role.description(), &text);
  }
  if (policy.bindings_size() > 0) absl::StrAppend(&text, "bindings:\n");
  for (const Binding& binding : policy.bindings()) {
    absl::StrAppend(&text, "  - name: ", Quoted(binding.name()),
                    "\n    role: ", Quoted(binding.role()), "\n");
    AppendScope(binding, &text);
    AppendDescription(binding.description(), &text);
  }
  if (policy.deny_rules_size() > 0) absl::StrAppend(&text, "denyRules:\n");
  for (const DenyRule& rule : policy.deny_rules()) {
    absl::StrAppend(&text, "  - name: ", Quoted(rule.name()), "\n");
    AppendScope(rule, &text);
    absl::StrAppend(&text,
                    "    credentialIds: ", QuotedList(rule.credential_ids()),
                    "\n    actions: ", QuotedList(rule.actions()), "\n");
    AppendDescription(rule.description(), &text);
  }
  return text;
}

std::vector<std::string> DescribeChanges(const GetPolicyResponse& before,
                                         const ApplyPolicyRequest& request) {
  std::vector<std::string> lines;
  Compare(before.roles(), request.roles(), request, &lines);
  Compare(before.bindings(), request.bindings(), request, &lines);
  Compare(before.deny_rules(), request.deny_rules(), request, &lines);
  return lines;
}

}  // namespace keyward::cli
