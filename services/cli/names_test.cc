// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/names.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

constexpr char kProject[] = "default";

TEST(NamesTest, ShortNamesAreInTheProjectInUse) {
  EXPECT_EQ(SecretName(kProject, "db-password")->ToString(),
            "projects/default/secrets/db-password");
  EXPECT_EQ(KeyName(kProject, "k")->ToString(), "projects/default/keys/k");
  EXPECT_EQ(ProjectName("payments")->ToString(), "projects/payments");
}

TEST(NamesTest, FullNamesStandForThemselves) {
  EXPECT_EQ(SecretName(kProject, "projects/other/secrets/a")->ToString(),
            "projects/other/secrets/a");
  EXPECT_EQ(ProjectName("projects/payments")->ToString(), "projects/payments");
}

TEST(NamesTest, WhatIsNoNameIsAUsageErrorThatDoesNotRepeatIt) {
  for (const char* text : {"", ".", "..", "hunter2 hunter2", "hunter2/x",
                           "projects/p", "projects/default/keys/hunter2",
                           "projects/default/secrets/a/versions/1", "/hunter2",
                           "projects//secrets/a", "s\n"}) {
    const absl::Status status = SecretName(kProject, text).status();
    EXPECT_EQ(ExitCode(status), kExitUsage) << text;
    EXPECT_FALSE(absl::StrContains(status.message(), "hunter2")) << text;
  }
}

TEST(NamesTest, VersionsAreNumbersStagesAndAliases) {
  for (const char* version : {"3", "current", "latest", "blue"}) {
    EXPECT_EQ(*VersionName(kProject, "a", version),
              std::string("projects/default/secrets/a/versions/") + version);
  }
  EXPECT_EQ(*VersionName(kProject, "projects/p12/secrets/a/versions/3", ""),
            "projects/p12/secrets/a/versions/3");
  for (const char* version : {"", "0", "03", "a b", "1/2"}) {
    EXPECT_EQ(ExitCode(VersionName(kProject, "a", version).status()),
              kExitUsage)
        << version;
  }
}

TEST(NamesTest, ReferencesAreSecretsOrVersions) {
  EXPECT_EQ(*SecretReference(kProject, "a"), "projects/default/secrets/a");
  EXPECT_EQ(*SecretReference(kProject, "a:previous"),
            "projects/default/secrets/a/versions/previous");
  EXPECT_EQ(*SecretReference(kProject, "projects/p12/secrets/a"),
            "projects/p12/secrets/a");
  EXPECT_EQ(*SecretReference(kProject, "projects/p12/secrets/a/versions/2"),
            "projects/p12/secrets/a/versions/2");
  for (const char* text : {"", ":1", "a:", "a:0", "projects/p12", "a:1:2",
                           "projects/p12/secrets/a:1"}) {
    EXPECT_EQ(ExitCode(SecretReference(kProject, text).status()), kExitUsage)
        << text;
  }
}

TEST(NamesTest, PolicyResourcesMayBePrefixes) {
  EXPECT_EQ(*PolicyResource(kProject, "system"), "system");
  EXPECT_EQ(*PolicyResource(kProject, "projects/p12"), "projects/p12");
  EXPECT_EQ(*PolicyResource(kProject, "secrets/pay-*"),
            "projects/default/secrets/pay-*");
  EXPECT_EQ(*PolicyResource(kProject, "keys/k"), "projects/default/keys/k");
  // "db-password" alone could be meant as anything.
  for (const char* text : {"", "db-password", "*", "secret/x"}) {
    EXPECT_EQ(ExitCode(PolicyResource(kProject, text).status()), kExitUsage)
        << text;
  }
}

TEST(NamesTest, PolicyParentsAreSystemAndProjects) {
  EXPECT_EQ(*PolicyParent("system"), "system");
  EXPECT_EQ(*PolicyParent("payments"), "projects/payments");
  EXPECT_EQ(*PolicyParent("projects/payments"), "projects/payments");
  EXPECT_EQ(ExitCode(PolicyParent("projects/p12/secrets/a").status()),
            kExitUsage);
}

}  // namespace
}  // namespace keyward::cli
