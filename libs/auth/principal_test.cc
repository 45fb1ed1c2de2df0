// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/principal.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

using Kind = Principal::Kind;

TEST(PrincipalTest, ParsesEachKind) {
  EXPECT_EQ(Principal::Parse("spiffe://corp/a")->kind(), Kind::kSpiffe);
  EXPECT_EQ(Principal::Parse("oidc:corp:alice")->kind(), Kind::kOidc);
  EXPECT_EQ(Principal::Parse("k8s:prod:pay:api.v1")->kind(), Kind::kKubernetes);
  EXPECT_EQ(Principal::Parse("x509:ca1:CN=build%20host")->kind(), Kind::kX509);
  EXPECT_EQ(Principal::Parse("system:store")->kind(), Kind::kSystem);
}

TEST(PrincipalTest, KeepsTheTextAsItIs) {
  for (const char* text :
       {"spiffe://corp/a", "oidc:corp:auth0|12", "k8s:a:b:c", "system:audit"}) {
    EXPECT_EQ(Principal::Parse(text)->ToString(), text);
  }
}

TEST(PrincipalTest, P8_RefusesEverythingElse) {
  for (const char* text : {"",
                           "*",
                           "alice",
                           "spiffe:",
                           "spiffe://corp",
                           "SPIFFE://corp/a",
                           "oidc:",
                           "oidc:corp",
                           "oidc:corp:",
                           "oidc::alice",
                           "oidc:Corp:alice",
                           "oidc:co_rp:alice",
                           "oidc:-a:alice",
                           "oidc:corp:a b",
                           "oidc:corp:a\n",
                           "oidc:corp:a*",
                           "k8s:a:b",
                           "k8s:a:b:c:d",
                           "k8s:a:B:c",
                           "k8s::b:c",
                           "k8s:a:b:",
                           "x509:ca",
                           "x509:ca:",
                           "x509:ca:a\"b",
                           "system:",
                           "system:Store",
                           "system:1",
                           "system:a:b",
                           "user:a",
                           "oidc:corp:\xC3",
                           " system:store",
                           "system:store "}) {
    EXPECT_EQ(Principal::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(PrincipalTest, P8_RefusesSecondSpellingsOfASubject) {
  EXPECT_TRUE(Principal::Parse("oidc:corp:a%20b").ok());
  for (const char* text :
       {"oidc:corp:%61", "oidc:corp:a%2Fb", "oidc:corp:%c3%a9", "oidc:corp:%",
        "oidc:corp:%2", "oidc:corp:a%G0", "oidc:corp:a%0g"}) {
    EXPECT_FALSE(Principal::Parse(text).ok()) << text;
  }
}

TEST(PrincipalTest, P1_SubjectThatLooksLikeASpiffeIdStaysAnOidcName) {
  const Principal p = Principal::Oidc("corp", "spiffe://corp/admin").value();
  EXPECT_EQ(p.kind(), Kind::kOidc);
  EXPECT_EQ(p.ToString(), "oidc:corp:spiffe://corp/admin");
  EXPECT_NE(p,
            Principal::Spiffe(SpiffeId::Parse("spiffe://corp/admin").value()));
}

TEST(PrincipalTest, P1_SubjectCannotPassForAnotherIssuersOrKinds) {
  EXPECT_EQ(Principal::Oidc("a", "b:alice")->ToString(), "oidc:a:b:alice");
  EXPECT_FALSE(Principal::Oidc("a:b", "alice").ok());
  EXPECT_EQ(Principal::Oidc("a", "system:store")->kind(), Kind::kOidc);
}

TEST(PrincipalTest, EscapesWhatIsNotPlain) {
  EXPECT_EQ(Principal::Oidc("c", "a b\n")->ToString(), "oidc:c:a%20b%0A");
  EXPECT_EQ(
      Principal::Oidc("c", absl::string_view("\0\xC3\xA9%*\"", 6))->ToString(),
      "oidc:c:%00%C3%A9%25%2A%22");
}

TEST(PrincipalTest, EscapingIsInjectiveAndParsesBack) {
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string subject(1, static_cast<char>(byte));
    const Principal p = Principal::Oidc("c", subject).value();
    EXPECT_TRUE(seen.insert(p.ToString()).second) << byte;
    EXPECT_EQ(Principal::Parse(p.ToString()).value(), p) << byte;
    for (char c : p.ToString()) EXPECT_TRUE(c > 0x20 && c < 0x7F) << byte;
  }
}

TEST(PrincipalTest, P8_RefusesALongSubjectInsteadOfCuttingIt) {
  const std::string longest(Principal::kMaxBytes - 7, 'a');
  EXPECT_TRUE(Principal::Oidc("c", longest).ok());
  EXPECT_EQ(Principal::Oidc("c", longest + "a").status().code(),
            absl::StatusCode::kInvalidArgument);
  // Short enough, but not once it is escaped.
  EXPECT_FALSE(Principal::Oidc("c", std::string(100, ' ')).ok());
  EXPECT_FALSE(Principal::Oidc("c", "").ok());
  EXPECT_FALSE(Principal::Parse("oidc:c:" + std::string(250, 'a')).ok());
}

TEST(PrincipalTest, ComparesByText) {
  const Principal a = Principal::System("audit").value();
  const Principal b = Principal::System("store").value();
  EXPECT_TRUE(a == a);
  EXPECT_TRUE(a != b);
  EXPECT_TRUE(a < b);
}

}  // namespace
}  // namespace keyward::auth
