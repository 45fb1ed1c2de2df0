// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/rotation/credential_value.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::rotation {
namespace {

using crypto::SecretBuffer;

constexpr char kPayload[] =
    R"({"engine":"postgres","host":"db","port":5432,"username":"app",)"
    R"("password":"old","database":"shop","params":{"sslmode":"require"}})";

TEST(CredentialValueTest, SaysWhoLogsInWhere) {
  const auto value = ParseCredentialValue(SecretBuffer::CopyOf(kPayload));
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->engine, "postgres");
  EXPECT_EQ(value->host, "db");
  EXPECT_EQ(value->port, 5432);
  EXPECT_EQ(value->credential.user, "app");
  EXPECT_TRUE(value->credential.password.Equals("old"));
}

TEST(CredentialValueTest, AnotherCredentialLeavesTheRestAsItWas) {
  const auto replaced =
      ReplaceCredential(SecretBuffer::CopyOf(kPayload),
                        {"app_clone", SecretBuffer::CopyOf("new \"\\ one")});
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  const auto value = ParseCredentialValue(*replaced);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->credential.user, "app_clone");
  EXPECT_TRUE(value->credential.password.Equals("new \"\\ one"));
  EXPECT_EQ(value->host, "db");
  EXPECT_TRUE(absl::StrContains(replaced->ExposeSecret(),
                                R"("params":{"sslmode":"require"})"));
  EXPECT_TRUE(
      absl::StrContains(replaced->ExposeSecret(), R"("database":"shop")"));
}

TEST(CredentialValueTest, WhatIsNoCredentialIsRefusedUnquoted) {
  for (const std::string payload :
       {"", "planted", R"("planted")", R"(["planted"])", "{}",
        R"({"engine":"e","host":"h","port":0,"username":"planted",)"
        R"("password":"planted"})",
        R"({"engine":"e","host":"h","port":"1","username":"planted",)"
        R"("password":"planted"})",
        R"({"engine":"e","host":"h","port":1,"username":"planted"})"}) {
    const absl::Status status =
        ParseCredentialValue(SecretBuffer::CopyOf(payload)).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << payload;
    EXPECT_FALSE(absl::StrContains(status.message(), "planted")) << payload;
  }
}

TEST(CredentialValueTest, DeepNestingIsRefusedLikeAnythingElse) {
  const std::string deep =
      std::string(32 << 10, '[') + std::string(32 << 10, ']');
  EXPECT_TRUE(absl::IsFailedPrecondition(
      ParseCredentialValue(SecretBuffer::CopyOf(deep)).status()));
}

TEST(CredentialValueTest, TextThatJsonCannotHoldIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReplaceCredential(SecretBuffer::CopyOf(kPayload),
                        {"app", SecretBuffer::CopyOf("\xff")})
          .status()));
}

}  // namespace
}  // namespace keyward::rotation
