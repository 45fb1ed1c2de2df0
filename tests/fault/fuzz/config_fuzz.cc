// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Services' configuration. The input is a file and, after bytes of zero, which
// no file may have, --set flags over it; every service reads it.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/message.h"
#include "libs/config/loader.h"
#include "libs/config/yaml_tree.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "proto/keyward/config/v1/field_rule.pb.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
namespace v1 = config::v1;

// No reader of a configuration asks whether something is set: it is, down to
// the last section, and within its bounds.
void CheckComplete(const Message& message) {
  const auto* const reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    const v1::FieldRule& rule = field->options().GetExtension(v1::rule);
    if (field->is_repeated()) {
      const int count = reflection->FieldSize(message, field);
      FUZZ_CHECK(!rule.required() || count > 0);
      FUZZ_CHECK(static_cast<size_t>(count) <= rule.max_items());
      if (field->is_map()) continue;
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      for (int k = 0; k < count; ++k) {
        CheckComplete(reflection->GetRepeatedMessage(message, field, k));
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const bool needed = rule.required() || !rule.default_value().empty();
      FUZZ_CHECK(!needed || reflection->HasField(message, field));
      CheckComplete(reflection->GetMessage(message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const std::string value = reflection->GetString(message, field);
      FUZZ_CHECK(value.size() <= 4096);
      if (rule.format() == v1::VALUE_FORMAT_PATH && !value.empty()) {
        FUZZ_CHECK(absl::StartsWith(value, "/"));
        FUZZ_CHECK(!absl::StrContains(value + "/", "/../"));
      }
    }
  }
}

void CheckService(absl::string_view text, const config::LoadOptions& options,
                  const Message& prototype) {
  const auto loaded = config::ParseMessage(text, "f", options, prototype);
  if (!loaded.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(loaded.status()));
    return;
  }
  CheckComplete(**loaded);
  // Whatever a file says is said to somebody: there is no key that nobody
  // reads.
  const auto tree = config::ParseYaml(text, "f");
  FUZZ_CHECK(tree.ok());
  for (const config::YamlEntry& entry : tree->entries) {
    FUZZ_CHECK(prototype.GetDescriptor()->FindFieldByName(entry.key) !=
               nullptr);
  }
}

void CheckFile(absl::string_view text, const config::LoadOptions& options) {
  CheckService(text, options, v1::StandaloneConfig::default_instance());
  // What is no YAML is none for the others either.
  if (!config::ParseYaml(text, "f").ok()) return;
  CheckService(text, options, v1::GatewayConfig::default_instance());
  CheckService(text, options, v1::StoreConfig::default_instance());
  CheckService(text, options, v1::PolicyConfig::default_instance());
  CheckService(text, options, v1::AuditConfig::default_instance());
  CheckService(text, options, v1::RotationConfig::default_instance());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  std::vector<std::string> parts = absl::StrSplit(Text(data, size), '\0');
  const std::string text = parts[0];
  parts.erase(parts.begin());
  keyward::config::LoadOptions options;
  options.home = "/var/lib/keyward";
  options.overrides = parts;
  CheckFile(text, options);
  return 0;
}
