// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/acl_user.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/redis/reply.h"

namespace keyward::target::redis {
namespace {

using ::testing::ElementsAre;

std::string Bulk(const std::string& text) {
  return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
}

std::string Array(const std::vector<std::string>& elements) {
  std::string text = absl::StrCat("*", elements.size(), "\r\n");
  for (const std::string& element : elements) text += element;
  return text;
}

absl::StatusOr<AclUser> Read(const std::vector<std::string>& elements) {
  ReplyReader reader;
  return ReadAclUser(**reader.Take(Array(elements)));
}

TEST(AclUserTest, ReadsWhatRedis7Says) {
  const auto user =
      Read({Bulk("flags"), Array({Bulk("on"), Bulk("skip-sanitize-payload")}),
            Bulk("passwords"), Array({Bulk("ab"), Bulk("cd")}),
            Bulk("commands"), Bulk("-@all +get"), Bulk("keys"), Bulk("~a %R~b"),
            Bulk("channels"), Bulk("&c"), Bulk("selectors"),
            Array({Array({Bulk("commands"), Bulk("-@all +set"), Bulk("keys"),
                          Bulk("~x"), Bulk("channels"), Bulk("")})})});
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_TRUE(user->on);
  EXPECT_FALSE(user->nopass);
  EXPECT_FALSE(user->has_unknown_rules);
  EXPECT_THAT(user->passwords, ElementsAre("ab", "cd"));
  EXPECT_TRUE(user->HasPassword("cd"));
  EXPECT_FALSE(user->HasPassword("c"));
  EXPECT_THAT(user->rules,
              ElementsAre("skip-sanitize-payload", "resetkeys", "~a", "%R~b",
                          "resetchannels", "&c", "-@all", "-@all", "+get",
                          "clearselectors",
                          "(resetkeys ~x resetchannels -@all -@all +set)"));
}

// Recorded from its documentation: Debian has no server of it.
TEST(AclUserTest, ReadsWhatRedis60Says) {
  const auto user =
      Read({Bulk("flags"), Array({Bulk("on"), Bulk("allcommands")}),
            Bulk("passwords"), Array({}), Bulk("commands"), Bulk("+@all"),
            Bulk("keys"), Array({Bulk("a"), Bulk("*")})});
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_THAT(user->rules,
              ElementsAre("resetkeys", "~a", "~*", "-@all", "+@all"));
  EXPECT_FALSE(user->has_unknown_rules);
}

TEST(AclUserTest, WhatIsNotKnownIsNotPassedOver) {
  const auto field =
      Read({Bulk("flags"), Array({Bulk("off")}), Bulk("passwords"), Array({}),
            Bulk("commands"), Bulk("+@all"), Bulk("databases"), Bulk("0")});
  ASSERT_TRUE(field.ok());
  EXPECT_FALSE(field->on);
  EXPECT_TRUE(field->has_unknown_rules);
  const auto flag =
      Read({Bulk("flags"), Array({Bulk("on"), Bulk("weekends-only")}),
            Bulk("passwords"), Array({}), Bulk("commands"), Bulk("+@all")});
  ASSERT_TRUE(flag.ok());
  EXPECT_TRUE(flag->has_unknown_rules);
}

TEST(AclUserTest, NoPasswordOrStateIsTakenForARule) {
  for (const std::string keys : {"~a nopass", ">p", "on ~a"}) {
    const auto user =
        Read({Bulk("flags"), Array({Bulk("on")}), Bulk("passwords"), Array({}),
              Bulk("commands"), Bulk("+@all"), Bulk("keys"), Bulk(keys)});
    ASSERT_TRUE(user.ok());
    EXPECT_TRUE(user->has_unknown_rules) << keys;
  }
}

TEST(AclUserTest, AnythingElseIsNoUser) {
  ReplyReader reader;
  for (const std::string& reply :
       {std::string("+OK\r\n"), std::string("$-1\r\n"), Array({}),
        Array({Bulk("flags")}), Array({Bulk("flags"), Bulk("passwords")}),
        Array({Bulk("flags"), Array({}), Bulk("passwords"), Array({})}),
        Array({Bulk("flags"), ":1\r\n", Bulk("passwords"), Array({}),
               Bulk("commands"), Bulk("+@all")}),
        Array({Bulk("flags"), Array({}), Bulk("passwords"), Array({":1\r\n"}),
               Bulk("commands"), Bulk("+@all")}),
        Array({Bulk("flags"), Array({}), Bulk("passwords"), Array({}),
               Bulk("commands"), Bulk("+@all"), Bulk("selectors"),
               Array({Bulk("x")})})}) {
    EXPECT_EQ(ReadAclUser(**reader.Take(reply)).status().code(),
              absl::StatusCode::kInternal)
        << reply;
  }
}

TEST(AclUserTest, HashesAndMarks) {
  EXPECT_EQ(PasswordHash(crypto::SecretBuffer::CopyOf("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string mark = TwinMark("abc");
  EXPECT_EQ(mark,
            "6b657977617264207477696e206f6620ba7816bf8f01cfea414140de5dae2223");
  EXPECT_TRUE(IsTwinMark(mark));
  EXPECT_FALSE(IsTwinMark(PasswordHash(crypto::SecretBuffer::CopyOf("abc"))));
  EXPECT_NE(mark, TwinMark("abd"));
}

}  // namespace
}  // namespace keyward::target::redis
