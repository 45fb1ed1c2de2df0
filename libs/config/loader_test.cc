// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/loader.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::config {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

LoadOptions Set(std::vector<std::string> overrides) {
  LoadOptions options;
  options.home = "/h";
  options.overrides = std::move(overrides);
  return options;
}

std::string WriteTemp(absl::string_view text) {
  const std::string path = ::testing::TempDir() + "/loader_test.yaml";
  std::ofstream(path, std::ios::trunc) << text;
  return path;
}

TEST(LoaderTest, LoadsAFile) {
  const std::string path = WriteTemp("listen: {address: 'h:1'}\n");
  const auto config = Load<v1::StoreConfig>(path, Set({}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen().address(), "h:1");
}

TEST(LoaderTest, NamesTheFileInErrors) {
  const std::string path = WriteTemp("\nlisten: {addresss: 'h:1'}\n");
  const auto config = Load<v1::StoreConfig>(path, Set({}));
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(config.status().message()),
              StartsWith(path + ":2:10: listen."));
}

TEST(LoaderTest, RunsOnDefaultsWithoutAFile) {
  const auto config = Load<v1::StandaloneConfig>("", Set({}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data().folder(), "/h/data");
  EXPECT_EQ(config->bootstrap_administrator(),
            "spiffe://keyward.internal/user/admin");
}

TEST(LoaderTest, P8_RefusesWhenTheNamedFileIsMissing) {
  EXPECT_EQ(
      Load<v1::StoreConfig>("/nonexistent/f.yaml", Set({})).status().code(),
      absl::StatusCode::kNotFound);
}

TEST(LoaderTest, FlagsWinOverTheFileAndTheLastOverTheFirst) {
  const auto config = Parse<v1::StoreConfig>(
      "listen: {address: 'h:1'}\nlog: {level: debug}\n", "f",
      Set({"listen.address=[::1]:2", "log.level=warn", "log.level=error"}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen().address(), "[::1]:2");
  EXPECT_EQ(config->log().level(), v1::LOG_LEVEL_ERROR);
}

TEST(LoaderTest, FlagsSetListsAndSectionsAsYaml) {
  const auto config = Parse<v1::GatewayConfig>(
      "", "f",
      Set({"trust_domains=[{name: corp, bundle_file: /c}]", "limits={burst: 5}",
           "limits.requests_per_second=6"}));
  ASSERT_FALSE(config.ok());
  // A section that was set as text cannot be entered again.
  EXPECT_THAT(config.status().message(), HasSubstr("must be a map"));
}

TEST(LoaderTest, AFlagBelowAFilesScalarBlamesTheFile) {
  const auto config = Parse<v1::StoreConfig>("log: {}\nlisten: 7\n", "/c.yaml",
                                             Set({"listen.address=h:1"}));
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().message(),
            "/c.yaml:2:9: listen: must be a map of keys and values");
}

TEST(LoaderTest, FlagsSetAListWhole) {
  const auto config = Parse<v1::GatewayConfig>(
      "", "f", Set({"trust_domains=[{name: corp, bundle_file: /c}]"}));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->trust_domains_size(), 1);
  EXPECT_EQ(config->trust_domains(0).name(), "corp");
}

TEST(LoaderTest, FlagsAreCheckedAsTheFileIs) {
  for (const char* flag :
       {"listen.adress=h:1", "listen.address=nowhere", "limits.burst=0",
        "listen", "=x", "listen=5", "trust_domains=[", "limits.burst="}) {
    const auto config = Parse<v1::GatewayConfig>("", "f", Set({flag}));
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument)
        << flag;
    EXPECT_THAT(std::string(config.status().message()), StartsWith("--set"))
        << flag;
  }
}

TEST(LoaderTest, BoundsTheNumberOfFlags) {
  const std::vector<std::string> many(kMaxOverrides + 1, "log.level=info");
  EXPECT_FALSE(Parse<v1::StoreConfig>("", "f", Set(many)).ok());
}

TEST(LoaderTest, RefusesAFileThatIsNoMap) {
  EXPECT_EQ(Parse<v1::StoreConfig>("- a\n", "f", Set({})).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Parse<v1::StoreConfig>("text\n", "f", Set({})).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DefaultHomeTest, DependsOnWhoRuns) {
  EXPECT_EQ(DefaultHome(0, "/root").value(), "/var/lib/keyward");
  EXPECT_EQ(DefaultHome(1000, "/home/a").value(),
            "/home/a/.local/share/keyward");
  EXPECT_EQ(DefaultHome(1000, "").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::config
