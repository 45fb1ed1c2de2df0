// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Walks the schema of the configuration: whoever adds a field without a bound,
// or with a default that does not load, fails here.

#include <functional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/config/message_decoder.h"
#include "libs/config/yaml_tree.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "proto/keyward/config/v1/field_rule.pb.h"

namespace keyward::config {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;

const google::protobuf::Message* const kRoots[] = {
    &v1::StandaloneConfig::default_instance(),
    &v1::GatewayConfig::default_instance(),
    &v1::StoreConfig::default_instance(),
    &v1::PolicyConfig::default_instance(),
    &v1::AuditConfig::default_instance(),
    &v1::RotationConfig::default_instance(),
};

void ForEachField(const Descriptor& type, std::set<const Descriptor*>* seen,
                  const std::function<void(const FieldDescriptor&)>& visit) {
  if (!seen->insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    visit(*type.field(i));
    const Descriptor* nested = type.field(i)->message_type();
    if (nested != nullptr && !absl::StartsWith(nested->full_name(), "google."))
      ForEachField(*nested, seen, visit);
  }
}

void ForEachField(const std::function<void(const FieldDescriptor&)>& visit) {
  std::set<const Descriptor*> seen;
  for (const auto* root : kRoots) {
    ForEachField(*root->GetDescriptor(), &seen, visit);
  }
}

TEST(SchemaTest, EveryServiceRunsOnAnEmptyFile) {
  const YamlNode empty = ParseYaml("", "empty").value();
  for (const auto* root : kRoots) {
    const auto message = DecodeMessage(empty, *root, "/var/lib/keyward");
    EXPECT_TRUE(message.ok()) << message.status();
  }
}

TEST(SchemaTest, EveryListAndMapHasAGreatestLength) {
  ForEachField([](const FieldDescriptor& field) {
    if (field.containing_type()->options().map_entry()) return;
    const v1::FieldRule& rule = field.options().GetExtension(v1::rule);
    EXPECT_EQ(field.is_repeated(), rule.max_items() > 0) << field.full_name();
  });
}

TEST(SchemaTest, EveryNumberAndDurationHasADefaultAndBounds) {
  int seen = 0;
  ForEachField([&seen](const FieldDescriptor& field) {
    const bool duration =
        field.message_type() != nullptr &&
        field.message_type()->full_name() == "google.protobuf.Duration";
    const auto type = field.cpp_type();
    const bool number = type == FieldDescriptor::CPPTYPE_INT32 ||
                        type == FieldDescriptor::CPPTYPE_INT64 ||
                        type == FieldDescriptor::CPPTYPE_UINT32 ||
                        type == FieldDescriptor::CPPTYPE_UINT64;
    if (!duration && !number) return;
    ++seen;
    const v1::FieldRule& rule = field.options().GetExtension(v1::rule);
    EXPECT_NE(rule.default_value(), "") << field.full_name();
    EXPECT_NE(rule.minimum(), "") << field.full_name();
    EXPECT_NE(rule.maximum(), "") << field.full_name();
  });
  EXPECT_GT(seen, 5);
}

TEST(SchemaTest, EveryStringSaysWhatItMayBe) {
  ForEachField([](const FieldDescriptor& field) {
    if (field.containing_type()->options().map_entry()) return;
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return;
    const v1::FieldRule& rule = field.options().GetExtension(v1::rule);
    EXPECT_TRUE(rule.format() != v1::VALUE_FORMAT_UNSPECIFIED ||
                !rule.pattern().empty())
        << field.full_name();
    EXPECT_EQ(rule.pattern().empty(), rule.pattern_meaning().empty())
        << field.full_name();
  });
}

// A required field at the top would make the empty file an error.
TEST(SchemaTest, OnlyElementsOfListsAreRequired) {
  for (const auto* root : kRoots) {
    const Descriptor& type = *root->GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      EXPECT_FALSE(type.field(i)->options().GetExtension(v1::rule).required())
          << type.field(i)->full_name();
    }
  }
}

}  // namespace
}  // namespace keyward::config
