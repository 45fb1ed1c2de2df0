// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/spiffe_id.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

TEST(SpiffeIdTest, SplitsDomainAndPath) {
  const SpiffeId id =
      SpiffeId::Parse("spiffe://corp.example/ns/a/sa/B").value();
  EXPECT_EQ(id.trust_domain(), "corp.example");
  EXPECT_EQ(id.path(), "/ns/a/sa/B");
  EXPECT_EQ(id.ToString(), "spiffe://corp.example/ns/a/sa/B");
}

TEST(SpiffeIdTest, AcceptsEveryCharacterOfTheStandard) {
  EXPECT_TRUE(SpiffeId::Parse("spiffe://az09.-_/AZaz09.-_/...").ok());
  EXPECT_TRUE(SpiffeId::Parse("spiffe://a/.hidden").ok());
}

TEST(SpiffeIdTest, P8_RefusesEveryOtherSpelling) {
  for (const char* text : {"",
                           "spiffe:",
                           "spiffe://",
                           "spiffe:///a",
                           "spiffe://corp",
                           "spiffe://corp/",
                           "spiffe://corp/a/",
                           "spiffe://corp//a",
                           "spiffe://corp/./a",
                           "spiffe://corp/../a",
                           "spiffe://corp/a/..",
                           "SPIFFE://corp/a",
                           "Spiffe://corp/a",
                           "spiffe://Corp/a",
                           "spiffe://corp:443/a",
                           "spiffe://user@corp/a",
                           "spiffe://corp/a?b",
                           "spiffe://corp/a#b",
                           "spiffe://corp/a%62",
                           "spiffe://corp%2e/a",
                           "spiffe://corp/a b",
                           " spiffe://corp/a",
                           "spiffe://corp/a\n",
                           "spiffe:/corp/a",
                           "https://corp/a",
                           "spiffe://corp/\xC3\xA9",
                           "spiffe://c\xC3\xB6rp/a",
                           "spiffe://corp/a:b",
                           "spiffe://corp/a*",
                           "spiffe://[::1]/a"}) {
    EXPECT_EQ(SpiffeId::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(SpiffeIdTest, P8_RefusesAnEmbeddedNul) {
  EXPECT_FALSE(
      SpiffeId::Parse(absl::string_view("spiffe://corp/a\0b", 17)).ok());
}

TEST(SpiffeIdTest, BoundsItsLength) {
  const std::string prefix = "spiffe://corp/";
  const std::string longest =
      prefix + std::string(SpiffeId::kMaxBytes - prefix.size(), 'a');
  EXPECT_TRUE(SpiffeId::Parse(longest).ok());
  EXPECT_FALSE(SpiffeId::Parse(longest + "a").ok());
}

TEST(SpiffeIdTest, ErrorsDoNotRepeatTheText) {
  EXPECT_THAT(SpiffeId::Parse("spiffe://corp/hunter2?").status().message(),
              ::testing::Not(::testing::HasSubstr("hunter2")));
}

TEST(CheckTrustDomainTest, KnowsTheStandardsBounds) {
  EXPECT_TRUE(CheckTrustDomain("keyward.internal").ok());
  EXPECT_TRUE(CheckTrustDomain(std::string(255, 'a')).ok());
  EXPECT_FALSE(CheckTrustDomain(std::string(256, 'a')).ok());
  EXPECT_FALSE(CheckTrustDomain("").ok());
  EXPECT_FALSE(CheckTrustDomain("a/b").ok());
}

}  // namespace
}  // namespace keyward::auth
