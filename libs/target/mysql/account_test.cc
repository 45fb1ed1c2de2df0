// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/mysql/account.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace keyward::target {
namespace {

bool IsInvalid(const std::string& text) {
  return ParseMysqlAccount(text).status().code() ==
         absl::StatusCode::kInvalidArgument;
}

TEST(MysqlAccountTest, HasAnyHostUnlessItNamesOne) {
  EXPECT_EQ(ParseMysqlAccount("app")->Name(), "app@%");
  EXPECT_EQ(ParseMysqlAccount("app@10.0.0.%")->Name(), "app@10.0.0.%");
  EXPECT_EQ(ParseMysqlAccount("app@Db.Example.Com")->Name(),
            "app@db.example.com");
  EXPECT_EQ(ParseMysqlAccount("a@b@%")->user, "a@b");
  EXPECT_TRUE(*ParseMysqlAccount("app@LOCALHOST") ==
              *ParseMysqlAccount("app@localhost"));
  EXPECT_FALSE(*ParseMysqlAccount("App") == *ParseMysqlAccount("app"));
}

TEST(MysqlAccountTest, IsQuotedSoThatNothingEndsIt) {
  EXPECT_EQ(ParseMysqlAccount("a'b\\'c\n@%")->Quoted(), "'a''b\\''c\n'@'%'");
  EXPECT_EQ(QuoteMysqlString("''"), "''''''");
}

TEST(MysqlAccountTest, HasBounds) {
  EXPECT_TRUE(ParseMysqlAccount(std::string(128, 'u')).ok());
  EXPECT_TRUE(IsInvalid(std::string(129, 'u')));
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xc3\xa4";
  EXPECT_TRUE(ParseMysqlAccount(umlauts).ok());
  EXPECT_TRUE(IsInvalid(umlauts + "\xc3\xa4"));
  EXPECT_TRUE(ParseMysqlAccount("u@" + std::string(255, 'h')).ok());
  EXPECT_TRUE(IsInvalid("u@" + std::string(256, 'h')));
  EXPECT_TRUE(IsInvalid(""));
  EXPECT_TRUE(IsInvalid("@%"));
  EXPECT_TRUE(IsInvalid("u@"));
  EXPECT_TRUE(IsInvalid("u@h'h"));
  EXPECT_TRUE(IsInvalid("u@h\\"));
  EXPECT_TRUE(IsInvalid("u "));
  EXPECT_TRUE(IsInvalid(std::string("u\0", 2)));
  EXPECT_TRUE(IsInvalid("\xff"));
  EXPECT_TRUE(IsInvalid("\xf0\x9f\x98\x80"));
}

}  // namespace
}  // namespace keyward::target
