// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwk_set.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/auth/signing_key_for_testing.h"
#include "libs/crypto/openssl_error.h"
#include "nlohmann/json.hpp"

namespace keyward::auth {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;

constexpr char kClaims[] =
    R"({"iss":"https://i","sub":"alice","aud":"keyward","exp":1000})";

// Making an RSA key takes a while; one serves all tests that change nothing.
const SigningKeyForTesting& RsaKey() {
  static const auto* const key =
      new SigningKeyForTesting(SigningKeyForTesting::Rsa("rsa"));
  return *key;
}

json PublicJson(const SigningKeyForTesting& key) {
  return json::parse(key.PublicJwk());
}

std::string Refusal(const std::vector<std::string>& jwks) {
  const absl::Status status = JwkSet::Parse(JwksForTesting(jwks)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

absl::Status Verify(const JwkSet& set, const std::string& token) {
  return set.Verify(token, ParseJwt(token).value()).status();
}

TEST(JwkSetTest, VerifiesEveryAlgorithm) {
  for (const char* alg :
       {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
    const auto set = JwkSet::Parse(JwksForTesting({RsaKey().PublicJwk()}));
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_TRUE(Verify(**set, RsaKey().Sign(alg, kClaims)).ok()) << alg;
  }
  for (const auto& [alg, curve] :
       std::vector<std::pair<const char*, const char*>>{
           {"ES256", "P-256"}, {"ES384", "P-384"}, {"ES512", "P-521"}}) {
    const auto key = SigningKeyForTesting::Ec("ec", curve);
    const auto set = JwkSet::Parse(JwksForTesting({key.PublicJwk()}));
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_TRUE(Verify(**set, key.Sign(alg, kClaims)).ok()) << alg;
  }
}

TEST(JwkSetTest, P1_RefusesAnySignatureWithAFlippedBit) {
  const auto key = SigningKeyForTesting::Ec("ec", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({key.PublicJwk()})).value();
  const std::string token = key.Sign("ES256", kClaims);
  const size_t dot = token.rfind('.');
  std::string signature;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token.substr(dot + 1), &signature));
  for (size_t i = 0; i < signature.size(); i += 7) {
    std::string flipped = signature;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const std::string forged = absl::StrCat(token.substr(0, dot + 1),
                                            absl::WebSafeBase64Escape(flipped));
    EXPECT_EQ(Verify(*set, forged).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(JwkSetTest, P1_RefusesClaimsThatWereChanged) {
  const auto key = SigningKeyForTesting::Ec("ec", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({key.PublicJwk()})).value();
  const std::string token = key.Sign("ES256", kClaims);
  const std::string claims = absl::WebSafeBase64Escape(
      absl::StrReplaceAll(kClaims, {{"alice", "admin"}}));
  const std::string forged =
      absl::StrCat(token.substr(0, token.find('.') + 1), claims,
                   token.substr(token.rfind('.')));
  EXPECT_EQ(Verify(*set, forged).message(), "the signature is wrong");
}

TEST(JwkSetTest, P1_RefusesSignaturesOfTheWrongLength) {
  const auto key = SigningKeyForTesting::Ec("ec", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({key.PublicJwk()})).value();
  const std::string token = key.Sign("ES256", kClaims);
  const std::string start = token.substr(0, token.rfind('.') + 1);
  for (size_t length : {0, 1, 2, 63, 65, 128}) {
    const std::string signature(length, '\0');
    EXPECT_EQ(
        Verify(*set, start + absl::WebSafeBase64Escape(signature)).message(),
        "the signature has the wrong length")
        << length;
  }
  EXPECT_EQ(
      Verify(*set, start + absl::WebSafeBase64Escape(std::string(64, '\0')))
          .message(),
      "the signature is wrong");
}

TEST(JwkSetTest, P1_RefusesAnotherKeyOfTheSameKid) {
  const auto ours = SigningKeyForTesting::Ec("k", "P-256");
  const auto theirs = SigningKeyForTesting::Ec("k", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({ours.PublicJwk()})).value();
  EXPECT_EQ(Verify(*set, theirs.Sign("ES256", kClaims)).message(),
            "the signature is wrong");
}

TEST(JwkSetTest, P1_RefusesAlgorithmsThatAreNotTheKeys) {
  const auto ec = SigningKeyForTesting::Ec("rsa", "P-256");
  const auto p384 = SigningKeyForTesting::Ec("ec", "P-384");
  const auto set =
      JwkSet::Parse(JwksForTesting({RsaKey().PublicJwk(), p384.PublicJwk()}))
          .value();
  // An EC signature under the RSA key's kid, and the wrong curve.
  EXPECT_THAT(Verify(*set, ec.Sign("ES256", kClaims)).message(),
              HasSubstr("alg is not"));
  EXPECT_THAT(Verify(*set, p384.Sign("ES256", kClaims)).message(),
              HasSubstr("alg is not"));
  EXPECT_TRUE(Verify(*set, p384.Sign("ES384", kClaims)).ok());
}

TEST(JwkSetTest, HoldsAKeyToTheAlgorithmThatItNames) {
  json key = PublicJson(RsaKey());
  key["alg"] = "PS256";
  const auto set = JwkSet::Parse(JwksForTesting({key.dump()})).value();
  EXPECT_TRUE(Verify(*set, RsaKey().Sign("PS256", kClaims)).ok());
  EXPECT_FALSE(Verify(*set, RsaKey().Sign("RS256", kClaims)).ok());
}

TEST(JwkSetTest, P8_RefusesAKidThatItDoesNotHave) {
  const auto ours = SigningKeyForTesting::Ec("a", "P-256");
  const auto other = SigningKeyForTesting::Ec("b", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({ours.PublicJwk()})).value();
  EXPECT_EQ(Verify(*set, other.Sign("ES256", kClaims)).message(),
            "kid names no key of this issuer");
}

TEST(JwkSetTest, NeedsAKidUnlessThereIsOneKey) {
  auto anonymous = SigningKeyForTesting::Ec("", "P-256");
  const auto one =
      JwkSet::Parse(JwksForTesting({anonymous.PublicJwk()})).value();
  EXPECT_TRUE(Verify(*one, anonymous.Sign("ES256", kClaims)).ok());
  const auto a = SigningKeyForTesting::Ec("a", "P-256");
  const auto b = SigningKeyForTesting::Ec("b", "P-256");
  const auto two =
      JwkSet::Parse(JwksForTesting({a.PublicJwk(), b.PublicJwk()})).value();
  EXPECT_THAT(Verify(*two, anonymous.Sign("ES256", kClaims)).message(),
              HasSubstr("kid is missing"));
  EXPECT_THAT(Refusal({a.PublicJwk(), anonymous.PublicJwk()}),
              HasSubstr("without kid"));
}

TEST(JwkSetTest, LeavesOutKeysForOtherUses) {
  const auto ec = SigningKeyForTesting::Ec("ec", "P-256");
  json encryption = PublicJson(RsaKey());
  encryption["use"] = "enc";
  json wrapping = PublicJson(RsaKey());
  wrapping["key_ops"] = json::array({"wrapKey"});
  json other_alg = PublicJson(RsaKey());
  other_alg["alg"] = "RSA-OAEP";
  const std::string okp = R"({"kty":"OKP","crv":"Ed25519","x":"AA"})";
  const auto set = JwkSet::Parse(JwksForTesting(
      {encryption.dump(), wrapping.dump(), other_alg.dump(), okp,
       R"({"kty":"EC","crv":"secp256k1"})", "{}", ec.PublicJwk()}));
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ((*set)->size(), 1u);
  EXPECT_THAT(Refusal({encryption.dump(), okp}), HasSubstr("no key"));
}

TEST(JwkSetTest, P8_RefusesSecretsInAPublicDocument) {
  EXPECT_THAT(Refusal({RsaKey().PrivateJwk()}),
              HasSubstr("key 1: a private key"));
  const auto ec = SigningKeyForTesting::Ec("ec", "P-256");
  const auto oct = SigningKeyForTesting::Symmetric("s", "0123456789abcdef");
  EXPECT_THAT(Refusal({ec.PublicJwk(), oct.PrivateJwk()}),
              HasSubstr("key 2: a symmetric key"));
}

TEST(JwkSetTest, P8_RefusesWeakAndHugeRsaKeys) {
  const auto weak = SigningKeyForTesting::Rsa("weak", 1024);
  EXPECT_THAT(Refusal({weak.PublicJwk()}), HasSubstr("2048"));
  json huge = PublicJson(RsaKey());
  huge["n"] = absl::WebSafeBase64Escape(std::string(1025, '\xFF'));
  EXPECT_THAT(Refusal({huge.dump()}), HasSubstr("8192"));
  // 2047 bits, and 1024 behind many zeros.
  json almost = PublicJson(RsaKey());
  almost["n"] = absl::WebSafeBase64Escape("\x7F" + std::string(255, '\xFF'));
  EXPECT_THAT(Refusal({almost.dump()}), HasSubstr("2048"));
  almost["n"] = absl::WebSafeBase64Escape(std::string(300, '\0') +
                                          std::string(128, '\xFF'));
  EXPECT_THAT(Refusal({almost.dump()}), HasSubstr("2048"));
  json even = PublicJson(RsaKey());
  even["n"] = absl::WebSafeBase64Escape(std::string(255, '\xFF') + "\xFE");
  EXPECT_THAT(Refusal({even.dump()}), HasSubstr("odd"));
}

// With the exponent 1 a message is its own signature.
TEST(JwkSetTest, P1_RefusesDangerousRsaExponents) {
  for (const char* e :
       {"AQ", "Aw", "EQ", "AQAA", "AA", "", "AQAAAAE", "AQAAAAAAAAAB"}) {
    json key = PublicJson(RsaKey());
    key["e"] = e;
    EXPECT_THAT(Refusal({key.dump()}), HasSubstr("exponent")) << e;
  }
}

TEST(JwkSetTest, P8_RefusesAPointThatIsNotOnItsCurve) {
  const auto key = SigningKeyForTesting::Ec("ec", "P-256");
  json broken = PublicJson(key);
  broken["y"] = broken["x"];
  EXPECT_THAT(Refusal({broken.dump()}), HasSubstr("key 1: not a key"));
  broken["y"] = "AA";
  EXPECT_THAT(Refusal({broken.dump()}), HasSubstr("32 bytes"));
  broken.erase("y");
  EXPECT_THAT(Refusal({broken.dump()}), HasSubstr("y is missing"));
}

TEST(JwkSetTest, P8_RefusesTwoKeysOfOneKid) {
  const auto a = SigningKeyForTesting::Ec("k", "P-256");
  const auto b = SigningKeyForTesting::Ec("k", "P-384");
  EXPECT_THAT(Refusal({a.PublicJwk(), b.PublicJwk()}),
              HasSubstr("key 2: another key has the same kid"));
}

TEST(JwkSetTest, RefusesMalformedMembers) {
  json key = PublicJson(SigningKeyForTesting::Ec("ec", "P-256"));
  key["kid"] = 5;
  EXPECT_THAT(Refusal({key.dump()}), HasSubstr("kid"));
  key["kid"] = std::string(129, 'k');
  EXPECT_THAT(Refusal({key.dump()}), HasSubstr("kid"));
  key["kid"] = "k";
  key["x"] = "not base64url!";
  EXPECT_THAT(Refusal({key.dump()}), HasSubstr("base64url"));
  EXPECT_THAT(Refusal({"5"}), HasSubstr("object"));
}

TEST(JwkSetTest, BoundsTheDocument) {
  const std::string key = SigningKeyForTesting::Ec("k", "P-256").PublicJwk();
  EXPECT_THAT(Refusal(std::vector<std::string>(JwkSet::kMaxKeys + 1, "{}")),
              HasSubstr("64"));
  const std::string padded =
      JwksForTesting({key}) + std::string(JwkSet::kMaxBytes, ' ');
  EXPECT_EQ(JwkSet::Parse(padded).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(JwkSetTest, RefusesDocumentsThatAreNoKeySet) {
  for (const char* text :
       {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})",
        R"({"keys":[],"keys":[]})", "-----BEGIN PUBLIC KEY-----"}) {
    EXPECT_EQ(JwkSet::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

// TLS on the same thread would take the entries for its own failure.
TEST(JwkSetTest, LeavesNothingInOpensslsErrorQueue) {
  const auto key = SigningKeyForTesting::Ec("k", "P-256");
  const auto set = JwkSet::Parse(JwksForTesting({key.PublicJwk()})).value();
  const std::string token = key.Sign("ES256", kClaims);
  const std::string zeros = absl::WebSafeBase64Escape(std::string(64, '\0'));
  ASSERT_FALSE(
      Verify(*set, token.substr(0, token.rfind('.') + 1) + zeros).ok());
  json broken = PublicJson(key);
  broken["y"] = broken["x"];
  Refusal({broken.dump()});
  const absl::Status first =
      crypto::OpensslError(absl::StatusCode::kInternal, "probe");
  const absl::Status empty =
      crypto::OpensslError(absl::StatusCode::kInternal, "probe");
  EXPECT_EQ(first, empty);
}

TEST(JwkSetTest, AnswersEveryFlipOfADocument) {
  const std::string text =
      JwksForTesting({SigningKeyForTesting::Ec("k", "P-256").PublicJwk()});
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; bit += 3) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto set = JwkSet::Parse(flipped);
      if (!set.ok()) {
        EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
      }
    }
  }
}

// The example of RFC 7638, 3.1.
TEST(JwkSetTest, TellsTheThumbprintOfTheKey) {
  const std::string n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7a"
      "PFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXAr"
      "wl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d"
      "0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd"
      "2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  const auto set = JwkSet::Parse(JwksForTesting({json{
      {"kty", "RSA"},
      {"n", n},
      {"e", "AQAB"},
      {"alg", "RS256"},
      {"kid", "2011-04-29"}}.dump()}));
  ASSERT_TRUE(set.ok()) << set.status();
  std::string expected;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", &expected));
  crypto::Sha256Digest thumbprint{};
  std::copy(expected.begin(), expected.end(), thumbprint.begin());
  EXPECT_TRUE((*set)
                  ->CheckKey(JwsAlgorithm::kRs256, std::string("2011-04-29"),
                             thumbprint)
                  .ok());
}

TEST(JwkSetTest, TellsWhetherAKeyIsStillTheOneThatVerified) {
  const auto key = SigningKeyForTesting::Ec("k", "P-256");
  const auto other = SigningKeyForTesting::Ec("k", "P-256");
  const auto third = SigningKeyForTesting::Ec("third", "P-256");
  const std::string token = key.Sign("ES256", kClaims);
  const crypto::Sha256Digest print =
      JwkSet::Parse(JwksForTesting({key.PublicJwk()}))
          .value()
          ->Verify(token, ParseJwt(token).value())
          .value();
  const auto check = [&](const std::vector<std::string>& keys,
                         absl::optional<std::string> kid = std::string("k"),
                         JwsAlgorithm algorithm = JwsAlgorithm::kEs256) {
    return std::string(JwkSet::Parse(JwksForTesting(keys))
                           .value()
                           ->CheckKey(algorithm, kid, print)
                           .message());
  };
  EXPECT_EQ(check({key.PublicJwk()}), "");
  EXPECT_EQ(check({third.PublicJwk(), key.PublicJwk()}), "");
  EXPECT_EQ(check({key.PublicJwk()}, absl::nullopt), "");
  EXPECT_EQ(check({other.PublicJwk()}),
            "its issuer has another key of that name");
  EXPECT_EQ(check({third.PublicJwk()}), "kid names no key of this issuer");
  EXPECT_EQ(check({third.PublicJwk(), key.PublicJwk()}, absl::nullopt),
            "kid is missing, and the issuer has several keys");
  EXPECT_EQ(check({key.PublicJwk()}, std::string("k"), JwsAlgorithm::kEs384),
            "alg is not the one of the key that kid names");
}

}  // namespace
}  // namespace keyward::auth
