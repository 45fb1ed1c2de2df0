// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/command_line.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using secrets::v1::ListSecretsRequest;
using secrets::v1::ListSecretsResponse;
using ::testing::HasSubstr;

// The commands that a help text lists.
std::vector<std::string> Subcommands(const std::string& help) {
  std::vector<std::string> names;
  const size_t at = help.find("\nSubcommands:\n");
  if (at == std::string::npos) return names;
  for (absl::string_view line :
       absl::StrSplit(help.substr(at + 14), absl::ByChar('\n'))) {
    if (!absl::ConsumePrefix(&line, "  ") || line.empty()) break;
    if (line[0] == ' ') continue;  // a description's second line
    names.emplace_back(line.substr(0, line.find(' ')));
  }
  return names;
}

class CommandLineTest : public ::testing::Test {
 protected:
  // Every command that does something, as its words.
  void Collect(std::vector<std::string> words,
               std::vector<std::vector<std::string>>* leaves) {
    std::vector<std::string> line = words;
    line.push_back("--help");
    ASSERT_EQ(world_.Run(line), 0);
    const std::vector<std::string> names = Subcommands(world_.out());
    if (names.empty()) leaves->push_back(words);
    for (const std::string& name : names) {
      words.push_back(name);
      Collect(words, leaves);
      words.pop_back();
    }
  }

  TestWorld world_;
};

TEST_F(CommandLineTest, HasTheCommandsThatTheDesignNames) {
  std::vector<std::vector<std::string>> leaves;
  Collect({}, &leaves);
  std::set<std::string> commands;
  for (const auto& words : leaves) commands.insert(absl::StrJoin(words, " "));
  for (const char* command : {"secret create",    "secret list",
                              "secret describe",  "secret update",
                              "secret delete",    "secret undelete",
                              "secret put",       "secret access",
                              "secret versions",  "secret enable",
                              "secret disable",   "secret destroy",
                              "secret promote",   "secret rollback",
                              "secret watch",     "run",
                              "policy apply",     "policy get",
                              "policy explain",   "policy grant",
                              "policy revoke",    "project create",
                              "project list",     "project delete",
                              "auth whoami",      "auth can",
                              "key rotate",       "key list",
                              "audit tail",       "audit query",
                              "audit checkpoint", "identity issue",
                              "operator status",  "operator recover-admin"}) {
    EXPECT_EQ(commands.count(command), 1u) << command;
  }
}

TEST_F(CommandLineTest, EveryCommandsHelpHasAnExample) {
  std::vector<std::vector<std::string>> leaves;
  Collect({}, &leaves);
  for (std::vector<std::string> words : leaves) {
    const std::string command = absl::StrJoin(words, " ");
    words.push_back("--help");
    ASSERT_EQ(world_.Run(words), 0) << command;
    EXPECT_THAT(world_.out(), HasSubstr("Example")) << command;
    EXPECT_THAT(world_.out(), HasSubstr("keyward " + command)) << command;
    EXPECT_THAT(world_.out(), HasSubstr("--output")) << command;
  }
}

TEST_F(CommandLineTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(world_.Run({"--help"}), 0);
  EXPECT_EQ(world_.Run({"secret", "put", "-h"}), 0);
  EXPECT_EQ(world_.Run({"--version"}), 0);
  EXPECT_EQ(world_.out(), "keyward 0.1.0\n");
}

TEST_F(CommandLineTest, WhatMakesNoSenseIsUsage) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"secret"},
      {"sekret", "list"},
      {"secret", "list", "extra"},
      {"secret", "list", "--no-such-option"},
      {"secret", "list", "--output", "xml"},
      {"secret", "list", "--limit", "many"},
      {"secret", "list", "--timeout", "2m"},
      {"secret", "list", "--timeout", "0s"},
      {"secret", "create"},
  };
  for (const auto& line : lines) {
    EXPECT_EQ(world_.Run(line), 2) << absl::StrJoin(line, " ");
    EXPECT_NE(world_.err(), "") << absl::StrJoin(line, " ");
    EXPECT_EQ(world_.out(), "") << absl::StrJoin(line, " ");
  }
  EXPECT_EQ(world_.connections(), 0);
}

TEST_F(CommandLineTest, GlobalOptionsStandBeforeAndBehindTheCommand) {
  std::string parent;
  world_.gateway().On<ListSecretsRequest, ListSecretsResponse>(
      [&parent](const ListSecretsRequest& request, ListSecretsResponse*) {
        parent = request.parent();
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"--project", "p12", "secret", "list"}), 0);
  EXPECT_EQ(parent, "projects/p12");
  EXPECT_EQ(world_.Run({"secret", "list", "--project", "p13"}), 0);
  EXPECT_EQ(parent, "projects/p13");
  world_.SetVariable("KEYWARD_PROJECT", "p14");
  EXPECT_EQ(world_.Run({"secret", "list"}), 0);
  EXPECT_EQ(parent, "projects/p14");
  EXPECT_EQ(world_.Run({"secret", "list", "--timeout", "2s"}), 0);
  EXPECT_EQ(world_.gateway().last_timeout(), absl::Seconds(2));
}

TEST_F(CommandLineTest, SettingsThatMakeNoSenseFailBeforeAnythingIsSent) {
  world_.SetVariable("KEYWARD_ADDR", "nowhere");
  EXPECT_EQ(world_.Run({"secret", "list"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("KEYWARD_ADDR"));
  EXPECT_EQ(world_.connections(), 0);
}

TEST_F(CommandLineTest, TriesReadsAgainAndSaysWhatFailedInTheEnd) {
  world_.gateway().On<ListSecretsRequest, ListSecretsResponse>(
      [](const ListSecretsRequest&, ListSecretsResponse*) {
        return absl::UnavailableError("Socket closed");
      });
  EXPECT_EQ(world_.Run({"secret", "list"}), 1);
  EXPECT_EQ(world_.gateway().calls().size(), 5u);
  EXPECT_THAT(world_.err(), HasSubstr("keyward: UNAVAILABLE: Socket closed"));
  EXPECT_THAT(world_.err(), HasSubstr("is the gateway running"));
}

}  // namespace
}  // namespace keyward::cli
