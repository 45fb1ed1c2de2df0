// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/loader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/file_util.h"
#include "libs/config/message_decoder.h"
#include "libs/config/yaml_tree.h"

namespace keyward::config {
namespace {

// Lays one --set flag over the tree.
absl::Status ApplyOverride(absl::string_view flag, YamlNode* root) {
  const size_t equals = flag.find('=');
  if (equals == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "--set: must be PATH=VALUE, such as --set log.level=debug");
  }
  const absl::string_view path = flag.substr(0, equals);
  YamlNode value;
  value.kind = YamlNode::Kind::kUnparsed;
  value.scalar = std::string(flag.substr(equals + 1));
  value.where = "--set";
  return SetAtPath(path, std::move(value), /*only_if_absent=*/false, root);
}

}  // namespace

absl::StatusOr<std::string> DefaultHome(unsigned user_id,
                                        absl::string_view home_variable) {
  if (user_id == 0) return "/var/lib/keyward";
  if (!absl::StartsWith(home_variable, "/")) {
    return absl::FailedPreconditionError(
        "HOME is not set to an absolute path; set it, or name the folders in "
        "the configuration");
  }
  return absl::StrCat(home_variable, "/.local/share/keyward");
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ParseMessage(
    absl::string_view text, absl::string_view origin,
    const LoadOptions& options, const google::protobuf::Message& prototype) {
  absl::StatusOr<YamlNode> root = ParseYaml(text, origin);
  if (!root.ok()) return root.status();
  if (root->kind != YamlNode::Kind::kMap) {
    return absl::InvalidArgumentError(
        absl::StrCat(root->where, ": the file must hold keys and values"));
  }
  if (options.overrides.size() > kMaxOverrides) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set: at most ", kMaxOverrides, " of these flags"));
  }
  for (const std::string& flag : options.overrides) {
    absl::Status status = ApplyOverride(flag, &*root);
    if (!status.ok()) return status;
  }
  return DecodeMessage(*root, prototype, options.home);
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> LoadMessage(
    const std::string& path, const LoadOptions& options,
    const google::protobuf::Message& prototype) {
  if (path.empty()) return ParseMessage("", "defaults", options, prototype);
  absl::StatusOr<std::string> text = ReadFileBounded(path, kMaxYamlBytes);
  if (!text.ok()) {
    return absl::Status(
        text.status().code(),
        absl::StrCat("the configuration file (--config) cannot be used: ",
                     text.status().message()));
  }
  return ParseMessage(*text, path, options, prototype);
}

}  // namespace keyward::config
