// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/identity_command.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/development_ca.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/random.h"
#include "libs/crypto/root_key.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using ::testing::HasSubstr;

class IdentityCommandTest : public ::testing::Test {
 protected:
  // What first start makes.
  void MakeHome() {
    const std::string home = world_.environment().home;
    auto root = crypto::CreateRootKey({home + "/keys/root.key", {}}, random_);
    ASSERT_TRUE(root.ok()) << root.status();
    auto seal = crypto::KeyFileSeal::Create(*root, &random_);
    ASSERT_TRUE(seal.ok()) << seal.status();
    auto ca = auth::DevelopmentCa::Create(home + "/keys", **seal,
                                          world_.clock().Now(), &random_);
    ASSERT_TRUE(ca.ok()) << ca.status();
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  crypto::SystemRandom random_;
  TestWorld world_;
};

TEST_F(IdentityCommandTest, IssuesOfflineAndPrintsTheLinesForAShell) {
  MakeHome();
  const std::string out = world_.folder() + "/ids";
  ASSERT_EQ(world_.Run({"identity", "issue", "payments-api", "--out", out}), 0)
      << world_.err();
  EXPECT_EQ(ModeOf(out + "/payments-api.pem"), 0644u);
  EXPECT_EQ(ModeOf(out + "/payments-api.key"), 0600u);
  EXPECT_EQ(ModeOf(out + "/ca.pem"), 0644u);
  EXPECT_EQ(world_.out(),
            "# spiffe://keyward.internal/workload/payments-api until "
            "2026-08-02T12:00:00Z\n"
            "export KEYWARD_CA='" +
                out + "/ca.pem'\nexport KEYWARD_CERT='" + out +
                "/payments-api.pem'\nexport KEYWARD_KEY='" + out +
                "/payments-api.key'\n");
  EXPECT_EQ(world_.connections(), 0);
}

TEST_F(IdentityCommandTest, TheEnvironmentSaysWhereTheInstallationIs) {
  MakeHome();
  world_.SetVariable("KEYWARD_HOME", world_.environment().home);
  world_.environment().home = world_.folder() + "/elsewhere";
  EXPECT_EQ(world_.Run({"identity", "issue", "a", "--out", world_.folder()}), 0)
      << world_.err();
  EXPECT_EQ(
      world_.Run({"identity", "issue", "a", "--home",
                  world_.folder() + "/nowhere", "--out", world_.folder()}),
      1);
  world_.SetVariable("KEYWARD_HOME", "");
  EXPECT_EQ(world_.Run({"identity", "issue", "a", "--out", world_.folder()}),
            1);
}

TEST_F(IdentityCommandTest, AQuoteInAPathCannotLeaveItsQuotes) {
  MakeHome();
  ASSERT_EQ(world_.Run({"identity", "issue", "a", "--out",
                        world_.folder() + "/it's; rm"}),
            0)
      << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("/it'\\''s; rm/a.pem'\n"));
}

TEST_F(IdentityCommandTest, TellsProgramsWhereTheFilesAre) {
  MakeHome();
  ASSERT_EQ(world_.Run({"identity", "issue", "a", "--ttl", "1h", "--out",
                        world_.folder(), "--output", "json"}),
            0);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["principal"], "spiffe://keyward.internal/workload/a");
  EXPECT_EQ(json["keyFile"], world_.folder() + "/a.key");
  EXPECT_EQ(json["expireTime"], "2026-08-01T13:00:00Z");
}

TEST_F(IdentityCommandTest, RefusesOtherNames) {
  MakeHome();
  for (const char* name : {"A", "a/b", "../a", "a b", "a.b"}) {
    EXPECT_EQ(world_.Run({"identity", "issue", name, "--out", world_.folder()}),
              1)
        << name;
    EXPECT_THAT(world_.err(), HasSubstr("INVALID_ARGUMENT")) << name;
  }
  EXPECT_EQ(world_.Run({"identity", "issue", std::string(64, 'a')}), 1);
  EXPECT_EQ(world_.Run({"identity", "issue", "a", "--ttl", "0s"}), 2);
  EXPECT_EQ(world_.Run({"identity", "issue", "a", "--ttl", "1000d", "--out",
                        world_.folder()}),
            1);
}

TEST_F(IdentityCommandTest, SaysWhereTheAuthorityComesFrom) {
  EXPECT_EQ(world_.Run({"identity", "issue", "a"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("first start"));
}

}  // namespace
}  // namespace keyward::cli
