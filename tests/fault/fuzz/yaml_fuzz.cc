// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The YAML of people's files: the tree that it makes, the client's contexts,
// and policies under review. What is printed is read back as what it was.

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/client/context_file.h"
#include "libs/config/text.h"
#include "libs/config/yaml_tree.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/policy_file.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using config::YamlNode;
using google::protobuf::util::MessageDifferencer;

// The values below `node`, itself included.
size_t CheckNode(const YamlNode& node, size_t depth) {
  FUZZ_CHECK(depth <= config::kMaxYamlDepth);
  FUZZ_CHECK(absl::StartsWith(node.where, "f"));
  FUZZ_CHECK(config::IsPlainText(node.scalar));
  FUZZ_CHECK(node.kind != YamlNode::Kind::kUnparsed);
  FUZZ_CHECK(node.items.empty() || node.kind == YamlNode::Kind::kSequence);
  FUZZ_CHECK(node.entries.empty() || node.kind == YamlNode::Kind::kMap);
  size_t count = 1;
  for (const YamlNode& item : node.items) count += CheckNode(item, depth + 1);
  std::set<std::string> keys;
  for (const config::YamlEntry& entry : node.entries) {
    FUZZ_CHECK(keys.insert(entry.key).second);
    FUZZ_CHECK(config::IsPlainText(entry.key));
    FUZZ_CHECK(node.Find(entry.key) == &entry.value);
    count += CheckNode(entry.value, depth + 1);
  }
  return count;
}

void CheckTree(absl::string_view text) {
  const auto tree = config::ParseYaml(text, "f");
  if (!tree.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(tree.status()));
    FUZZ_CHECK(absl::StartsWith(tree.status().message(), "f:"));
    FUZZ_CHECK(config::IsPlainText(tree.status().message()));
    return;
  }
  FUZZ_CHECK(CheckNode(*tree, 0) <= config::kMaxYamlNodes);
}

void CheckContexts(absl::string_view text) {
  const auto file = client::ParseContextFile(text, "f");
  if (!file.ok()) return;
  FUZZ_CHECK(file->contexts.size() <= client::kMaxContexts);
  FUZZ_CHECK(file->current.empty() || file->contexts.count(file->current) == 1);
  const auto printed = client::FormatContextFile(*file);
  FUZZ_CHECK(printed.ok());
  const auto again = client::ParseContextFile(*printed, "f");
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again->current == file->current);
  FUZZ_CHECK(again->contexts == file->contexts);
}

void CheckPolicy(absl::string_view text) {
  auto request = cli::ParsePolicyFile(text, "f", "default");
  if (!request.ok()) return;
  policy::v1::GetPolicyResponse policy;
  *policy.mutable_roles() = request->roles();
  *policy.mutable_bindings() = request->bindings();
  *policy.mutable_deny_rules() = request->deny_rules();
  const std::string printed = cli::FormatPolicyFile(request->parent(), policy);
  const auto again = cli::ParsePolicyFile(printed, "f", "default");
  FUZZ_CHECK(again.ok());
  // A file is printed without the etag, which the next change makes stale.
  request->clear_etag();
  FUZZ_CHECK(MessageDifferencer::Equals(*request, *again));
  // So applying it changes nothing.
  FUZZ_CHECK(cli::DescribeChanges(policy, *again).empty());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  CheckTree(Text(data, size));
  CheckContexts(Text(data, size));
  CheckPolicy(Text(data, size));
  return 0;
}
