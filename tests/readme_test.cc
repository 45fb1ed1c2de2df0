// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The README's status table is a promise to readers: what it calls
// UNIMPLEMENTED is exactly what the contracts call not implemented.

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/policy/public_actions.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Contracts have no option for fields. These are refused by their owner, which
// SecretChangesTest.DelayedDestructionIsNotBuilt shows.
const google::protobuf::FieldDescriptor* const kFields[] = {
    secrets::v1::Secret::descriptor()->FindFieldByName("version_destroy_ttl"),
};

std::string ReadReadme() {
  std::ifstream file("README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The names, in backticks with a dot within, of the table's rows whose state
// is UNIMPLEMENTED.
std::set<std::string> NamedUnimplemented() {
  std::set<std::string> names;
  bool in_status = false;
  for (absl::string_view line : absl::StrSplit(ReadReadme(), '\n')) {
    if (absl::StartsWith(line, "## ")) in_status = line == "## Status";
    if (!in_status || !absl::EndsWith(line, "| UNIMPLEMENTED |")) continue;
    bool quoted = false;
    for (absl::string_view part : absl::StrSplit(line, '`')) {
      if (quoted && absl::StrContains(part, '.')) names.emplace(part);
      quoted = !quoted;
    }
  }
  return names;
}

// "Service.Method" or "Message.field" of all that is not implemented.
std::set<std::string> NotImplemented() {
  std::set<std::string> names;
  for (const ServiceDescriptor* service : policy::PublicServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      const access::v1::AccessRule& rule =
          method->options().GetExtension(access::v1::access);
      if (rule.not_implemented().empty()) continue;
      names.insert(absl::StrCat(service->name(), ".", method->name()));
    }
  }
  for (const auto* field : kFields) {
    names.insert(
        absl::StrCat(field->containing_type()->name(), ".", field->name()));
  }
  return names;
}

TEST(ReadmeTest, StatusTableNamesExactlyWhatIsNotImplemented) {
  ASSERT_FALSE(NamedUnimplemented().empty()) << "the table was not found";
  EXPECT_THAT(NamedUnimplemented(),
              testing::UnorderedElementsAreArray(NotImplemented()));
}

}  // namespace
}  // namespace keyward
