// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwt_authenticator.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/signing_key_for_testing.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kNowSeconds = 1'800'000'000;
const absl::Time kNow = absl::FromUnixSeconds(kNowSeconds);

// Members of the claims as JSON; an empty value leaves a member out.
struct Claims {
  std::string iss = R"("https://corp")";
  std::string sub = R"("alice")";
  std::string aud = R"("keyward")";
  std::string exp = absl::StrCat(kNowSeconds + 600);
  std::string iat = absl::StrCat(kNowSeconds);
  std::string nbf;
  std::string jti = R"("id1")";

  std::string ToJson() const {
    std::vector<std::string> members;
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"iss", iss},
                                                          {"sub", sub},
                                                          {"aud", aud},
                                                          {"exp", exp},
                                                          {"iat", iat},
                                                          {"nbf", nbf},
                                                          {"jti", jti}}) {
      if (!value.empty()) {
        members.push_back(absl::StrCat("\"", name, "\":", value));
      }
    }
    std::string json = "{";
    for (const std::string& member : members) {
      absl::StrAppend(&json, json.size() > 1 ? "," : "", member);
    }
    return json + "}";
  }
};

JwtIssuer IssuerOf(const SigningKeyForTesting& key) {
  return {.id = "corp",
          .issuer = "https://corp",
          .audiences = {"keyward", "keyward-eu"},
          .algorithms = {"ES256", "RS256"},
          .jwks = JwksForTesting({key.PublicJwk()}),
          .leeway = absl::Seconds(5)};
}

class JwtAuthenticatorTest : public ::testing::Test {
 protected:
  std::string Token(const Claims& claims) const {
    return key_.Sign("ES256", claims.ToJson());
  }

  absl::StatusOr<Credential> Authenticate(const std::string& token,
                                          absl::Time now = kNow) const {
    return authenticator_->Authenticate(token, now);
  }

  // Expects UNAUTHENTICATED and answers the message.
  std::string Refusal(const std::string& token, absl::Time now = kNow) const {
    const absl::Status status = Authenticate(token, now).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(status), kUnauthenticated);
    EXPECT_THAT(std::string(status.message()), StartsWith("bearer token: "));
    return std::string(status.message());
  }
  std::string Refusal(const Claims& claims, absl::Time now = kNow) const {
    return Refusal(Token(claims), now);
  }

  const SigningKeyForTesting key_ = SigningKeyForTesting::Ec("k1", "P-256");
  const std::unique_ptr<JwtAuthenticator> authenticator_ =
      JwtAuthenticator::Create({IssuerOf(key_)}).value();
};

TEST_F(JwtAuthenticatorTest, ProvesTheSubjectOfItsIssuer) {
  const Credential c = Authenticate(Token({})).value();
  EXPECT_EQ(c.principal().ToString(), "oidc:corp:alice");
  EXPECT_EQ(c.method(), AuthenticationMethod::kJwt);
  EXPECT_EQ(c.id(), "jwt:corp:id1");
  EXPECT_EQ(c.expire_time(), kNow + absl::Seconds(605));
}

TEST_F(JwtAuthenticatorTest, AcceptsAnyOfItsAudiencesAmongOthers) {
  Claims claims;
  claims.aud = R"(["other","keyward-eu"])";
  EXPECT_TRUE(Authenticate(Token(claims)).ok());
}

TEST_F(JwtAuthenticatorTest, P1_RefusesTokensForOtherServices) {
  Claims claims;
  for (const char* aud :
       {R"("other")", R"(["other","keyward2"])", R"("keyward ")",
        R"("KEYWARD")", R"("key")", R"("*")"}) {
    claims.aud = aud;
    EXPECT_THAT(Refusal(claims), HasSubstr("aud")) << aud;
  }
  claims.aud = "";
  EXPECT_THAT(Refusal(claims), HasSubstr("aud is missing"));
}

TEST_F(JwtAuthenticatorTest, P1_RefusesOtherIssuers) {
  Claims claims;
  for (const char* iss : {R"("https://evil")", R"("https://corp/")",
                          R"("HTTPS://corp")", R"("corp")"}) {
    claims.iss = iss;
    EXPECT_THAT(Refusal(claims), HasSubstr("iss is not")) << iss;
  }
}

TEST_F(JwtAuthenticatorTest, P1_RefusesUnsignedTokens) {
  const std::string claims = Claims().ToJson();
  EXPECT_THAT(Refusal(TokenForTesting(R"({"alg":"none"})", claims, "")),
              HasSubstr("algorithm"));
  EXPECT_THAT(
      Refusal(TokenForTesting(R"({"alg":"ES256","kid":"k1"})", claims, "")),
      HasSubstr("signature"));
}

// The public key, which everyone has, used as the secret of an HMAC.
TEST_F(JwtAuthenticatorTest, P1_RefusesAnHmacKeyedWithThePublicKey) {
  const auto forger = SigningKeyForTesting::Symmetric("k1", key_.PublicJwk());
  EXPECT_THAT(Refusal(forger.Sign("HS256", Claims().ToJson())),
              HasSubstr("algorithm"));
}

TEST_F(JwtAuthenticatorTest, P1_RefusesAKeyThatTheTokenBrings) {
  const auto evil = SigningKeyForTesting::Ec("k1", "P-256");
  EXPECT_THAT(Refusal(evil.Sign("ES256", Claims().ToJson(),
                                {{"jwk", evil.PublicJwk()}})),
              HasSubstr("header parameter"));
  EXPECT_THAT(Refusal(evil.Sign("ES256", Claims().ToJson())),
              HasSubstr("signature is wrong"));
}

TEST_F(JwtAuthenticatorTest, P8_RefusesCriticalHeadersThoughWellSigned) {
  EXPECT_THAT(
      Refusal(key_.Sign("ES256", Claims().ToJson(), {{"crit", R"(["exp"])"}})),
      HasSubstr("header parameter"));
}

TEST_F(JwtAuthenticatorTest, RefusesAnAlgorithmThatItsIssuerDoesNotUse) {
  JwtIssuer issuer = IssuerOf(key_);
  issuer.algorithms = {"RS256"};
  const auto strict = JwtAuthenticator::Create({issuer}).value();
  EXPECT_THAT(strict->Authenticate(Token({}), kNow).status().message(),
              HasSubstr("alg"));
}

// The subject that a token's issuer chose must not become another kind of
// principal, whatever it looks like.
TEST_F(JwtAuthenticatorTest, P1_MintsOnlyItsIssuersPrincipals) {
  Claims claims;
  for (const auto& [sub, principal] :
       std::vector<std::pair<std::string, std::string>>{
           {R"("spiffe://keyward.internal/user/admin")",
            "oidc:corp:spiffe://keyward.internal/user/admin"},
           {R"("system:store")", "oidc:corp:system:store"},
           {R"("oidc:other:admin")", "oidc:corp:oidc:other:admin"},
           {R"("a\nspiffe://x/y")", "oidc:corp:a%0Aspiffe://x/y"},
           {R"("a\u0000b")", "oidc:corp:a%00b"}}) {
    claims.sub = sub;
    const auto credential = Authenticate(Token(claims));
    ASSERT_TRUE(credential.ok()) << credential.status();
    EXPECT_EQ(credential->principal().kind(), Principal::Kind::kOidc);
    EXPECT_EQ(credential->principal().ToString(), principal);
  }
}

TEST_F(JwtAuthenticatorTest, P8_RefusesSubjectsThatAreNoNames) {
  Claims claims;
  for (const std::string& sub :
       {std::string("7"), std::string("[\"alice\"]"), std::string("\"\""),
        std::string(), std::string("null"),
        absl::StrCat("\"", std::string(250, 'a'), "\"")}) {
    claims.sub = sub;
    EXPECT_THAT(Refusal(claims), HasSubstr("sub")) << sub;
  }
}

TEST_F(JwtAuthenticatorTest, P1_RefusesExpiredTokensAfterTheLeeway) {
  Claims claims;
  claims.exp = absl::StrCat(kNowSeconds);
  claims.iat = absl::StrCat(kNowSeconds - 60);
  EXPECT_TRUE(Authenticate(Token(claims), kNow + absl::Seconds(4)).ok());
  EXPECT_THAT(Refusal(claims, kNow + absl::Seconds(5)), HasSubstr("expired"));
  claims.exp = "";
  EXPECT_THAT(Refusal(claims), HasSubstr("exp is missing"));
}

TEST_F(JwtAuthenticatorTest, P1_RefusesTokensFromTheFuture) {
  Claims claims;
  claims.nbf = absl::StrCat(kNowSeconds + 5);
  EXPECT_TRUE(Authenticate(Token(claims)).ok());
  claims.nbf = absl::StrCat(kNowSeconds + 6);
  EXPECT_THAT(Refusal(claims), HasSubstr("nbf"));
  claims.nbf = "";
  claims.iat = absl::StrCat(kNowSeconds + 6);
  EXPECT_THAT(Refusal(claims), HasSubstr("iat"));
}

TEST_F(JwtAuthenticatorTest, P8_RefusesTokensThatLiveTooLong) {
  Claims claims;
  claims.exp = absl::StrCat(kNowSeconds + 24 * 3600);
  EXPECT_TRUE(Authenticate(Token(claims)).ok());
  claims.exp = absl::StrCat(kNowSeconds + 24 * 3600 + 1);
  EXPECT_THAT(Refusal(claims), HasSubstr("24 hours"));
  claims.iat = "";
  EXPECT_THAT(Refusal(claims), HasSubstr("24 hours"));
  claims.nbf = absl::StrCat(kNowSeconds - 1);
  claims.exp = absl::StrCat(kNowSeconds + 24 * 3600);
  EXPECT_THAT(Refusal(claims), HasSubstr("24 hours"));
}

TEST_F(JwtAuthenticatorTest, P1_KeepsTheKeysOfIssuersApart) {
  const auto other_key = SigningKeyForTesting::Ec("k1", "P-256");
  JwtIssuer other = IssuerOf(other_key);
  other.id = "other";
  other.issuer = "https://other";
  const auto both = JwtAuthenticator::Create({IssuerOf(key_), other}).value();
  Claims claims;
  claims.iss = R"("https://other")";
  // Signed by corp's key of the same kid, in the name of the other issuer.
  EXPECT_THAT(both->Authenticate(Token(claims), kNow).status().message(),
              HasSubstr("signature is wrong"));
  const auto honest =
      both->Authenticate(other_key.Sign("ES256", claims.ToJson()), kNow);
  EXPECT_EQ(honest->principal().ToString(), "oidc:other:alice");
}

TEST_F(JwtAuthenticatorTest, NamesATokenWithoutJtiByWhatWasSigned) {
  Claims claims;
  claims.jti = "";
  const std::string token = Token(claims);
  const std::string id = Authenticate(token)->id();
  EXPECT_THAT(id, StartsWith("jwt:sha256:"));
  EXPECT_EQ(id.size(), 11u + 64u);
  claims.sub = R"("bob")";
  EXPECT_NE(Authenticate(Token(claims))->id(), id);
  // Signed again (ECDSA draws another nonce): other bytes, the same id.
  claims.sub = R"("alice")";
  const std::string again = Token(claims);
  EXPECT_NE(again, token);
  EXPECT_EQ(Authenticate(again)->id(), id);
}

TEST_F(JwtAuthenticatorTest, EscapesTheJti) {
  Claims claims;
  claims.jti = R"("a b\n")";
  EXPECT_EQ(Authenticate(Token(claims))->id(), "jwt:corp:a%20b%0A");
}

TEST_F(JwtAuthenticatorTest, ErrorsRepeatNothingOfTheToken) {
  Claims claims;
  claims.sub = R"("hunter2")";
  claims.aud = R"("hunter2")";
  EXPECT_THAT(Refusal(claims), Not(HasSubstr("hunter2")));
  claims.iss = R"("https://hunter2")";
  EXPECT_THAT(Refusal(claims), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("hunter2.hunter2.hunter2"), Not(HasSubstr("hunter2")));
}

TEST_F(JwtAuthenticatorTest, RefusesATokenThatIsTooLong) {
  Claims claims;
  claims.jti = absl::StrCat("\"", std::string(9000, 'a'), "\"");
  EXPECT_THAT(Refusal(claims), HasSubstr("8192"));
}

TEST_F(JwtAuthenticatorTest, P8_RefusesEveryTokenWithoutIssuers) {
  const auto none = JwtAuthenticator::Create({}).value();
  EXPECT_EQ(none->Authenticate(Token({}), kNow).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(JwtAuthenticatorTest, P1_RefusesEveryTokenWithAFlippedBit) {
  const std::string token = Token({});
  ASSERT_TRUE(Authenticate(token).ok());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string flipped = token;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(Authenticate(flipped).ok()) << i;
  }
}

// What is wrong with the configuration is said, not worked around.
class JwtIssuerTest : public ::testing::Test {
 protected:
  std::string Refusal(const std::vector<JwtIssuer>& issuers) {
    const absl::Status status = JwtAuthenticator::Create(issuers).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  JwtIssuer issuer_ = IssuerOf(SigningKeyForTesting::Ec("k1", "P-256"));
};

TEST_F(JwtIssuerTest, NeedsAnIdThatPrincipalsCanCarry) {
  for (const char* id : {"", "Corp", "a:b", "-a", "a b", "sha256"}) {
    issuer_.id = id;
    Refusal({issuer_});
  }
  issuer_.id = std::string(64, 'a');
  Refusal({issuer_});
}

TEST_F(JwtIssuerTest, P8_NeedsAnAudience) {
  issuer_.audiences.clear();
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("audiences"));
  issuer_.audiences = {""};
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("audiences"));
  issuer_.audiences.assign(17, "a");
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("audiences"));
}

TEST_F(JwtIssuerTest, P8_CannotAllowWeakAlgorithms) {
  for (const char* name : {"none", "HS256", "EdDSA", ""}) {
    issuer_.algorithms = {"ES256", name};
    EXPECT_THAT(Refusal({issuer_}), HasSubstr("algorithm")) << name;
  }
  issuer_.algorithms.clear();
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("algorithms"));
}

TEST_F(JwtIssuerTest, BoundsTheLeeway) {
  issuer_.leeway = absl::Seconds(31);
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("leeway"));
  issuer_.leeway = -absl::Seconds(1);
  EXPECT_THAT(Refusal({issuer_}), HasSubstr("leeway"));
}

TEST_F(JwtIssuerTest, NamesTheIssuerWhoseKeysAreBroken) {
  issuer_.jwks = "{}";
  EXPECT_THAT(Refusal({issuer_}), StartsWith("issuer \"corp\": a key set"));
}

TEST_F(JwtIssuerTest, P8_RefusesTwoIssuersOfOneIdOrUrl) {
  JwtIssuer twin = issuer_;
  twin.issuer = "https://twin";
  EXPECT_THAT(Refusal({issuer_, twin}), HasSubstr("same id"));
  twin = issuer_;
  twin.id = "twin";
  EXPECT_THAT(Refusal({issuer_, twin}), HasSubstr("same URL"));
}

TEST_F(JwtIssuerTest, BoundsTheNumberOfIssuers) {
  EXPECT_THAT(Refusal(std::vector<JwtIssuer>(33, issuer_)), HasSubstr("32"));
}

// What a credential is worth to issuers that were configured after it.
class ReauthenticateTest : public JwtAuthenticatorTest {
 protected:
  // Asks an authenticator of `issuers` for the credential of a good token.
  absl::StatusOr<Credential> Again(std::vector<JwtIssuer> issuers,
                                   absl::Time now = kNow) const {
    return JwtAuthenticator::Create(std::move(issuers))
        .value()
        ->Reauthenticate(credential_, now);
  }
  std::string RefusedAgain(std::vector<JwtIssuer> issuers,
                           absl::Time now = kNow) const {
    const absl::Status status = Again(std::move(issuers), now).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(status), kUnauthenticated);
    return std::string(status.message());
  }

  static Claims OfTwoAudiences() {
    Claims claims;
    claims.aud = R"(["other","keyward-eu","keyward"])";
    return claims;
  }

  const SigningKeyForTesting other_ = SigningKeyForTesting::Ec("k1", "P-256");
  const Credential credential_ = Authenticate(Token(OfTwoAudiences())).value();
};

TEST_F(ReauthenticateTest, AnswersTheSameUnderTheSameIssuers) {
  const auto again = Again({IssuerOf(key_)});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->principal().ToString(), "oidc:corp:alice");
  EXPECT_EQ(again->method(), AuthenticationMethod::kJwt);
  EXPECT_EQ(again->id(), credential_.id());
  EXPECT_EQ(again->expire_time(), credential_.expire_time());
  // And can be asked again.
  EXPECT_TRUE(JwtAuthenticator::Create({IssuerOf(key_)})
                  .value()
                  ->Reauthenticate(*again, kNow)
                  .ok());
}

TEST_F(ReauthenticateTest, P1_RefusesWhatItsIssuerNoLongerVouchesFor) {
  EXPECT_THAT(RefusedAgain({}), HasSubstr("iss"));
  JwtIssuer issuer = IssuerOf(key_);
  issuer.issuer = "https://elsewhere";
  EXPECT_THAT(RefusedAgain({issuer}), HasSubstr("iss"));
  EXPECT_THAT(RefusedAgain({IssuerOf(other_)}), HasSubstr("another key"));
  issuer = IssuerOf(key_);
  issuer.algorithms = {"RS256"};
  EXPECT_THAT(RefusedAgain({issuer}), HasSubstr("alg"));
}

// The subject would be another principal's.
TEST_F(ReauthenticateTest, P1_RefusesAnIssuerUnderAnotherId) {
  JwtIssuer issuer = IssuerOf(key_);
  issuer.id = "corp2";
  EXPECT_THAT(RefusedAgain({issuer}), HasSubstr("another id"));
}

TEST_F(ReauthenticateTest, P1_RefusesAnAudienceThatIsTakenOut) {
  JwtIssuer issuer = IssuerOf(key_);
  issuer.audiences = {"keyward-eu", "more"};
  EXPECT_TRUE(Again({issuer}).ok());
  issuer.audiences = {"more"};
  EXPECT_THAT(RefusedAgain({issuer}), HasSubstr("aud"));
}

TEST_F(ReauthenticateTest, TheLeewayIsTheIssuersOfNow) {
  JwtIssuer issuer = IssuerOf(key_);
  issuer.leeway = absl::ZeroDuration();
  const absl::Time end = kNow + absl::Seconds(600);
  EXPECT_EQ(Again({issuer})->expire_time(), end);
  EXPECT_TRUE(Again({issuer}, end - absl::Seconds(1)).ok());
  EXPECT_THAT(RefusedAgain({issuer}, end), HasSubstr("expired"));
}

}  // namespace
}  // namespace keyward::auth
