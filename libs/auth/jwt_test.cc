// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwt.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/signing_key_for_testing.h"

namespace keyward::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHeader[] = R"({"alg":"ES256","kid":"k1","typ":"JWT"})";
constexpr char kClaims[] =
    R"({"iss":"https://i","sub":"alice","aud":"keyward","exp":1000})";

std::string Refusal(absl::string_view token) {
  const absl::Status status = ParseJwt(token).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << token;
  return std::string(status.message());
}

std::string HeaderRefusal(absl::string_view header) {
  return Refusal(TokenForTesting(header, kClaims, "sig"));
}

std::string ClaimsRefusal(absl::string_view claims) {
  return Refusal(TokenForTesting(kHeader, claims, "sig"));
}

TEST(ParseJwtTest, TakesATokenApart) {
  const std::string token = TokenForTesting(
      kHeader,
      R"({"iss":"https://i","sub":"alice","aud":["a","b"],"exp":1000.5,)"
      R"("nbf":900,"iat":800,"jti":"id1","other":{"deep":[1]}})",
      "0123");
  const UnverifiedJwt jwt = ParseJwt(token).value();
  EXPECT_EQ(jwt.algorithm, JwsAlgorithm::kEs256);
  EXPECT_EQ(jwt.key_id, "k1");
  EXPECT_EQ(jwt.issuer, "https://i");
  EXPECT_EQ(jwt.subject, "alice");
  EXPECT_THAT(jwt.audiences, ElementsAre("a", "b"));
  EXPECT_EQ(jwt.expire_time, absl::FromUnixMillis(1000500));
  EXPECT_EQ(jwt.not_before, absl::FromUnixSeconds(900));
  EXPECT_EQ(jwt.issued_at, absl::FromUnixSeconds(800));
  EXPECT_EQ(jwt.id, "id1");
  EXPECT_EQ(token[jwt.signed_bytes], '.');
  EXPECT_EQ(jwt.signature_bytes, 4u);
}

TEST(ParseJwtTest, LeavesOutWhatIsAbsent) {
  const UnverifiedJwt jwt =
      ParseJwt(TokenForTesting(R"({"alg":"RS256"})", kClaims, "")).value();
  EXPECT_FALSE(jwt.key_id.has_value());
  EXPECT_FALSE(jwt.not_before.has_value());
  EXPECT_FALSE(jwt.issued_at.has_value());
  EXPECT_FALSE(jwt.id.has_value());
  EXPECT_EQ(jwt.signature_bytes, 0u);
}

TEST(ParseJwtTest, RefusesWhatIsNotThreePartsOfBase64url) {
  const std::string good = TokenForTesting(kHeader, kClaims, "sig");
  ASSERT_TRUE(ParseJwt(good).ok());
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("..."),
        std::string("a.b.c"), good + ".", good + "=", " " + good, good + "\n",
        "." + good, good.substr(0, good.rfind('.')),
        // The five parts of an encrypted token.
        good + ".a.b"}) {
    Refusal(token);
  }
}

TEST(ParseJwtTest, RefusesATokenThatIsTooLong) {
  const std::string token(kMaxTokenBytes + 1, 'a');
  EXPECT_THAT(Refusal(token), HasSubstr("8192"));
}

TEST(ParseJwtTest, P1_RefusesAlgorithmsWithoutAPublicKey) {
  for (const char* alg : {"none", "NONE", "HS256", "HS512", "EdDSA", "dir"}) {
    EXPECT_THAT(HeaderRefusal(absl::StrCat("{\"alg\":\"", alg, "\"}")),
                HasSubstr("algorithm"))
        << alg;
  }
  EXPECT_EQ(HeaderRefusal("{}"), "alg is missing");
  EXPECT_EQ(HeaderRefusal(R"({"alg":["ES256"]})"), "alg must be a string");
  EXPECT_THAT(HeaderRefusal(R"({"alg":null})"), HasSubstr("alg"));
}

TEST(ParseJwtTest, P8_RefusesHeadersThatDemandWhatWeDoNot) {
  for (const char* member :
       {R"("crit":["exp"])", R"("b64":false)", R"("jku":"https://evil")",
        R"("x5u":"https://evil")", R"("jwk":{})", R"("zip":"DEF")",
        R"("enc":"A128GCM")", R"("cty":"JWT")", R"("nonce":"x")"}) {
    EXPECT_EQ(HeaderRefusal(absl::StrCat("{\"alg\":\"ES256\",", member, "}")),
              "a header parameter is not supported")
        << member;
  }
}

TEST(ParseJwtTest, P8_RefusesTokensMadeForAnotherUse) {
  for (const char* type :
       {"logout+jwt", "dpop+jwt", "secevent+jwt", "", "JW"}) {
    EXPECT_THAT(
        HeaderRefusal(absl::StrCat(R"({"alg":"ES256","typ":")", type, "\"}")),
        HasSubstr("typ"))
        << type;
  }
  for (const char* type : {"jwt", "JOSE", "at+jwt", "application/at+JWT"}) {
    EXPECT_TRUE(
        ParseJwt(TokenForTesting(
                     absl::StrCat(R"({"alg":"ES256","typ":")", type, "\"}"),
                     kClaims, ""))
            .ok())
        << type;
  }
}

TEST(ParseJwtTest, P8_RefusesMembersThatStandTwice) {
  EXPECT_THAT(HeaderRefusal(R"({"alg":"ES256","alg":"none"})"),
              HasSubstr("twice"));
  EXPECT_THAT(
      ClaimsRefusal(R"({"iss":"i","sub":"a","sub":"b","aud":"k","exp":1})"),
      HasSubstr("twice"));
}

TEST(ParseJwtTest, P8_RefusesClaimsThatAreMissing) {
  EXPECT_EQ(ClaimsRefusal(R"({"sub":"a","aud":"k","exp":1})"),
            "iss is missing");
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","aud":"k","exp":1})"),
            "sub is missing");
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","sub":"a","exp":1})"),
            "aud is missing");
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","sub":"a","aud":"k"})"),
            "exp is missing");
}

TEST(ParseJwtTest, P8_RefusesClaimsOfTheWrongType) {
  const std::string rest = R"("aud":"k","exp":1})";
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","sub":7,)" + rest),
            "sub must be a string");
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","sub":["a"],)" + rest),
            "sub must be a string");
  EXPECT_EQ(ClaimsRefusal(R"({"iss":"i","sub":null,)" + rest),
            "sub must be a string");
  EXPECT_THAT(ClaimsRefusal(R"({"iss":"i","sub":"",)" + rest),
              HasSubstr("sub"));
  EXPECT_THAT(ClaimsRefusal(R"({"iss":"i","sub":"a","jti":1,)" + rest),
              HasSubstr("jti"));
  EXPECT_THAT(ClaimsRefusal(R"({"iss":"i","sub":"a","aud":[1],"exp":1})"),
              HasSubstr("aud"));
  EXPECT_THAT(ClaimsRefusal(R"({"iss":"i","sub":"a","aud":[],"exp":1})"),
              HasSubstr("aud"));
  EXPECT_THAT(ClaimsRefusal(R"({"iss":"i","sub":"a","aud":{},"exp":1})"),
              HasSubstr("aud"));
  EXPECT_EQ(ClaimsRefusal("[]"), "the JSON must be an object");
}

TEST(ParseJwtTest, P8_RefusesDatesThatAreNone) {
  for (const char* date :
       {"\"1000\"", "true", "null", "-1", "1e300", "{}", "253402300800"}) {
    const std::string start = R"({"iss":"i","sub":"a","aud":"k",)";
    EXPECT_THAT(ClaimsRefusal(absl::StrCat(start, "\"exp\":", date, "}")),
                HasSubstr("exp"))
        << date;
    EXPECT_THAT(
        ClaimsRefusal(absl::StrCat(start, "\"exp\":1,\"nbf\":", date, "}")),
        HasSubstr("nbf"))
        << date;
    EXPECT_THAT(
        ClaimsRefusal(absl::StrCat(start, "\"exp\":1,\"iat\":", date, "}")),
        HasSubstr("iat"))
        << date;
  }
}

TEST(ParseJwtTest, BoundsNamesAndLists) {
  const std::string rest = R"("aud":"k","exp":1})";
  EXPECT_THAT(ClaimsRefusal(absl::StrCat(R"({"iss":"i","sub":")",
                                         std::string(513, 'a'), "\",", rest)),
              HasSubstr("512"));
  EXPECT_THAT(ClaimsRefusal(absl::StrCat(R"({"iss":"i","sub":"a","jti":")",
                                         std::string(129, 'a'), "\",", rest)),
              HasSubstr("128"));
  std::string audiences = R"({"iss":"i","sub":"a","exp":1,"aud":["a")";
  for (size_t i = 0; i < kMaxAudiences; ++i) audiences += ",\"a\"";
  EXPECT_THAT(ClaimsRefusal(audiences + "]}"), HasSubstr("32"));
}

TEST(ParseJwtTest, NeverRepeatsTheToken) {
  EXPECT_THAT(HeaderRefusal(R"({"alg":"hunter2"})"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(HeaderRefusal(R"({"alg":"ES256","hunter2":1})"),
              Not(HasSubstr("hunter2")));
}

TEST(ParseJwtTest, AnswersEveryCutAndEveryFlip) {
  const std::string token = TokenForTesting(kHeader, kClaims, "sig");
  for (size_t i = 0; i < token.size(); ++i) {
    EXPECT_FALSE(ParseJwt(token.substr(0, i)).ok() && i < token.rfind('.'));
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto jwt = ParseJwt(flipped);
      if (!jwt.ok()) {
        EXPECT_EQ(jwt.status().code(), absl::StatusCode::kInvalidArgument);
      }
    }
  }
}

}  // namespace
}  // namespace keyward::auth
