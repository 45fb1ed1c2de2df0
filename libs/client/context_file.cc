// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/context_file.h"

#include <array>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/file_util.h"
#include "libs/config/yaml_tree.h"

namespace keyward::client {
namespace {

using config::YamlEntry;
using config::YamlNode;

struct Setting {
  const char* key;
  std::string Context::*value;
};

constexpr std::array<Setting, 7> kSettings = {{
    {"address", &Context::address},
    {"ca_file", &Context::ca_file},
    {"cert_file", &Context::cert_file},
    {"key_file", &Context::key_file},
    {"token_file", &Context::token_file},
    {"project", &Context::project},
    {"server_id", &Context::server_id},
}};

// Characters that FormatContextFile can put between quotes and that no reader
// of the file could mistake.
absl::Status CheckValue(absl::string_view value, absl::string_view where) {
  if (value.size() > kMaxContextValueBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": longer than ", kMaxContextValueBytes, " bytes"));
  }
  for (const char c : value) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": holds a control character"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ScalarOf(const YamlEntry& entry) {
  if (entry.value.kind != YamlNode::Kind::kScalar) {
    return absl::InvalidArgumentError(
        absl::StrCat(entry.where, ": ", entry.key, " must have a text"));
  }
  absl::Status status = CheckValue(entry.value.scalar, entry.where);
  if (!status.ok()) return status;
  return entry.value.scalar;
}

absl::StatusOr<Context> ParseContext(const YamlEntry& entry) {
  if (entry.value.kind != YamlNode::Kind::kMap) {
    return absl::InvalidArgumentError(
        absl::StrCat(entry.where, ": ", entry.key, " must be a map"));
  }
  Context context;
  for (const YamlEntry& setting : entry.value.entries) {
    absl::StatusOr<std::string> value = ScalarOf(setting);
    if (!value.ok()) return value.status();
    bool known = false;
    for (const Setting& candidate : kSettings) {
      if (setting.key != candidate.key) continue;
      context.*candidate.value = *std::move(value);
      known = true;
      break;
    }
    if (!known) {
      return absl::InvalidArgumentError(absl::StrCat(
          setting.where, ": there is no setting '", setting.key, "'"));
    }
  }
  return context;
}

absl::Status ParseContexts(const YamlEntry& entry, ContextFile* file) {
  if (entry.value.kind == YamlNode::Kind::kNull) return absl::OkStatus();
  if (entry.value.kind != YamlNode::Kind::kMap ||
      entry.value.entries.size() > kMaxContexts) {
    return absl::InvalidArgumentError(
        absl::StrCat(entry.where, ": contexts must be a map of at most ",
                     kMaxContexts, " entries"));
  }
  for (const YamlEntry& item : entry.value.entries) {
    absl::Status named = CheckContextName(item.key);
    if (!named.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(item.where, ": ", named.message()));
    }
    absl::StatusOr<Context> context = ParseContext(item);
    if (!context.ok()) return context.status();
    file->contexts[item.key] = *std::move(context);
  }
  return absl::OkStatus();
}

// Double quotes as both YAML and JSON have them; control characters do not
// occur.
std::string Quoted(absl::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace

absl::Status CheckContextName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= 63 && name.front() != '-' &&
              name.front() != '_';
  for (const char c : name) {
    good = good && (absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                    c == '-' || c == '_');
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "a context's name has 1 to 63 characters a-z 0-9 _ - and begins with a "
      "letter or a digit");
}

absl::StatusOr<ContextFile> ParseContextFile(absl::string_view text,
                                             absl::string_view origin) {
  absl::StatusOr<YamlNode> root = config::ParseYaml(text, origin);
  if (!root.ok()) return root.status();
  if (root->kind != YamlNode::Kind::kMap) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": must be a map"));
  }
  ContextFile file;
  for (const YamlEntry& entry : root->entries) {
    if (entry.key == "current") {
      absl::StatusOr<std::string> value = ScalarOf(entry);
      if (!value.ok()) return value.status();
      file.current = *std::move(value);
    } else if (entry.key == "contexts") {
      absl::Status status = ParseContexts(entry, &file);
      if (!status.ok()) return status;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(entry.where, ": there is no setting '", entry.key, "'"));
    }
  }
  if (!file.current.empty() && file.contexts.count(file.current) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        origin, ": current names a context that is not in the file"));
  }
  return file;
}

absl::StatusOr<std::string> FormatContextFile(const ContextFile& file) {
  if (file.contexts.size() > kMaxContexts) {
    return absl::InvalidArgumentError(
        absl::StrCat("a file holds at most ", kMaxContexts, " contexts"));
  }
  std::string text =
      "# Written by `keyward context`. The format is libs/client/FORMAT.md.\n";
  if (!file.current.empty()) {
    absl::StrAppend(&text, "current: ", Quoted(file.current), "\n");
  }
  absl::StrAppend(&text, "contexts:\n");
  for (const auto& [name, context] : file.contexts) {
    absl::Status status = CheckContextName(name);
    if (!status.ok()) return status;
    absl::StrAppend(&text, "  ", Quoted(name), ":\n");
    bool empty = true;
    for (const Setting& setting : kSettings) {
      const std::string& value = context.*setting.value;
      if (value.empty()) continue;
      status = CheckValue(value, setting.key);
      if (!status.ok()) return status;
      absl::StrAppend(&text, "    ", setting.key, ": ", Quoted(value), "\n");
      empty = false;
    }
    if (empty) absl::StrAppend(&text, "    {}\n");
  }
  return text;
}

absl::StatusOr<ContextFile> LoadContextFile(const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadFileBounded(path, config::kMaxYamlBytes);
  if (absl::IsNotFound(text.status())) return ContextFile();
  if (!text.ok()) return text.status();
  return ParseContextFile(*text, path);
}

absl::Status SaveContextFile(const std::string& path, const ContextFile& file) {
  absl::StatusOr<std::string> text = FormatContextFile(file);
  if (!text.ok()) return text.status();
  return WriteFileDurably(path, *text, 0600);
}

}  // namespace keyward::client
