// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/resource_name.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/hash/hash_testing.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"

namespace keyward {
namespace {

using std::string_literals::operator""s;

ResourceName Name(absl::string_view text) {
  return ResourceName::Parse(text).value();
}

TEST(ResourceNameTest, ParsesEveryKind) {
  const std::pair<const char*, ResourceKind> kNames[] = {
      {"system", ResourceKind::kSystem},
      {"projects/default", ResourceKind::kProject},
      {"projects/default/secrets/db", ResourceKind::kSecret},
      {"projects/default/secrets/db/versions/1", ResourceKind::kSecretVersion},
      {"projects/default/keys/default", ResourceKind::kKey},
      {"projects/default/keys/default/versions/3", ResourceKind::kKeyVersion},
      {"projects/default/connectors/pg", ResourceKind::kConnector},
      {"projects/default/rotations/pg", ResourceKind::kRotation},
      {"roles/secrets.accessor", ResourceKind::kRole},
      {"system/roles/secrets.reader", ResourceKind::kRole},
      {"projects/default/roles/secretReader", ResourceKind::kRole},
      {"system/bindings/admin", ResourceKind::kBinding},
      {"projects/default/bindings/0-team", ResourceKind::kBinding},
      {"system/denyRules/stolen", ResourceKind::kDenyRule},
      {"projects/default/denyRules/stolen", ResourceKind::kDenyRule},
  };
  for (const auto& [text, kind] : kNames) {
    const auto name = ResourceName::Parse(text);
    ASSERT_TRUE(name.ok()) << text << ": " << name.status();
    EXPECT_EQ(name->kind(), kind) << text;
    EXPECT_EQ(name->ToString(), text);
  }
}

TEST(ResourceNameTest, GivesThePartsOfASecretVersion) {
  const ResourceName name = Name("projects/pay/secrets/db/versions/17");
  EXPECT_EQ(name.project(), "pay");
  EXPECT_EQ(name.secret(), "db");
  EXPECT_EQ(name.version(), "17");
  EXPECT_EQ(name.version_number(), 17);
  EXPECT_EQ(name.id(), "17");
  EXPECT_EQ(name.key(), "");
}

TEST(ResourceNameTest, GivesThePartsOfAKeyVersion) {
  const ResourceName name = Name("projects/pay/keys/k/versions/2");
  EXPECT_EQ(name.project(), "pay");
  EXPECT_EQ(name.key(), "k");
  EXPECT_EQ(name.version_number(), 2);
  EXPECT_EQ(name.secret(), "");
}

TEST(ResourceNameTest, PartsOfOtherKindsAreEmpty) {
  const ResourceName binding = Name("system/bindings/admin");
  EXPECT_EQ(binding.project(), "");
  EXPECT_EQ(binding.secret(), "");
  EXPECT_EQ(binding.version(), "");
  EXPECT_EQ(binding.version_number(), absl::nullopt);
  EXPECT_EQ(binding.id(), "admin");
  EXPECT_EQ(ResourceName::System().id(), "system");
}

TEST(ResourceNameTest, StageStandsWhereANumberMay) {
  for (const char* stage :
       {"current", "pending", "previous", "latest", "Blue_green-2"}) {
    const ResourceName name =
        Name(absl::StrCat("projects/default/secrets/db/versions/", stage));
    EXPECT_EQ(name.version(), stage);
    EXPECT_EQ(name.version_number(), absl::nullopt);
  }
}

TEST(ResourceNameTest, AcceptsTheLongestIds) {
  const std::string longest =
      absl::StrCat("projects/a", std::string(62, 'b'), "/secrets/",
                   std::string(255, 'S'), "/versions/", INT64_MAX);
  EXPECT_EQ(Name(longest).version_number(), INT64_MAX);
  EXPECT_LT(longest.size(), ResourceName::kMaxLength);
}

TEST(ResourceNameTest, RefusesWhatIsNoFullName) {
  for (const char* text : {"",
                           "/",
                           "projects",
                           "projects/",
                           "/projects/default",
                           "projects/default/",
                           "projects//secrets/a",
                           "projects/default/secrets",
                           "system/",
                           "systems",
                           "system/secrets/a",
                           "system/projects/default",
                           "projects/default/secrets/a/versions",
                           "secrets/a",
                           "projects/default/secrets/a/versions/1/versions/1",
                           "projects/default/unknown/a",
                           "Projects/default",
                           "projects/default ",
                           "roles/a/roles/b",
                           "bindings/a",
                           "projects/default/system"}) {
    EXPECT_EQ(ResourceName::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ResourceNameTest, RefusesBadIds) {
  for (const std::string& text :
       {"projects/ab"s,
        "projects/1ab"s,
        "projects/abc-"s,
        "projects/Abc"s,
        "projects/a_c"s,
        "projects/" + std::string(64, 'a'),
        "projects/default/secrets/."s,
        "projects/default/secrets/.."s,
        "projects/default/secrets/a b"s,
        "projects/default/secrets/a%2fb"s,
        "projects/default/secrets/\xc3\xa4"s,
        "projects/default/secrets/a\0"s,
        "projects/default/secrets/a\n"s,
        "projects/default/secrets/" + std::string(256, 'a'),
        "projects/default/secrets/a/versions/0"s,
        "projects/default/secrets/a/versions/01"s,
        "projects/default/secrets/a/versions/+1"s,
        "projects/default/secrets/a/versions/-1"s,
        "projects/default/secrets/a/versions/1a"s,
        "projects/default/secrets/a/versions/9223372036854775808"s,
        "projects/default/secrets/a/versions/x.y"s,
        "projects/default/secrets/a/versions/" + std::string(64, 'a'),
        "projects/default/keys/k/versions/current"s,
        "roles/1a"s,
        "system/bindings/A"s,
        "system/bindings/" + std::string(64, 'a')}) {
    EXPECT_EQ(ResourceName::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ResourceNameTest, RefusesHugeInputWithoutLookingAtIt) {
  const absl::Status status =
      ResourceName::Parse(std::string(1 << 20, 'a')).status();
  EXPECT_EQ(status, FieldError("name", "must be at most 512 bytes long"));
}

TEST(ResourceNameTest, ErrorNamesTheFieldAndNeverTheValue) {
  const absl::Status status =
      ResourceName::Parse("projects/hunter2!", "parent").status();
  EXPECT_EQ(status,
            FieldError("parent",
                       "a project id must match [a-z][a-z0-9-]{1,61}[a-z0-9]"));
}

TEST(ResourceNameTest, ChildIsWhatParseWouldGive) {
  const ResourceName project = Name("projects/default");
  EXPECT_EQ(project.Child("secrets", "db", "secret_id").value(),
            Name("projects/default/secrets/db"));
  EXPECT_EQ(Name("system").Child("projects", "pay", "project_id").value(),
            Name("projects/pay"));
  EXPECT_EQ(Name("system").Child("roles", "r", "role_id").value(),
            Name("system/roles/r"));
}

TEST(ResourceNameTest, ChildRefusesAnIdThatNamesSomethingDeeper) {
  const absl::Status status =
      Name("projects/default")
          .Child("secrets", "db/versions/1", "secret_id")
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(ResourceNameTest, ChildRefusesACollectionOfAnotherParent) {
  EXPECT_EQ(Name("system").Child("secrets", "db", "secret_id").status(),
            FieldError("secret_id", "has the wrong parent"));
}

TEST(ResourceNameTest, VersionNamesANumber) {
  EXPECT_EQ(Name("projects/default/secrets/db").Version(4).value(),
            Name("projects/default/secrets/db/versions/4"));
  EXPECT_EQ(Name("projects/default/secrets/db").Version(0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Name("projects/default").Version(1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ResourceNameTest, ParentsLeadUpToSystem) {
  absl::optional<ResourceName> name = Name("projects/pay/secrets/s/versions/1");
  std::string path;
  for (; name.has_value(); name = name->parent()) {
    absl::StrAppend(&path, name->ToString(), " ");
  }
  EXPECT_EQ(path,
            "projects/pay/secrets/s/versions/1 projects/pay/secrets/s "
            "projects/pay system ");
}

TEST(ResourceNameTest, BuiltInRolesAndSystemsOwnLieUnderSystem) {
  EXPECT_EQ(Name("roles/auditor").parent(), ResourceName::System());
  EXPECT_EQ(Name("system/bindings/b").parent(), ResourceName::System());
  EXPECT_EQ(Name("projects/pay/keys/k").parent(), Name("projects/pay"));
}

TEST(ResourceNameTest, IsAtOrBelowComparesWholeSegments) {
  const ResourceName secret = Name("projects/pay/secrets/db");
  EXPECT_TRUE(secret.IsAtOrBelow(ResourceName::System()));
  EXPECT_TRUE(secret.IsAtOrBelow(Name("projects/pay")));
  EXPECT_TRUE(secret.IsAtOrBelow(secret));
  EXPECT_FALSE(Name("projects/payroll").IsAtOrBelow(Name("projects/pay")));
  EXPECT_FALSE(Name("projects/pay").IsAtOrBelow(secret));
}

TEST(ResourceNameTest, ViewsFollowACopyAndAMove) {
  ResourceName original = Name("projects/pay/secrets/db/versions/current");
  const ResourceName copy = original;
  const ResourceName moved = std::move(original);
  EXPECT_EQ(copy.secret(), "db");
  EXPECT_EQ(moved.secret(), "db");
  EXPECT_EQ(moved.version(), "current");
}

TEST(ResourceNameTest, HashesAndOrdersByText) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
      {Name("system"), Name("projects/pay"), Name("projects/pay/secrets/a")}));
  EXPECT_LT(Name("projects/a-a"), Name("projects/a-b"));
  EXPECT_NE(Name("projects/a-a"), Name("projects/a-b"));
}

}  // namespace
}  // namespace keyward
