// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/strict_json.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

std::string Refusal(absl::string_view text) {
  const absl::Status status = ParseStrictJson(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(ParseStrictJsonTest, ParsesAnObject) {
  const auto value = ParseStrictJson(R"({"a": [1, {"b": "c"}], "d": true})");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ((*value)["a"][1]["b"], "c");
}

TEST(ParseStrictJsonTest, AllowsOneNameInSeveralObjects) {
  EXPECT_TRUE(
      ParseStrictJson(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})").ok());
}

TEST(ParseStrictJsonTest, P8_RefusesAMemberThatStandsTwice) {
  EXPECT_EQ(Refusal(R"({"sub": "a", "sub": "b"})"),
            "a JSON object has a member twice");
  EXPECT_EQ(Refusal(R"({"a": [{"b": 1, "c": 2, "b": 1}]})"),
            "a JSON object has a member twice");
  // The same name once it is unescaped.
  EXPECT_EQ(Refusal(R"({"sub": "a", "s\u0075b": "b"})"),
            "a JSON object has a member twice");
}

TEST(ParseStrictJsonTest, RefusesWhatIsNoJsonObject) {
  for (const char* text :
       {"", " ", "null", "1", "\"a\"", "[]", "{", "{\"a\":}", "{\"a\":1,}",
        "{'a':1}", "{\"a\":1}{}", "{\"a\":1} x", "// c\n{}", "{\"a\":NaN}",
        "{\"a\":1e999}", "{\"a\":01}", "\xEF\xBB\xBF", "{\"a\":\"\n\"}"}) {
    Refusal(text);
  }
}

TEST(ParseStrictJsonTest, RefusesMalformedUnicode) {
  Refusal("{\"a\":\"\xFF\"}");
  Refusal("{\"a\":\"\xC0\xAF\"}");
  Refusal(R"({"a":"\ud800"})");
}

TEST(ParseStrictJsonTest, BoundsDepth) {
  const std::string open(kMaxJsonDepth - 1, '[');
  const std::string close(kMaxJsonDepth - 1, ']');
  EXPECT_TRUE(ParseStrictJson("{\"a\":" + open + close + "}").ok());
  EXPECT_EQ(Refusal("{\"a\":[" + open + close + "]}"),
            "JSON is nested too deeply");
  Refusal("{\"a\":" + std::string(100000, '['));
  std::string objects;
  for (int i = 0; i < 50000; ++i) objects += "{\"a\":";
  Refusal(objects);
}

TEST(ParseStrictJsonTest, ErrorsDoNotRepeatTheText) {
  EXPECT_THAT(Refusal("{\"hunter2\": hunter2}"),
              ::testing::Not(::testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace keyward::auth
