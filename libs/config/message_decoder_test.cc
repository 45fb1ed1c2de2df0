// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/message_decoder.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename Config>
absl::StatusOr<Config> Decode(absl::string_view text) {
  absl::StatusOr<YamlNode> root = ParseYaml(text, "f.yaml");
  if (!root.ok()) return root.status();
  auto message = DecodeMessage(*root, Config::default_instance(), "/h");
  if (!message.ok()) return message.status();
  return static_cast<Config&>(**message);
}

// Expects a refusal and answers its message.
std::string Refusal(absl::string_view text) {
  const absl::Status status = Decode<v1::GatewayConfig>(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

YamlNode Text(absl::string_view text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kUnparsed;
  node.scalar = std::string(text);
  node.where = "--set";
  return node;
}

TEST(DecodeMessageTest, FillsEveryDefaultWhenTheFileIsEmpty) {
  const v1::GatewayConfig config = Decode<v1::GatewayConfig>("").value();
  EXPECT_EQ(config.listen().address(), "127.0.0.1:7100");
  EXPECT_EQ(config.listen().tls().cert_file(), "/h/tls/gateway.pem");
  ASSERT_EQ(config.trust_domains_size(), 1);
  EXPECT_EQ(config.trust_domains(0).bundle_file(), "/h/keys/ca.pem");
  EXPECT_EQ(config.service_identities().at(
                "spiffe://keyward.internal/service/rotation"),
            "rotation");
  EXPECT_EQ(config.limits().max_connection_age().seconds(), 3600);
  EXPECT_EQ(config.log().level(), v1::LOG_LEVEL_INFO);
  EXPECT_TRUE(config.reflection());
}

TEST(DecodeMessageTest, LetsTheFileWinAndKeepsTheOtherDefaults) {
  const v1::GatewayConfig config =
      Decode<v1::GatewayConfig>(
          "listen:\n  address: 0.0.0.0:1\nreflection: false\n"
          "limits: {burst: 7, max_connection_age: 90s}\n")
          .value();
  EXPECT_EQ(config.listen().address(), "0.0.0.0:1");
  EXPECT_EQ(config.listen().tls().key_file(), "/h/tls/gateway.key");
  EXPECT_FALSE(config.reflection());
  EXPECT_EQ(config.limits().burst(), 7u);
  EXPECT_EQ(config.limits().requests_per_second(), 20000u);
  EXPECT_EQ(config.limits().max_connection_age().seconds(), 90);
}

TEST(DecodeMessageTest, KeepsFractionsOfDurations) {
  const v1::JwtIssuerConfig config =
      Decode<v1::JwtIssuerConfig>(
          "{id: a, issuer: 'https://i', audiences: [k], jwks_file: /k, "
          "leeway: 1500ms}")
          .value();
  EXPECT_EQ(config.leeway().seconds(), 1);
  EXPECT_EQ(config.leeway().nanos(), 500000000);
  EXPECT_THAT(config.algorithms(), ElementsAre("RS256", "ES256"));
}

// A trust domain that an administrator took out of the list must be gone.
TEST(DecodeMessageTest, P8_NamedListReplacesTheDefaultWhole) {
  EXPECT_EQ(
      Decode<v1::GatewayConfig>("trust_domains: []\n")->trust_domains_size(),
      0);
  const v1::GatewayConfig config =
      Decode<v1::GatewayConfig>(
          "trust_domains: [{name: corp, bundle_file: /c}]\n"
          "service_identities: {}\n")
          .value();
  ASSERT_EQ(config.trust_domains_size(), 1);
  EXPECT_EQ(config.trust_domains(0).name(), "corp");
  EXPECT_TRUE(config.service_identities().empty());
}

TEST(DecodeMessageTest, RefusesAnUnknownKeyWithPositionAndSuggestion) {
  EXPECT_EQ(Refusal("listen:\n  adress: x\n"),
            "f.yaml:2:3: listen.adress: unknown key; did you mean "
            "\"address\"?");
  EXPECT_EQ(Refusal("qqqqqqqqqq: 1\n"), "f.yaml:1:1: qqqqqqqqqq: unknown key");
}

TEST(DecodeMessageTest, RefusesAnUnknownKeyInsideAList) {
  EXPECT_THAT(Refusal("trust_domains:\n  - nam: corp\n"),
              HasSubstr("f.yaml:2:5: trust_domains[0].nam: unknown key"));
}

TEST(DecodeMessageTest, RefusesWrongTypesWithTheirPosition) {
  EXPECT_THAT(Refusal("listen: 5\n"), HasSubstr("f.yaml:1:9: listen: must be "
                                                "a section"));
  EXPECT_THAT(Refusal("listen: []\n"), HasSubstr("section"));
  EXPECT_THAT(Refusal("trust_domains: {}\n"), HasSubstr("must be a list"));
  EXPECT_THAT(Refusal("trust_domains: corp\n"), HasSubstr("must be a list"));
  EXPECT_THAT(Refusal("reflection: [true]\n"), HasSubstr("single value"));
  EXPECT_THAT(Refusal("limits: {burst: many}\n"), HasSubstr("whole number"));
  EXPECT_THAT(Refusal("limits: {max_connection_age: {}}\n"),
              HasSubstr("single value"));
  EXPECT_THAT(Refusal("service_identities: []\n"), HasSubstr("section"));
}

TEST(DecodeMessageTest, RefusesAKeyWithoutAValue) {
  EXPECT_THAT(Refusal("listen:\nmetrics:\n"), HasSubstr("listen: has no "
                                                        "value"));
  EXPECT_THAT(Refusal("reflection: ~\n"), HasSubstr("has no value"));
}

TEST(DecodeMessageTest, P8_RefusesAnElementWithoutARequiredField) {
  EXPECT_THAT(Refusal("trust_domains:\n  - name: corp\n"),
              HasSubstr("trust_domains[0].bundle_file: is required"));
  EXPECT_THAT(
      Refusal("jwt_issuers: [{id: a, issuer: 'https://i', jwks_file: /k, "
              "audiences: []}]"),
      HasSubstr("audiences: must have at least one element"));
}

TEST(DecodeMessageTest, RefusesValuesOutsideTheirRule) {
  EXPECT_THAT(Refusal("limits: {burst: 0}\n"),
              HasSubstr("f.yaml:1:17: limits.burst: must be between 1 and"));
  EXPECT_THAT(Refusal("trust_domains: [{name: Corp, bundle_file: /c}]"),
              HasSubstr("trust_domains[0].name: must be a SPIFFE trust"));
  EXPECT_THAT(Refusal("service_identities: {store: store}\n"),
              HasSubstr("the key must be a SPIFFE id"));
}

TEST(DecodeMessageTest, BoundsTheLengthOfLists) {
  std::string text = "jwt_issuers: [{audiences: [";
  for (int i = 0; i < 17; ++i) text += "a,";
  text += "], id: a, issuer: 'https://i', jwks_file: /k}]";
  EXPECT_THAT(Refusal(text), HasSubstr("at most 16 elements"));
}

TEST(DecodeMessageTest, DecodesMapsOfSections) {
  const v1::StoreConfig config =
      Decode<v1::StoreConfig>(
          "allowed_callers:\n  methods:\n    keyward.S/*:\n"
          "      spiffe_ids: [spiffe://a/b]\n    keyward.S/M: {}\n")
          .value();
  const auto& methods = config.allowed_callers().methods();
  EXPECT_THAT(methods.at("keyward.S/*").spiffe_ids(),
              ElementsAre("spiffe://a/b"));
  EXPECT_EQ(methods.at("keyward.S/M").spiffe_ids_size(), 0);
}

TEST(DecodeMessageTest, ReplacesHomeInDefaultsAlone) {
  const v1::StoreConfig config =
      Decode<v1::StoreConfig>("data: {folder: '/{home}/x'}\n").value();
  EXPECT_EQ(config.data().folder(), "/{home}/x");
  EXPECT_EQ(config.seal().key_file(), "/h/keys/root.key");
}

TEST(DecodeMessageTest, NeverRepeatsAValue) {
  EXPECT_THAT(Refusal("reflection: hunter2\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("listen: {address: hunter2}\n"),
              Not(HasSubstr("hunter2")));
}

TEST(DecodeMessageTest, CutsAndEscapesUnknownKeys) {
  const std::string message = Refusal(std::string(500, 'k') + ": 1\n");
  EXPECT_LT(message.size(), 150u);
  EXPECT_THAT(Refusal("\"a\\nb\": 1\n"), HasSubstr("a\\nb"));
}

TEST(SetAtPathTest, MakesTheMapsOnTheWay) {
  YamlNode root = ParseYaml("", "f").value();
  ASSERT_TRUE(SetAtPath("a.b.c", Text("1"), false, &root).ok());
  EXPECT_EQ(root.Find("a")->Find("b")->Find("c")->scalar, "1");
}

TEST(SetAtPathTest, ReplacesOnlyWhenAskedTo) {
  YamlNode root = ParseYaml("a: {b: 1}", "f").value();
  ASSERT_TRUE(SetAtPath("a.b", Text("2"), /*only_if_absent=*/true, &root).ok());
  EXPECT_EQ(root.Find("a")->Find("b")->scalar, "1");
  ASSERT_TRUE(
      SetAtPath("a.b", Text("2"), /*only_if_absent=*/false, &root).ok());
  EXPECT_EQ(root.Find("a")->Find("b")->scalar, "2");
  EXPECT_EQ(root.Find("a")->entries.size(), 1u);
}

TEST(SetAtPathTest, RefusesPathsThatLeadNowhere) {
  YamlNode root = ParseYaml("a: 1\nb: [x]", "f").value();
  std::string deep = "x";
  for (size_t i = 0; i < kMaxYamlDepth; ++i) deep += ".x";
  for (const std::string& path :
       {std::string(), std::string("."), std::string("c..d"), std::string("c."),
        std::string("a.b"), std::string("b.0"), deep}) {
    EXPECT_EQ(SetAtPath(path, Text("1"), false, &root).code(),
              absl::StatusCode::kInvalidArgument)
        << path;
  }
}

}  // namespace
}  // namespace keyward::config
