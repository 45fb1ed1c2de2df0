// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/account_text.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::target {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const MysqlAccount& App() {
  static const auto* const account = new MysqlAccount{"app", "%"};
  return *account;
}

TEST(AccountTextTest, ReadsAnAccountToTheLastWord) {
  const auto text = ParseCreateUser(
      "CREATE USER `app`@`%` IDENTIFIED VIA ed25519 USING 'abc''d' OR "
      "unix_socket REQUIRE ISSUER '/CN=x SUBJECT y' SUBJECT 'z' WITH "
      "MAX_USER_CONNECTIONS 3 MAX_STATEMENT_TIME 1.500000 ACCOUNT LOCK "
      "PASSWORD "
      "EXPIRE INTERVAL 90 DAY",
      App());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->plugin, "ed25519");
  EXPECT_EQ(text->verifier, "abc'd");
  EXPECT_THAT(text->other_plugins, ElementsAre("unix_socket"));
  EXPECT_EQ(text->require, "ISSUER '/CN=x SUBJECT y' SUBJECT 'z'");
  EXPECT_EQ(text->limits.size(), 2u);
  EXPECT_EQ(text->expiry, "INTERVAL 90 DAY");

  const auto bare = ParseCreateUser("CREATE USER `app`@`%`", App());
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->plugin, "mysql_native_password");
  EXPECT_EQ(OptionChange(*bare, *bare), "");
  EXPECT_EQ(OptionChange(*bare, *text),
            " REQUIRE NONE WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 "
            "MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 "
            "MAX_STATEMENT_TIME 0 PASSWORD EXPIRE DEFAULT");
}

TEST(AccountTextTest, TakesNoAccountThatItDoesNotUnderstand) {
  for (const char* text :
       {"", "CREATE USER `app`@`%` IDENTIFIED", "CREATE USER `other`@`%`",
        "CREATE USER `app`@`%` DEFAULT ROLE x", "CREATE USER `app`@`%",
        "CREATE USER `app`@`%` IDENTIFIED BY PASSWORD '*12",
        "CREATE USER `app`@`%` REQUIRE MAGIC",
        "CREATE USER `app`@`%` WITH MAX_WISHES 3",
        "CREATE USER `app`@`%` PASSWORD EXPIRE INTERVAL x DAY"}) {
    EXPECT_EQ(ParseCreateUser(text, App()).status().code(),
              absl::StatusCode::kInternal)
        << text;
    EXPECT_EQ(ParseGrants({text}, "`app`@`%`").status().code(),
              absl::StatusCode::kInternal)
        << text;
  }
  for (const char* text :
       {"GRANT SELECT ON `d`.* TO `other`@`%`", "GRANT `r` TO `app`@`%` FOO",
        "GRANT SELECT ON `d`.* TO `app`@`%`x", "GRANT SELECT ON `d`.*",
        "SET DEFAULT ROLE `r` FOR `other`@`%`", "GRANT x` TO `app`@`%`"}) {
    EXPECT_EQ(ParseGrants({text}, "`app`@`%`").status().code(),
              absl::StatusCode::kInternal)
        << text;
  }
}

TEST(AccountTextTest, IsNotDeceivedByNames) {
  const auto grants = ParseGrants(
      {"GRANT SELECT (`a, b`, `c) ON x TO y`) ON `d`.`t TO ``app``@``%``` TO "
       "`app`@`%`"},
      "`app`@`%`");
  ASSERT_TRUE(grants.ok()) << grants.status();
  ASSERT_EQ(grants->privileges.size(), 1u);
  EXPECT_EQ(grants->privileges.begin()->first, "`d`.`t TO ``app``@``%```");
  EXPECT_THAT(grants->privileges.begin()->second,
              ElementsAre("SELECT (`a, b`)", "SELECT (`c) ON x TO y`)"));
}

TEST(AccountTextTest, GivesBeforeItTakes) {
  Grants want;
  want.privileges["`d`.*"] = {"INSERT", "SELECT"};
  want.privileges["`e`.*"] = {"ALL PRIVILEGES"};
  want.roles["`r`"] = true;
  want.default_role = "`r`";
  Grants have;
  have.privileges["`d`.*"] = {"DELETE", "GRANT OPTION", "SELECT"};
  have.privileges["`e`.*"] = {"SELECT"};
  have.privileges["`f`.*"] = {"DROP"};
  have.roles["`q`"] = false;
  EXPECT_THAT(GrantChanges(want, want, "t"), IsEmpty());
  EXPECT_THAT(GrantChanges(want, have, "t"),
              ElementsAre("GRANT INSERT ON `d`.* TO t",
                          "GRANT ALL PRIVILEGES ON `e`.* TO t",
                          "GRANT `r` TO t WITH ADMIN OPTION",
                          "SET DEFAULT ROLE `r` FOR t",
                          "REVOKE GRANT OPTION ON `d`.* FROM t",
                          "REVOKE DELETE ON `d`.* FROM t",
                          "REVOKE DROP ON `f`.* FROM t", "REVOKE `q` FROM t"));
  // All that was taken comes back.
  EXPECT_THAT(GrantChanges(have, want, "t"),
              ::testing::Contains("REVOKE ALL PRIVILEGES ON `e`.* FROM t"));
  EXPECT_THAT(GrantChanges(have, want, "t"),
              ::testing::Contains("GRANT SELECT ON `e`.* TO t"));
}

}  // namespace
}  // namespace keyward::target
