// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/scalar_decoder.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::config {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kLeast = std::numeric_limits<int32_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int32_t>::max();

v1::FieldRule Bounds(const char* minimum, const char* maximum) {
  v1::FieldRule rule;
  rule.set_minimum(minimum);
  rule.set_maximum(maximum);
  return rule;
}

TEST(ScalarDecoderTest, TakesAnyUnquotedScalarForAString) {
  EXPECT_EQ(DecodeString({"true"}, {}).value(), "true");
  EXPECT_EQ(DecodeString({"007"}, {}).value(), "007");
}

TEST(ScalarDecoderTest, RefusesAStringThatIsTooLong) {
  const std::string longest(kMaxStringBytes, 'a');
  EXPECT_TRUE(DecodeString({longest}, {}).ok());
  EXPECT_THAT(DecodeString({longest + "a"}, {}).status().message(),
              HasSubstr("4096"));
}

TEST(ScalarDecoderTest, MatchesAPatternAgainstTheWholeString) {
  v1::FieldRule rule;
  rule.set_pattern("[a-z]+");
  rule.set_pattern_meaning("letters");
  EXPECT_TRUE(DecodeString({"abc"}, rule).ok());
  EXPECT_EQ(DecodeString({"abc1"}, rule).status().message(), "must be letters");
  EXPECT_FALSE(DecodeString({"abc\n"}, rule).ok());
  EXPECT_FALSE(DecodeString({""}, rule).ok());
}

TEST(ScalarDecoderTest, RefusesEveryValueUnderAPatternThatIsBroken) {
  v1::FieldRule rule;
  rule.set_pattern("(");
  EXPECT_EQ(DecodeString({"("}, rule).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ScalarDecoderTest, ChecksFormatsOfStrings) {
  v1::FieldRule rule;
  rule.set_format(v1::VALUE_FORMAT_HOST_PORT);
  EXPECT_TRUE(DecodeString({"[::1]:7100"}, rule).ok());
  EXPECT_FALSE(DecodeString({"localhost"}, rule).ok());
  rule.set_format(v1::VALUE_FORMAT_PATH);
  EXPECT_TRUE(DecodeString({"/a"}, rule).ok());
  EXPECT_FALSE(DecodeString({"a"}, rule).ok());
}

TEST(ScalarDecoderTest, TakesOnlyTrueAndFalseForABool) {
  EXPECT_TRUE(DecodeBool({"true"}).value());
  EXPECT_FALSE(DecodeBool({"false"}).value());
  for (const char* text : {"yes", "no", "on", "True", "1", "", "null"}) {
    EXPECT_FALSE(DecodeBool({text}).ok()) << text;
  }
  EXPECT_FALSE(DecodeBool({"true", /*quoted=*/true}).ok());
}

TEST(ScalarDecoderTest, BoundsSignedNumbersByTypeAndRule) {
  EXPECT_EQ(DecodeSigned({"-5"}, kLeast, kGreatest, {}).value(), -5);
  EXPECT_FALSE(DecodeSigned({"2147483648"}, kLeast, kGreatest, {}).ok());
  const v1::FieldRule rule = Bounds("-1", "1");
  EXPECT_TRUE(DecodeSigned({"-1"}, kLeast, kGreatest, rule).ok());
  EXPECT_EQ(DecodeSigned({"2"}, kLeast, kGreatest, rule).status().message(),
            "must be between -1 and 1");
}

TEST(ScalarDecoderTest, NamesTheOneBoundThatThereIs) {
  EXPECT_EQ(DecodeUnsigned({"1"}, 100, Bounds("2", "")).status().message(),
            "must be at least 2");
  EXPECT_EQ(DecodeUnsigned({"3"}, 100, Bounds("", "2")).status().message(),
            "must be at most 2");
}

TEST(ScalarDecoderTest, RefusesWhatIsNoDecimalNumber) {
  for (const char* text : {"", " 1", "1 ", "+1", "0x10", "1e3", "1.0", "1_000",
                           "-", "--1", "18446744073709551616"}) {
    EXPECT_FALSE(
        DecodeUnsigned({text}, std::numeric_limits<uint64_t>::max(), {}).ok())
        << text;
  }
  EXPECT_FALSE(DecodeUnsigned({"1", /*quoted=*/true}, 9, {}).ok());
  EXPECT_FALSE(DecodeUnsigned({"-1"}, 9, {}).ok());
}

TEST(ScalarDecoderTest, ReadsSizesWhereTheFieldIsOne) {
  v1::FieldRule rule = Bounds("1KiB", "1MiB");
  rule.set_format(v1::VALUE_FORMAT_BYTE_SIZE);
  const uint64_t any = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(DecodeUnsigned({"64KiB"}, any, rule).value(), 65536u);
  EXPECT_FALSE(DecodeUnsigned({"65536"}, any, rule).ok());
  EXPECT_EQ(DecodeUnsigned({"2MiB"}, any, rule).status().message(),
            "must be between 1KiB and 1MiB");
}

TEST(ScalarDecoderTest, BoundsDurations) {
  const v1::FieldRule rule = Bounds("0s", "30s");
  EXPECT_EQ(DecodeDuration({"30s"}, rule).value(), absl::Seconds(30));
  EXPECT_EQ(DecodeDuration({"31s"}, rule).status().message(),
            "must be between 0s and 30s");
  EXPECT_THAT(DecodeDuration({"30"}, rule).status().message(),
              HasSubstr("unit"));
}

TEST(ScalarDecoderTest, RefusesEveryValueUnderABoundThatIsBroken) {
  EXPECT_FALSE(DecodeDuration({"1s"}, Bounds("zero", "")).ok());
  EXPECT_FALSE(DecodeUnsigned({"1"}, 9, Bounds("", "many")).ok());
}

TEST(ScalarDecoderTest, NamesEnumValuesByTheirLastWord) {
  const auto& type = *v1::LogLevel_descriptor();
  EXPECT_EQ(DecodeEnum({"warn"}, type).value(), v1::LOG_LEVEL_WARN);
  for (const char* text : {"WARN", "LOG_LEVEL_WARN", "unspecified", "2", ""}) {
    EXPECT_EQ(DecodeEnum({text}, type).status().message(),
              "must be one of debug, info, warn, error")
        << text;
  }
}

}  // namespace
}  // namespace keyward::config
