// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/service_flags.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

ParsedFlags Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "keyward-store");
  return ParseServiceFlags(static_cast<int>(arguments.size()), arguments.data(),
                           "keyward-store", "Stores.",
                           {{"restored", "after a restore", false},
                            {"recover-admin", "PRINCIPAL", true}});
}

TEST(ServiceFlagsTest, NoFlagsIsAValidCommandLine) {
  const ParsedFlags parsed = Parse({});
  ASSERT_TRUE(parsed.flags.has_value());
  EXPECT_TRUE(parsed.flags->overrides.empty());
  EXPECT_TRUE(parsed.flags->extra.empty());
}

TEST(ServiceFlagsTest, OverridesKeepTheirOrder) {
  const ParsedFlags parsed =
      Parse({"--set", "a=1", "--set", "b=2", "--home", "/h", "--config", "/c"});
  ASSERT_TRUE(parsed.flags.has_value());
  EXPECT_EQ(parsed.flags->overrides, (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(parsed.flags->home, "/h");
  EXPECT_EQ(parsed.flags->config_file, "/c");
}

TEST(ServiceFlagsTest, ShortFormsAreOverrides) {
  const ParsedFlags parsed =
      Parse({"--listen", "127.0.0.1:1", "--metrics", "127.0.0.1:2"});
  ASSERT_TRUE(parsed.flags.has_value());
  EXPECT_EQ(parsed.flags->overrides,
            (std::vector<std::string>{"listen.address=127.0.0.1:1",
                                      "metrics.address=127.0.0.1:2"}));
}

TEST(ServiceFlagsTest, ExtraFlagsAreThereOnlyIfGiven) {
  const ParsedFlags parsed = Parse({"--restored", "--recover-admin", "p"});
  ASSERT_TRUE(parsed.flags.has_value());
  EXPECT_EQ(parsed.flags->extra.count("restored"), 1u);
  EXPECT_EQ(parsed.flags->extra.at("recover-admin"), "p");
}

TEST(ServiceFlagsTest, AWrongCommandLineExitsWithTwo) {
  for (const char* wrong : {"--lisen", "extra", "--set"}) {
    const ParsedFlags parsed = Parse({wrong});
    EXPECT_FALSE(parsed.flags.has_value());
    EXPECT_EQ(parsed.exit_code, 2) << wrong;
  }
}

TEST(ServiceFlagsTest, AWrongCommandLineIsOneLineThatNamesTheBinary) {
  testing::internal::CaptureStderr();
  Parse({"--lisen"});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::StartsWith("keyward-"));
  EXPECT_THAT(said, testing::HasSubstr("--lisen"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST(ServiceFlagsTest, HelpExitsWithZero) {
  const ParsedFlags parsed = Parse({"--help"});
  EXPECT_FALSE(parsed.flags.has_value());
  EXPECT_EQ(parsed.exit_code, 0);
}

TEST(ServiceFlagsTest, TheHomeIsTheFlagsIfItIsGiven) {
  ServiceFlags flags;
  flags.home = "/srv/keyward";
  EXPECT_EQ(*HomeOf(flags), "/srv/keyward");
}

TEST(ServiceFlagsTest, ARelativeHomeIsRefusedByName) {
  ServiceFlags flags;
  flags.home = "srv/keyward";
  EXPECT_EQ(HomeOf(flags).status().message(),
            "--home: must be an absolute path, not srv/keyward");
}

}  // namespace
}  // namespace keyward::rpc
