// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/context_commands.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/client/context_file.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using ::testing::HasSubstr;

class ContextCommandsTest : public ::testing::Test {
 protected:
  client::ContextFile Load() {
    auto file = client::LoadContextFile(world_.environment().config_folder +
                                        "/contexts.yaml");
    EXPECT_TRUE(file.ok()) << file.status();
    return file.value_or(client::ContextFile());
  }

  TestWorld world_;
};

TEST_F(ContextCommandsTest, TheFirstContextBecomesTheCurrentOne) {
  ASSERT_EQ(world_.Run({"context", "set", "prod", "--addr", "h:1", "--ca",
                        "/a/ca.pem", "--use-project", "payments"}),
            0)
      << world_.err();
  ASSERT_EQ(world_.Run({"context", "set", "dev", "--addr", "h:2"}), 0);
  EXPECT_EQ(Load().current, "prod");
  EXPECT_EQ(Load().contexts["prod"].address, "h:1");
  EXPECT_EQ(Load().contexts["prod"].project, "payments");
  ASSERT_EQ(world_.Run({"context", "use", "dev"}), 0);
  EXPECT_EQ(Load().current, "dev");
}

TEST_F(ContextCommandsTest, SetChangesOnlyWhatIsGiven) {
  ASSERT_EQ(
      world_.Run({"context", "set", "a", "--addr", "h:1", "--ca", "/a/ca.pem"}),
      0);
  ASSERT_EQ(world_.Run({"context", "set", "a", "--addr", "h:2"}), 0);
  EXPECT_EQ(Load().contexts["a"].address, "h:2");
  EXPECT_EQ(Load().contexts["a"].ca_file, "/a/ca.pem");
}

TEST_F(ContextCommandsTest, FilesAreKeptByTheirFullPath) {
  ASSERT_EQ(world_.Run({"context", "set", "a", "--cert", "x/../me.pem"}), 0);
  EXPECT_EQ(Load().contexts["a"].cert_file[0], '/');
  EXPECT_THAT(Load().contexts["a"].cert_file, HasSubstr("/me.pem"));
}

TEST_F(ContextCommandsTest, DeleteForgets) {
  ASSERT_EQ(world_.Run({"context", "set", "a", "--addr", "h:1"}), 0);
  ASSERT_EQ(world_.Run({"context", "delete", "a"}), 0);
  EXPECT_TRUE(Load().contexts.empty());
  EXPECT_EQ(Load().current, "");
}

TEST_F(ContextCommandsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(world_.Run({"context", "use", "a"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("NOT_FOUND"));
  EXPECT_EQ(world_.Run({"context", "delete", "a"}), 1);
  EXPECT_EQ(world_.Run({"secret", "list", "--context", "a"}), 1);
  EXPECT_EQ(world_.Run({"context", "set", "../a"}), 2);
}

TEST_F(ContextCommandsTest, ListsForPeopleAndPrograms) {
  ASSERT_EQ(world_.Run({"context", "set", "a", "--addr", "h:1"}), 0);
  ASSERT_EQ(world_.Run({"context", "list"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("*  a        h:1"));
  ASSERT_EQ(world_.Run({"context", "list", "--output", "json"}), 0);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["current"], "a");
  EXPECT_EQ(json["contexts"][0]["address"], "h:1");
}

// A setting that was misspelt and ignored is a setting that someone believes
// in.
TEST_F(ContextCommandsTest, ADamagedFileIsNeverReplaced) {
  ASSERT_EQ(world_.Run({"context", "set", "a", "--addr", "h:1"}), 0);
  world_.WriteFile("config/contexts.yaml", "contexts: {a: {addres: 'h:1'}}\n");
  EXPECT_EQ(world_.Run({"context", "set", "b", "--addr", "h:1"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("addres"));
  EXPECT_EQ(world_.Run({"secret", "list"}), 1);
}

}  // namespace
}  // namespace keyward::cli
