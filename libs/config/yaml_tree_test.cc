// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/yaml_tree.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = YamlNode::Kind;

// Expects a refusal and answers its message.
std::string Refusal(absl::string_view text) {
  const absl::Status status = ParseYaml(text, "f.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(ParseYamlTest, BuildsATreeWithPositions) {
  const YamlNode root =
      ParseYaml("a: 1\nb:\n  - x\n  - 'y'\nc: {d: true}\n", "f.yaml").value();
  ASSERT_EQ(root.kind, Kind::kMap);
  EXPECT_EQ(root.Find("a")->scalar, "1");
  EXPECT_EQ(root.Find("a")->where, "f.yaml:1:4");
  ASSERT_EQ(root.Find("b")->items.size(), 2u);
  EXPECT_FALSE(root.Find("b")->items[0].quoted);
  EXPECT_TRUE(root.Find("b")->items[1].quoted);
  EXPECT_EQ(root.Find("b")->items[1].where, "f.yaml:4:5");
  EXPECT_EQ(root.Find("c")->Find("d")->scalar, "true");
  EXPECT_EQ(root.entries[2].where, "f.yaml:5:1");
}

TEST(ParseYamlTest, TakesNothingForAnEmptyMap) {
  for (const char* text :
       {"", "\n", "# only a comment\n", "---\n", "---\n...\n"}) {
    const absl::StatusOr<YamlNode> root = ParseYaml(text, "f.yaml");
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_EQ(root->kind, Kind::kMap);
    EXPECT_TRUE(root->entries.empty());
  }
}

TEST(ParseYamlTest, ReadsBlockTextWithOrWithoutALastLineEnd) {
  EXPECT_EQ(ParseYaml("a: |\n  x\n", "f")->Find("a")->scalar, "x\n");
  EXPECT_EQ(ParseYaml("a: |+\n  x\n", "f")->Find("a")->scalar, "x\n");
  EXPECT_EQ(ParseYaml("a: x", "f")->Find("a")->scalar, "x");
  EXPECT_EQ(ParseYaml("a: x\n...\n", "f")->Find("a")->scalar, "x");
}

TEST(ParseYamlTest, KeepsAKeyWithoutAValueAsNull) {
  const YamlNode root = ParseYaml("a:\n", "f.yaml").value();
  EXPECT_EQ(root.Find("a")->kind, Kind::kNull);
}

TEST(ParseYamlTest, RefusesDuplicateKeysWithTheSecondsPosition) {
  const std::string message = Refusal("a: 1\nb: 2\na: 3\n");
  EXPECT_THAT(message, StartsWith("f.yaml:3:1: "));
  EXPECT_THAT(message, HasSubstr("\"a\" stands here twice"));
}

TEST(ParseYamlTest, RefusesAnchorsAndAliases) {
  EXPECT_THAT(Refusal("a: &x 1\n"), HasSubstr("anchors"));
  EXPECT_THAT(Refusal("a: &x [1]\n"), HasSubstr("anchors"));
  EXPECT_THAT(Refusal("a: &x 1\nb: *x\n"), HasSubstr("not allowed"));
}

TEST(ParseYamlTest, RefusesTheBillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    absl::StrAppend(&text, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) absl::StrAppend(&text, "*a", i - 1, ", ");
    absl::StrAppend(&text, "x]\n");
  }
  EXPECT_THAT(Refusal(text), HasSubstr("f.yaml:1:"));
}

TEST(ParseYamlTest, RefusesTagsAndSeveralDocuments) {
  EXPECT_THAT(Refusal("a: !!binary aGk=\n"), HasSubstr("tags"));
  EXPECT_THAT(Refusal("a: !x 1\n"), HasSubstr("tags"));
  EXPECT_THAT(Refusal("a: 1\n---\nb: 2\n"), HasSubstr("second document"));
}

TEST(ParseYamlTest, RefusesKeysThatAreNoWords) {
  EXPECT_THAT(Refusal("? [a, b]\n: 1\n"), HasSubstr("key"));
  EXPECT_THAT(Refusal("? {a: b}\n: 1\n"), HasSubstr("key"));
  EXPECT_THAT(Refusal("? \n: 1\n"), HasSubstr("key"));
}

TEST(ParseYamlTest, BoundsDepthSizeAndCount) {
  EXPECT_TRUE(ParseYaml(std::string(kMaxYamlDepth, '[') +
                            std::string(kMaxYamlDepth, ']'),
                        "f")
                  .ok());
  EXPECT_THAT(Refusal(std::string(kMaxYamlDepth + 1, '[') +
                      std::string(kMaxYamlDepth + 1, ']')),
              HasSubstr("deeper"));
  EXPECT_THAT(Refusal(std::string(kMaxYamlBytes + 1, '#')),
              HasSubstr("larger"));
  std::string many = "[";
  for (size_t i = 0; i <= kMaxYamlNodes; ++i) many += "a,";
  EXPECT_THAT(Refusal(many + "]"), HasSubstr("more than 20000 values"));
}

TEST(ParseYamlTest, SurvivesNestingThatWouldExhaustTheStack) {
  for (const char* opening : {"[", "{", "- ", "? ", "{a: ", "[{"}) {
    std::string text;
    while (text.size() < 200000) text += opening;
    EXPECT_EQ(ParseYaml(text, "f").status().code(),
              absl::StatusCode::kInvalidArgument)
        << opening;
  }
}

TEST(ParseYamlTest, RefusesBrokenSyntaxWithItsPosition) {
  EXPECT_THAT(Refusal("a: [1, 2\n"), StartsWith("f.yaml:"));
  EXPECT_THAT(Refusal("a: 'open\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(Refusal("a: \"open\nb: 1\n\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(Refusal("a: 1\n  b: 2\n"), HasSubstr("f.yaml:2:"));
  EXPECT_THAT(Refusal("\ta: 1\n"), HasSubstr("not valid YAML"));
}

TEST(ParseYamlTest, RefusesATokenThatBeginsNothing) {
  for (const char* const text : {",", "]", "- a\n,\n"}) {
    EXPECT_THAT(Refusal(text), StartsWith("f.yaml:")) << text;
  }
}

TEST(ParseYamlTest, RefusesBytesThatAreNoText) {
  EXPECT_THAT(Refusal("a: \xFF\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal(absl::string_view("a\0:\0 \0", 6)), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal("a: \"\\x00\"\n"), HasSubstr("control"));
  EXPECT_THAT(Refusal("\"a\\x1b\": 1\n"), HasSubstr("control"));
}

TEST(ParseYamlTest, NeverRepeatsAValue) {
  EXPECT_THAT(Refusal("a: hunter2 &x\nb: &y hunter2\n"),
              Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("a: hunter2: x\n"), Not(HasSubstr("hunter2")));
}

TEST(ParseYamlTest, AnswersEveryCutAndEveryFlipOfAFile) {
  const std::string text = "a: {b: [1, 'x'], c: \"y\"}\nd:\n  - e: f\n";
  for (size_t i = 0; i <= text.size(); ++i) {
    (void)ParseYaml(text.substr(0, i), "f");
    for (int bit = 0; i < text.size() && bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const absl::StatusOr<YamlNode> root = ParseYaml(flipped, "f");
      if (!root.ok()) {
        EXPECT_EQ(root.status().code(), absl::StatusCode::kInvalidArgument);
      }
    }
  }
}

}  // namespace
}  // namespace keyward::config
