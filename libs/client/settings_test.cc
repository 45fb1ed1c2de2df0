// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/settings.h"

#include <fstream>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    sources_.home = "/home/x";
    sources_.environment =
        [this](const std::string& name) -> absl::optional<std::string> {
      auto it = environment_.find(name);
      if (it == environment_.end()) return absl::nullopt;
      return it->second;
    };
  }

  Settings Resolve() {
    auto settings = ResolveSettings(sources_);
    EXPECT_TRUE(settings.ok()) << settings.status();
    return settings.value_or(Settings());
  }

  std::string WriteBundle(const std::string& name, const std::string& text) {
    const std::string path =
        absl::StrCat(::testing::TempDir(), "/settings_test_", name);
    std::ofstream(path) << text;
    return path;
  }

  void UseContext() {
    Context& context = sources_.contexts.contexts["prod"];
    context.address = "prod.example.org:443";
    context.ca_file = "/c/ca.pem";
    context.cert_file = "/c/a.pem";
    context.key_file = "/c/a.key";
    context.project = "payments";
    context.server_id = "spiffe://example.org/gateway";
    sources_.contexts.current = "prod";
  }

  SettingsSources sources_;
  std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, DefaultIsTheInstallationOnThisMachine) {
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, kDefaultAddress);
  EXPECT_EQ(settings.ca_file, "/home/x/keys/ca.pem");
  EXPECT_EQ(settings.cert_file, "/home/x/tls/admin.pem");
  EXPECT_EQ(settings.key_file, "/home/x/tls/admin.key");
  EXPECT_EQ(settings.token_file, "");
  EXPECT_EQ(settings.project, "default");
  EXPECT_EQ(settings.server_id, "spiffe://keyward.internal/service/gateway");
  EXPECT_EQ(settings.data_folder, "/home/x/data");
}

TEST_F(SettingsTest, ContextBeatsDefault) {
  UseContext();
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, "prod.example.org:443");
  EXPECT_EQ(settings.ca_file, "/c/ca.pem");
  EXPECT_EQ(settings.cert_file, "/c/a.pem");
  EXPECT_EQ(settings.key_file, "/c/a.key");
  EXPECT_EQ(settings.project, "payments");
  EXPECT_EQ(settings.server_id, "spiffe://example.org/gateway");
  EXPECT_EQ(settings.pin_name, "context-prod");
}

TEST_F(SettingsTest, EnvironmentBeatsContext) {
  UseContext();
  environment_ = {{"KEYWARD_ADDR", "[::1]:7"},  {"KEYWARD_CA", "/e/ca.pem"},
                  {"KEYWARD_CERT", "/e/b.pem"}, {"KEYWARD_KEY", "/e/b.key"},
                  {"KEYWARD_PROJECT", "shop"},  {"KEYWARD_DATA", "/e/data"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, "[::1]:7");
  EXPECT_EQ(settings.ca_file, "/e/ca.pem");
  EXPECT_EQ(settings.cert_file, "/e/b.pem");
  EXPECT_EQ(settings.key_file, "/e/b.key");
  EXPECT_EQ(settings.project, "shop");
  EXPECT_EQ(settings.data_folder, "/e/data");
}

// What the context says of its gateway is wrong of another one.
TEST_F(SettingsTest, AnAddressOfTheEnvironmentLeavesTheContextOut) {
  UseContext();
  environment_ = {{"KEYWARD_ADDR", "other:1"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.server_id, kDefaultServerId);
  EXPECT_EQ(settings.project, kDefaultProject);
  EXPECT_EQ(settings.cert_file, "/home/x/tls/admin.pem");
}

TEST_F(SettingsTest, SingleVariablesGoOverTheContext) {
  UseContext();
  environment_ = {{"KEYWARD_TOKEN_FILE", "/e/token"},
                  {"KEYWARD_PROJECT", "shop"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, "prod.example.org:443");
  EXPECT_EQ(settings.token_file, "/e/token");
  EXPECT_EQ(settings.project, "shop");
  EXPECT_EQ(settings.pin_name, "context-prod");
}

TEST_F(SettingsTest, AContextAskedForByNameBeatsTheEnvironment) {
  UseContext();
  sources_.context_flag = "prod";
  environment_ = {{"KEYWARD_ADDR", "other:1"},
                  {"KEYWARD_CERT", "/e/b.pem"},
                  {"KEYWARD_KEY", "/e/b.key"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, "prod.example.org:443");
  EXPECT_EQ(settings.cert_file, "/c/a.pem");
}

TEST_F(SettingsTest, FlagsBeatTheEnvironment) {
  UseContext();
  sources_.contexts.contexts["other"].address = "other:1";
  sources_.context_flag = "other";
  sources_.project_flag = "mine";
  environment_ = {{"KEYWARD_PROJECT", "shop"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.address, "other:1");
  EXPECT_EQ(settings.project, "mine");
}

// A certificate of one identity with the key of another would at best fail.
TEST_F(SettingsTest, IdentityComesFromOneSource) {
  UseContext();
  environment_ = {{"KEYWARD_CERT", "/e/b.pem"}};
  auto settings = ResolveSettings(sources_);
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(settings.status().message()),
              HasSubstr("KEYWARD_CERT"));
}

TEST_F(SettingsTest, ATokenAloneIsAnIdentity) {
  UseContext();
  environment_ = {{"KEYWARD_TOKEN_FILE", "/e/token"}};
  const Settings settings = Resolve();
  EXPECT_EQ(settings.token_file, "/e/token");
  EXPECT_EQ(settings.cert_file, "");
}

TEST_F(SettingsTest, UnknownContextIsNotFound) {
  sources_.context_flag = "nowhere";
  EXPECT_EQ(ResolveSettings(sources_).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SettingsTest, RefusesMalformedAddresses) {
  for (const char* address :
       {"localhost", ":7100", "h:0", "h:65536", "h:x", "https://h:1", "h:"}) {
    environment_ = {{"KEYWARD_ADDR", address}};
    EXPECT_EQ(ResolveSettings(sources_).status().code(),
              absl::StatusCode::kInvalidArgument)
        << address;
  }
}

TEST_F(SettingsTest, RefusesMalformedProjects) {
  for (const char* project :
       {"a", "A-project", "projects/default", "x/secrets/y"}) {
    environment_ = {{"KEYWARD_PROJECT", project}};
    EXPECT_EQ(ResolveSettings(sources_).status().code(),
              absl::StatusCode::kInvalidArgument)
        << project;
  }
}

TEST_F(SettingsTest, RefusesAServerIdThatIsNone) {
  UseContext();
  sources_.contexts.contexts["prod"].server_id = "gateway";
  EXPECT_EQ(ResolveSettings(sources_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// The pin of a context must not be compared with another installation's log.
TEST_F(SettingsTest, P3_AnotherServerThanTheContextsHasAnotherPin) {
  UseContext();
  environment_ = {{"KEYWARD_ADDR", "other:1"}};
  EXPECT_THAT(Resolve().pin_name, StartsWith("server-"));
}

TEST_F(SettingsTest, P3_ANewInstallationAtTheSameAddressHasAnotherPin) {
  environment_ = {{"KEYWARD_CA", WriteBundle("ca", "one")}};
  const std::string before = Resolve().pin_name;
  EXPECT_EQ(Resolve().pin_name, before);
  WriteBundle("ca", "two");
  EXPECT_NE(Resolve().pin_name, before);
}

TEST_F(SettingsTest, P3_AMovedBundleFileKeepsItsPin) {
  environment_ = {{"KEYWARD_CA", WriteBundle("ca1", "same")}};
  const std::string before = Resolve().pin_name;
  environment_ = {{"KEYWARD_CA", WriteBundle("ca2", "same")}};
  EXPECT_EQ(Resolve().pin_name, before);
}

}  // namespace
}  // namespace keyward::client
