// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::config {
namespace {

using ::testing::HasSubstr;

TEST(IsPlainTextTest, AcceptsTextOfEveryLength) {
  EXPECT_TRUE(IsPlainText(""));
  EXPECT_TRUE(IsPlainText("key: value\t# comment\r\n"));
  EXPECT_TRUE(IsPlainText("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91"));
}

TEST(IsPlainTextTest, RefusesMalformedUtf8) {
  EXPECT_FALSE(IsPlainText("\x80"));              // continuation alone
  EXPECT_FALSE(IsPlainText("\xC3"));              // cut
  EXPECT_FALSE(IsPlainText("\xC0\xAF"));          // overlong "/"
  EXPECT_FALSE(IsPlainText("\xE0\x80\xAF"));      // overlong "/"
  EXPECT_FALSE(IsPlainText("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsPlainText("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(
      IsPlainText("\xFF\xFE"
                  "a"));  // UTF-16's mark
}

TEST(IsPlainTextTest, RefusesControlCharacters) {
  EXPECT_FALSE(IsPlainText(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsPlainText("\x1B[2J"));  // would act on a terminal
  EXPECT_FALSE(IsPlainText("\x7F"));
}

TEST(ParseDurationTest, ReadsUnits) {
  EXPECT_EQ(ParseDuration("250ms").value(), absl::Milliseconds(250));
  EXPECT_EQ(ParseDuration("1h30m").value(), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("0s").value(), absl::ZeroDuration());
}

TEST(ParseDurationTest, RefusesWhatIsNoFiniteDuration) {
  for (const char* text : {"", "10", "0", "-1s", "inf", "-inf", "10 s", "s",
                           "1d", "10s ", "999999999999999999h"}) {
    EXPECT_EQ(ParseDuration(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ParseByteSizeTest, ReadsUnits) {
  EXPECT_EQ(ParseByteSize("512B").value(), 512u);
  EXPECT_EQ(ParseByteSize("64KiB").value(), 65536u);
  EXPECT_EQ(ParseByteSize("1MiB").value(), 1048576u);
  EXPECT_EQ(ParseByteSize("2GiB").value(), 2147483648u);
}

TEST(ParseByteSizeTest, RefusesAmbiguousMalformedAndOverflowing) {
  for (const char* text :
       {"", "64", "64KB", "64kb", "-1B", "1.5MiB", "B", " 1B", "1 B", "0x10B",
        "17179869184GiB", "99999999999999999999B"}) {
    EXPECT_EQ(ParseByteSize(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(CheckHostPortTest, AcceptsNamesAndAddresses) {
  EXPECT_TRUE(CheckHostPort("localhost:0").ok());
  EXPECT_TRUE(CheckHostPort("10.0.0.1:7100").ok());
  EXPECT_TRUE(CheckHostPort("[::1]:65535").ok());
  EXPECT_TRUE(CheckHostPort("store.keyward.svc:443").ok());
}

TEST(CheckHostPortTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "localhost", ":7100", "localhost:", "localhost:65536",
        "localhost:+1", "localhost:1 ", "::1:7100", "[]:1", "[::1]",
        "unix:/run/x", "http://h:1", "a b:1", "[zz]:1",
        "h:99999999999999999999"}) {
    EXPECT_EQ(CheckHostPort(text).code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_FALSE(CheckHostPort(std::string(254, 'a') + ":1").ok());
}

TEST(CheckPathTest, AcceptsAbsolutePathsAlone) {
  EXPECT_TRUE(CheckPath("/var/lib/keyward/..data/tls.pem").ok());
  EXPECT_FALSE(CheckPath("keys/root.key").ok());
  EXPECT_FALSE(CheckPath("/var/lib/keyward/../../etc/passwd").ok());
  EXPECT_FALSE(CheckPath("/" + std::string(4096, 'a')).ok());
  EXPECT_THAT(CheckPath("/a/..").message(), HasSubstr(".."));
}

TEST(NearestTest, FindsWhatWasMeant) {
  const std::vector<std::string> known = {"address", "audit", "log", "tls"};
  EXPECT_EQ(Nearest("adress", known), "address");
  EXPECT_EQ(Nearest("audti", known), "audit");
  EXPECT_EQ(Nearest("logs", known), "log");
}

TEST(NearestTest, GuessesNothingWhenNothingIsNear) {
  const std::vector<std::string> known = {"address", "log"};
  EXPECT_EQ(Nearest("password", known), "");
  EXPECT_EQ(Nearest("", known), "");
  EXPECT_EQ(Nearest("xy", known), "");
  EXPECT_EQ(Nearest(std::string(65, 'a'), known), "");
  EXPECT_EQ(Nearest("address", {}), "");
}

}  // namespace
}  // namespace keyward::config
